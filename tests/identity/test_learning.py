"""Learning: whoever becomes one by a verified identifier is known to the next model under the id that was kept (B4)."""

from collections.abc import Awaitable, Callable

import pytest

from tests.identity.merchant import people, tell
from tests.imports.support import import_bytes
from tests.support.shop import ShopClient

ADDRESS = {"email": "ann@x.example", "email_verified": True}
Told = Callable[[ShopClient], Awaitable[object]]


async def trainings(shop: ShopClient) -> int:
    """How many wait."""
    async with shop.service.db.system() as conn:
        number: int = await conn.fetchval(
            "select count(*) from procrastinate_jobs where queueing_lock = $1 and status = 'todo'",
            f"train:{shop.tenant_id}",
        )
        return number


async def by_document(shop: ShopClient) -> None:
    await tell(shop, "b", **ADDRESS)


async def by_batch(shop: ShopClient) -> None:
    await shop.push("shoppers", [{"id": "b", **ADDRESS}])


async def by_identifier(shop: ShopClient) -> None:
    told = {"kind": "email", "value": ADDRESS["email"], "verified": True}
    assert (await shop.api.post("/v1/shopper-identifiers/b", json=told)).status_code == 200


async def by_file(shop: ShopClient) -> None:
    await import_bytes(shop, f"id,email,email_verified\nb,{ADDRESS['email']},yes\n", "shoppers")


@pytest.mark.parametrize("told", [by_document, by_batch, by_identifier, by_file])
async def test_b4_a_merge_by_a_verified_email_queues_a_training(shop: ShopClient, told: Told) -> None:
    await tell(shop, "a", **ADDRESS)
    await tell(shop, "b")
    await tell(shop, "c", email=ADDRESS["email"])
    await import_bytes(shop, "id,email\nd,d@x.example\n", "shoppers")
    assert (await people(shop), await trainings(shop)) == (["a", "b", "c", "d"], 0)

    await told(shop)

    assert (len(await people(shop)), await trainings(shop)) == (3, 1)


async def test_b4_a_dry_run_that_would_merge_queues_nothing(shop: ShopClient) -> None:
    await tell(shop, "a", **ADDRESS)

    await import_bytes(shop, f"id,email,email_verified\nb,{ADDRESS['email']},yes\n", "shoppers", dry_run=True)

    assert (await people(shop), await trainings(shop)) == (["a"], 0)
