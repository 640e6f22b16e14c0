"""Shoemaker of the record book tests: measures feet, asks for consent, reads what is on record."""

from datetime import datetime, timedelta
from typing import Any

import httpx2

from infra.database import Connection
from tenants.measured import Record, read_record
from tenants.shoppers import find_shopper_id
from tests.support.shop import MONDAY, Document, ShopClient


async def open_record_book(shop: ShopClient, *shoppers: str, sets: tuple[str, ...] = ("foot",)) -> None:
    """The standard sets, and shoppers who agreed that measurements are kept."""
    answer = await shop.api.post("/v1/measurement-definitions:standard", json={"sets": list(sets)})
    assert answer.status_code == 200, answer.text
    for shopper in shoppers:
        assert (await shop.api.put(f"/v1/shoppers/{shopper}", json={"id": shopper})).status_code == 200
        await agree(shop, shopper)


async def agree(shop: ShopClient, shopper: str, *, granted: bool = True, at: datetime = MONDAY) -> None:
    """The shopper's decision on measurements."""
    consent = {"purpose": "measurements", "granted": granted, "at": at.isoformat(), "source": "account"}
    answer = await shop.api.put(f"/v1/consents/{shopper}", json=consent)
    assert answer.status_code == 200, answer.text


def length(value: Any, side: str = "left", *, key: str = "foot_length", unit: str = "mm", **more: Any) -> Document:
    """One value, a length of the foot unless said otherwise."""
    return {"key": key, "side": side, "value": value, "unit": unit, **more}


def feet(name: str, *values: Document, shopper: str = "mei", **fields: Any) -> Document:
    """A profile of feet, measured by staff on that Monday."""
    return {
        "id": name, "shopper_id": shopper, "kind": "foot", "source": "staff", "measured_by": "Zhao",
        "measured_at": MONDAY.isoformat(), "values": list(values), **fields,
    }  # fmt: skip


async def put(shop: ShopClient, profile: Document) -> httpx2.Response:
    return await shop.api.put(f"/v1/measurement-profiles/{profile['id']}", json=profile)


async def measure(shop: ShopClient, profile: Document) -> Document:
    """Stored."""
    answer = await put(shop, profile)
    assert answer.status_code == 200, answer.text
    done: Document = answer.json()
    return done


async def read(shop: ShopClient, name: str, **query: Any) -> Document:
    """A version, revealed."""
    answer = await shop.api.get(f"/v1/measurement-profiles/{name}", params={"reveal": "true", **query})
    assert answer.status_code == 200, answer.text
    found: Document = answer.json()
    return found


async def tenths(shop: ShopClient, name: str, **query: Any) -> dict[tuple[str, str], int]:
    """The same as tenths of a millimetre by key and side."""
    return {(one["key"], one["side"]): one["value_tenth_mm"] for one in (await read(shop, name, **query))["values"]}


async def record(shop: ShopClient, shopper: str = "mei", **what: Any) -> Record:
    """What is in force, as whoever makes something reads it."""
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        return await read_record(conn, await _id(conn, shopper), **{"now": shop.service.clock(), **what})


async def in_force(shop: ShopClient, shopper: str = "mei", **what: Any) -> dict[tuple[str, str], int]:
    """The same as tenths of a millimetre by key and side."""
    return {place: one.value_tenth_mm for place, one in (await record(shop, shopper, **what)).values.items()}


async def audited(shop: ShopClient) -> list[tuple[str, str]]:
    """Acts and subjects, the newest first."""
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        rows = await conn.fetch("select action, subject from audit_log order by audit_id desc")
    return [(row["action"], row["subject"]) for row in rows]


async def believe(shop: ShopClient, precedence: str, **more: Any) -> None:
    answer = await shop.api.put("/v1/measurement-settings", json={"precedence": precedence, **more})
    assert answer.status_code == 200, answer.text


def days(number: float) -> timedelta:
    return timedelta(days=number)


async def _id(conn: Connection, shopper: str) -> Any:
    return await find_shopper_id(conn, shopper)


async def fill_record_book(shop: ShopClient, shopper: str) -> None:
    """A row in each of its tables, of a shopper who is there."""
    await open_record_book(shop)
    await believe(shop, "newest")
    await agree(shop, shopper)
    await measure(shop, feet(f"{shopper}-feet", length(251), shopper=shopper))
    answer = await shop.api.put(f"/v1/wishes/{shopper}", json={"preferences": {"initials": "LM"}})
    assert answer.status_code == 200, answer.text
