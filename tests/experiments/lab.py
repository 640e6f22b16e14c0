"""Lab of the experiment tests: a shop whose home page shows one product in one arm, three in the other, or nothing."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

from tenants.experiment_subjects import Exposure, record_exposures
from tests.support.polling import until
from tests.support.shop import Document, ShopClient, order

PLACE = "front"
ONE: Document = {"id": "one", "share": 0.5, "changes": {"limit": 1}}
THREE: Document = {"id": "three", "share": 0.5, "changes": {"limit": 3, "heading": "Three"}}
HELD: Document = {"id": "held", "share": 0.5, "holdout": True}


def experiment(*arms: Document, **fields: Any) -> Document:
    return {"id": "trial", "placement": PLACE, "arms": list(arms or (ONE, THREE))} | fields


async def store(shop: ShopClient, *arms: Document, **fields: Any) -> None:
    document, front = experiment(*arms, **fields), {"id": PLACE, "strategy": "new", "heading": "New"}
    assert (await shop.api.put(f"/v1/placements/{PLACE}", json=front)).status_code == 200
    answer = await shop.api.put(f"/v1/experiments/{document['id']}", json=document)
    assert answer.status_code == 200, answer.text


async def act(shop: ShopClient, what: str, **body: Any) -> Document:
    answer = await shop.api.post(f"/v1/experiments:{what}", json={"id": "trial", **body})
    assert answer.status_code == 200, answer.text
    found: Document = answer.json()
    return found


async def run(shop: ShopClient, *arms: Document, **fields: Any) -> None:
    """Products, and an experiment that this process serves."""
    await shop.stock(*(f"p{n}" for n in range(5)))
    await store(shop, *arms, **fields)
    await act(shop, "start")
    await takes_part(shop)


async def takes_part(shop: ShopClient, *, wanted: bool = True) -> None:
    """Wait until this process gives arms, or no longer does."""

    async def given() -> bool:
        slots = [await see(shop, visitor=f"waiting-{n:03}") for n in range(12)]
        stocked = any(slot["products"] for slot in slots)
        return stocked and any("exposure" in slot for slot in slots) is wanted

    await until(given, seconds=5)


async def see(shop: ShopClient, **who: Any) -> Document:
    """The place as somebody sees it: `shopper` vouched for, `visitor` a browser."""
    answer = await shop.ask(PLACE, **who)
    assert answer.status_code == 200, answer.text
    slot: Document = answer.json()["slots"][0]
    return slot


def arm_of(slot: Document) -> str:
    """Which arm of `run` a slot shows."""
    return {0: "held", 1: "one", 3: "three"}.get(len(slot["products"]), "none")


async def tell(shop: ShopClient, *tokens: str | None, shopper: str | None = None, **more: Any) -> Document:
    """A beacon with these exposures."""
    events = [{"id": uuid4().hex, "type": "exposure"} | ({} if one is None else {"token": one}) for one in tokens]
    body: Document = {"key": shop.keys.publishable.secret, "events": events, **more}
    if shopper is not None:
        body["token"] = shop.token(shopper)
    answer = await shop.page.post("/public/v1/events", json=body)
    assert answer.status_code == 202, answer.text
    told: Document = answer.json()
    return told


async def expose(shop: ShopClient, **who: Any) -> str:
    """Somebody opens the page and tells of it; returns their arm."""
    slot = await see(shop, **who)
    if "exposure" in slot:
        await tell(shop, slot["exposure"], **who)
        return arm_of(slot)
    return "none"


async def expose_all(shop: ShopClient, people: Iterable[Document]) -> list[str]:
    """Many, twenty at a time; their arms in this order."""
    waiting, arms = list(people), list[str]()
    while waiting:
        arms += await asyncio.gather(*(expose(shop, **who) for who in waiting[:20]))
        del waiting[:20]
    return arms


async def buy(shop: ShopClient, shoppers: Sequence[str], *, after: timedelta = timedelta(hours=1), **more: Any) -> None:
    """An order of one product at 10.00 for each, so long from now."""
    at = shop.service.clock() + after
    orders = [order(f"{uuid4().hex}", ["p1"], ordered_at=at, shopper_id=one, **more) for one in shoppers]
    answer = await shop.push("orders", orders)
    assert answer.status_code == 200, answer.text
    assert answer.json()["rejected"] == 0, answer.text


async def report(shop: ShopClient, name: str = "trial") -> Document:
    answer = await shop.api.get(f"/v1/experiment-reports/{name}")
    assert answer.status_code == 200, answer.text
    found: Document = answer.json()
    return found


def arms_of(found: Document) -> dict[str, Document]:
    return {arm["id"]: arm for arm in found["arms"]}


@asynccontextmanager
async def later(shop: ShopClient, **ahead: float) -> AsyncIterator[None]:
    """The clock so far ahead, for all who look at it."""
    shop.service.clock.ahead += timedelta(**ahead)
    try:
        yield
    finally:
        shop.service.clock.ahead -= timedelta(**ahead)


async def fill_experiment_tables(shop: ShopClient, shopper: str) -> None:
    """One that runs, and what a page's beacon writes."""
    await store(shop)
    await act(shop, "start")
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        exposure = Exposure("trial", b"d" * 16, "one", shop.service.clock())
        assert await record_exposures(conn, [exposure], shopper=shopper, visitor=None) == 1
