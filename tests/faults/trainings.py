"""Trainings as these tests see them: held up, watched through the API, and their jobs in the queue."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from infra.settings import Settings
from tests.faults.kills import as_admin
from tests.support.shop import Document, ShopClient

BASKETS = {f"s{number}": ["p1", "p2", f"p{number % 3}"] for number in range(6)}
"""Enough for a model; with them pushed a training is queued."""


async def train_now(shop: ShopClient) -> None:
    answer = await shop.api.post("/v1/models:train")
    assert answer.json() == {"queued": True}


async def versions(shop: ShopClient) -> list[Document]:
    """The newest first."""
    items: list[Document] = (await shop.api.get("/v1/models")).json()["items"]
    return items


async def active_version(shop: ShopClient) -> str:
    [active] = [one["version_id"] for one in await versions(shop) if one["status"] == "active"]
    return str(active)


async def has_active_version(shop: ShopClient, of: int) -> bool:
    """Whether there are so many versions and the newest serves."""
    found = await versions(shop)
    return len(found) == of and bool(found[0]["status"] == "active")


async def newest_serves(shop: ShopClient) -> bool:
    """Not yet, too, while a connection that died with Postgres is answered 503."""
    answer = await shop.api.get("/v1/models")
    return answer.status_code == 200 and bool(answer.json()["items"][0]["status"] == "active")


async def is_training(shop: ShopClient, failed: int) -> bool:
    """Whether a version is in training after so many were cut off."""
    statuses = [one["status"] for one in await versions(shop)]
    return statuses[:1] == ["training"] and statuses.count("failed") == failed


async def serves(shop: ShopClient, version_id: str) -> bool:
    answer = await shop.ask("home-for-you", shopper="s1")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return bool(body["model"] == version_id and body["slots"][0]["source"] == "model")


@asynccontextmanager
async def reading_held_up(machines: Settings) -> AsyncIterator[None]:
    """A training that began cannot read the orders until the context ends."""
    admin = await as_admin(machines)
    try:
        async with admin.transaction():
            await admin.execute(HOLD_UP_READING)
            yield
    finally:
        await admin.close()


async def make_dead_workers_look_dead(machines: Settings) -> None:
    """Their last heartbeat is a minute ago, so that no test waits for it to be."""
    admin = await as_admin(machines)
    await admin.execute("update procrastinate_workers set last_heartbeat = now() - interval '1 minute'")
    await admin.close()


async def jobs(machines: Settings, shop: ShopClient) -> list[str]:
    """Status of the shop's trainings, the oldest first."""
    admin = await as_admin(machines)
    rows = await admin.fetch(
        "select status from procrastinate_jobs"
        " where task_name = 'train_tenant' and args ->> 'tenant_id' = $1 order by id",
        shop.tenant_id,
    )
    await admin.close()
    return [row["status"] for row in rows]


async def no_job_is_open(machines: Settings, shop: ShopClient) -> bool:
    return not {"todo", "doing"} & set(await jobs(machines, shop))


HOLD_UP_READING = "lock table order_lines in access exclusive mode"
