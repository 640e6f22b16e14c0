"""Merchants of the demo: one from dunnhumby's Complete Journey in full, one made-up shoemaker."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from api.demo.outfitting import Call, outfit_grocery, outfit_shoemaker
from infra.clock import system_clock
from widgets.examples import grocery, shoemaker
from widgets.examples.view import Shopper

Document = dict[str, Any]  # in API form


@dataclass(frozen=True, slots=True)
class Merchant:
    """Who they are, what they push, and as whom one may shop there."""

    slug: str
    kind: Literal["grocery", "shoemaker"]
    name: str
    shoppers: tuple[Shopper, ...]
    totals: dict[str, int]
    """About how many documents there are, for the progress bars."""
    documents: Callable[[str], dict[str, Iterator[Document]]]
    """Base URL of the shop → its documents by kind, read as they are asked for."""
    outfit: Callable[[], Iterator[Call]]
    """What else they tell."""


def _grocery(base_url: str) -> dict[str, Iterator[Document]]:
    # As if the year had ended this week, so that shoppers of then run out of things now.
    data = grocery.Grocery(base_url, weeks_later=(system_clock().date() - grocery.LAST_DAY).days // 7)
    return {"products": data.list_products(), "shoppers": data.list_shoppers(), "orders": data.list_orders()}


def _shoemaker(base_url: str) -> dict[str, Iterator[Document]]:
    return {
        "products": shoemaker.list_products(base_url),
        "shoppers": shoemaker.list_shoppers(base_url),
        "orders": shoemaker.list_orders(base_url),
    }


MERCHANTS = (
    Merchant(
        slug="journey-grocery",
        kind="grocery",
        name="Journey Grocery",
        shoppers=(
            Shopper("1609", "Household 1609"),
            Shopper("1023", "Household 1023"),
            Shopper("1130", "Household 1130"),
            Shopper("718", "Household 718"),
        ),
        totals={"products": 92_331, "shoppers": 2_469, "orders": 155_000},
        documents=_grocery,
        outfit=outfit_grocery,
    ),
    Merchant(
        slug="long-step",
        kind="shoemaker",
        name="Long Step",
        shoppers=(Shopper("S001", "Mei"), Shopper("S002", "Jonas"), Shopper("S003", "Amara")),
        totals={"products": 24, "shoppers": 40, "orders": 160},
        documents=_shoemaker,
        outfit=outfit_shoemaker,
    ),
)
