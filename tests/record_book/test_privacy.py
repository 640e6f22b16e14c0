"""Measurements and privacy: they stand in their own table alone, and go with the shopper (B7)."""

from collections.abc import Iterator

import pytest

from infra.settings import Settings
from tests.privacy.scan import find_everywhere
from tests.support.shop import ShopClient

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
OWN_TABLE = "table public.measurement_values"
KEY = "canary_length"


async def define_long_key(shop: ShopClient) -> None:
    """A key that takes lengths of five digits, which are found when searched for."""
    definition = {"id": KEY, "label": {"en": "Canary"}, "soft_max_tenth_mm": 40_000}
    assert (await shop.api.put(f"/v1/measurement-definitions/{KEY}", json=definition)).status_code == 200


def spellings(tenths_of_mm: int) -> Iterator[str]:
    """How a length may be written down."""
    yield f"{tenths_of_mm}"
    yield f"{tenths_of_mm / 10}"
    yield f"{tenths_of_mm / 100}"


async def find_lengths(settings: Settings, *lengths: int) -> list[str]:
    """Where any of them stands, in any spelling, with digits around it ruled out."""
    places = set[str]()
    for one in lengths:
        for spelling in spellings(one):
            places |= {*await find_everywhere(settings, spelling)}
    return sorted(places)
