"""Shoe sizes of Long Step's ready-made pairs, and its limited collection, in our API's shape."""

from collections.abc import Iterator
from typing import Any, Final

from widgets.examples.shoemaker import SHOES, Row

SHORTEST_MM, STEP_MM, FIRST_SIZE, SIZES = 220, 6.667, 36, 8
"""The foot that size 36 begins with, and by how much each size is longer (the Paris point)."""
WINTER: Final = ("LS-401", "LS-402", "LS-403", "LS-202")


def size_chart() -> Row:
    """For `PUT /v1/size-charts/shoes`."""
    grown = [shoe.id for shoe in SHOES if shoe.style != "child"]
    return {
        "id": "shoes",
        "products": grown,
        "kind": "foot",
        "system": "eu",
        "unit": "mm",
        "rows": [_row(number) for number in range(SIZES)],
    }


def collections() -> Iterator[Row]:
    """For `PUT /v1/collections/{id}`: one that everybody sees while it lasts."""
    yield {
        "id": "winter-festival",
        "title": {"en": "Winter festival", "zh": "冬日节庆"},
        "theme": "winter",
        "products": list(WINTER),
        "starts_at": "2026-10-01T00:00:00Z",
        "ends_at": "2027-03-01T00:00:00Z",
    }


def collection_placement() -> dict[str, Any]:
    """For `PUT /v1/placements/home-collection`: the collections that are open."""
    return {
        "id": "home-collection",
        "strategy": "collections",
        "heading": "Winter festival",
        "headings": {"zh": "冬日节庆"},
        "strict": True,
    }


def _row(number: int) -> Row:
    least, most = (round(SHORTEST_MM + STEP_MM * at, 1) for at in (number, number + 1))
    return {"size": str(FIRST_SIZE + number), "ranges": [{"key": "foot_length", "min": least, "max": most}]}
