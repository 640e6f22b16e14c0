"""Example shops of the tests, in front of an API whose behaviour the test chooses."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Literal

from tests.widgets.support import serve
from widgets.examples import shoemaker
from widgets.examples.shop import Shop, build_shop
from widgets.examples.shopper_token import SigningKey
from widgets.examples.view import Shopper

KEY = SigningKey("key-1", bytes(range(32)))
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
Kind = Literal["grocery", "shoemaker"]


@contextmanager
def open_shop(api_url: str, kind: Kind) -> Iterator[str]:
    """A shop of either brand, running."""
    with serve(build_shop(make_shop(api_url, kind))) as url:
        yield url


def make_shop(api_url: str, kind: Kind) -> Shop:
    """A shop of either brand on the shoemaker's products, whose pictures have a fixed size anyway."""
    shelf = tuple(shoemaker.list_products("http://127.0.0.1"))
    return Shop(
        kind=kind,
        name="Test Shop",
        api_url=api_url,
        publishable_key="lb_pk_test",
        signing_key=KEY,
        shoppers=(Shopper("S001", "Ada Lindqvist"), Shopper("S002", "Bao Tran")),
        shelf=shelf[:12],
        find_product=lambda product_id: shoemaker.find_product(product_id, "http://127.0.0.1"),
        clock=lambda: NOW,
    )


def card(product: dict[str, Any]) -> dict[str, Any]:
    """A product as the slots address answers it."""
    kept = {name: product.get(name) for name in ("id", "title", "url", "brand", "currency")}
    prices = {name: product.get(name) for name in ("price_minor", "sale_price_minor")}
    return {**kept, **prices, "image": None}
