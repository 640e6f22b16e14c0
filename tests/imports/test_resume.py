"""Resuming: a worker killed in the middle leaves exact counts, and the next one goes on and doubles nothing."""

from api.onboarding import open_shop
from api.worker import build_worker, take_up_stalled_jobs
from infra.artifacts import open_artifacts
from infra.database import open_database
from infra.ids import new_id
from infra.settings import Settings
from tenants.imports.plans import Options
from tenants.imports.runs import Run, artifact_key, get_run, open_run
from tests.support.databases import own_database
from tests.support.polling import until
from tests.support.processes import working

ROWS, REPEATED_FROM = 30_000, 9_000
REPEATED = (ROWS - REPEATED_FROM) // 10


async def test_b2_an_import_goes_on_after_its_worker_was_killed(settings: Settings) -> None:
    async with own_database(settings) as own:
        shop = await open_shop(own, slug="kill", name="Kill", currency="EUR", owner_email="k@shop.example")
        assert own.database_url is not None
        db = await open_database(own.database_url, pool_size=2)
        import_id, tenant_id = new_id(), shop.tenant_id
        content = _csv(ROWS)
        await open_artifacts(own.artifacts_url).put(artifact_key(tenant_id, import_id), content)
        async with db.tenant(tenant_id) as conn:
            await open_run(
                conn, kind="products", mode="full", dry_run=False, options=Options(confirm=True),
                import_id=import_id, bytes_total=len(content),
            )  # fmt: skip

        async def run() -> Run:
            async with db.tenant(tenant_id) as conn:
                return await get_run(conn, import_id)

        async def halfway() -> bool:
            return (await run()).rows_read > 0

        async def ended() -> Run | None:
            found = await run()
            return found if found.finished_at is not None else None

        worker = working(own)
        worker.start()
        try:
            await until(halfway)
        finally:
            worker.kill()
        killed = await run()
        async with db.tenant(tenant_id) as conn:
            there = await conn.fetchval("select count(*) from products")

        app = build_worker(own)
        async with app.open_async():
            await take_up_stalled_jobs(app, dead_after_seconds=0)
        with working(own).running():
            done = await until(ended)
        async with db.tenant(tenant_id) as conn:
            left = await conn.fetchval("select count(*) from import_seen")
            stored = await conn.fetchval("select count(*) from products")
        await db.close()

    assert done is not None
    assert killed.status == "running"
    assert 0 < killed.rows_read < ROWS, "the worker was killed too late to prove anything"
    assert there == killed.created, "what was counted when the worker died is what was stored"
    assert (done.status, done.error) == ("done", None)
    # Every tenth row repeats an id of a batch long before it.
    assert (done.rows_read, done.created, done.unchanged) == (ROWS, ROWS - REPEATED, REPEATED)
    assert (stored, done.missing, left) == (ROWS - REPEATED, 0, 0)


def _csv(rows: int) -> bytes:
    names = (n if n % 10 or n < REPEATED_FROM else n - REPEATED_FROM + 1 for n in range(rows))
    lines = (f"p{name},Mug {name},https://shop.example/p{name},1.00" for name in names)
    return ("id,title,url,price\n" + "\n".join(lines)).encode()
