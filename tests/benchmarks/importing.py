"""Import: products a second from a CSV file to the table, against a temp-table copy and merge of the same rows.

The reference gets its rows as Postgres' own copy format with every column ready; ours starts at the merchant's CSV, and
checks, converts, counts and reports on the way.
"""

import asyncio
import csv
import resource
import tempfile
import time
from pathlib import Path
from uuid import UUID

from api.import_work import make_tools
from api.onboarding import open_shop
from infra.artifacts import open_artifacts
from infra.database import Database, open_database
from infra.ids import new_id
from infra.migrate import migrate
from infra.settings import Settings
from tenants.imports.job import run_import
from tenants.imports.plans import Options
from tenants.imports.runs import artifact_key, open_run
from tests.support.processes import run_machines

ROWS, ROUNDS, WARM_UP = 100_000, 3, 5_000


def run() -> dict[str, object]:
    """`ratio`: rows a second of ours over those of the reference, in turns, each into a shop of its own."""
    with run_machines() as settings:
        assert settings.database_owner_url is not None
        asyncio.run(migrate(settings.database_owner_url))
        return asyncio.run(_measure(settings))


async def _measure(settings: Settings) -> dict[str, object]:
    assert settings.database_url is not None
    db = await open_database(settings.database_url, pool_size=2)
    ours = reference = 0.0
    await _import(settings, db, "warm-up", WARM_UP)
    before = _peak_mb()
    for number in range(ROUNDS):
        reference += await _merge(settings, db, f"copy-{number}")
        ours += await _import(settings, db, f"import-{number}", ROWS)
    peak = _peak_mb()
    await db.close()
    return {
        "name": "import",
        "ratio": round(reference / ours, 3),
        "lines_per_second": round(ROUNDS * ROWS / ours),
        "reference_lines_per_second": round(ROUNDS * ROWS / reference),
        "lines": ROUNDS * ROWS,
        "peak_mb": peak,
        "grown_mb": peak - before,
    }


async def _import(settings: Settings, db: Database, slug: str, rows: int) -> float:
    """Seconds of the job, from the stored file to the report."""
    tenant_id, import_id = await _open(settings, slug), new_id()
    with tempfile.TemporaryDirectory() as folder:
        size = _write(Path(folder) / "products.csv", rows)
        key = artifact_key(tenant_id, import_id)
        await open_artifacts(settings.artifacts_url).put(key, (Path(folder) / "products.csv").read_bytes())
    async with db.tenant(tenant_id) as conn:
        await open_run(
            conn, kind="products", mode="incremental", dry_run=False, options=Options(), import_id=import_id,
            bytes_total=size,
        )  # fmt: skip
    started = time.perf_counter()
    done = await run_import(make_tools(settings, db), tenant_id, import_id)
    seconds = time.perf_counter() - started
    assert done is not None
    assert (done.status, done.created) == ("done", rows), done
    return seconds


async def _merge(settings: Settings, db: Database, slug: str) -> float:
    """Seconds of the copy into a temp table and the merge, in one transaction."""
    tenant_id = await _open(settings, slug)
    columns = [name.strip() for name in _COLUMNS.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "products.csv"
        _write_ready(path)
        started = time.perf_counter()
        async with db.tenant(tenant_id) as conn:
            await conn.execute(f"create temp table sent on commit drop as select {_COLUMNS} from products limit 0")
            await conn.copy_to_table("sent", source=path, columns=columns, format="csv")
            await conn.execute(_MERGE, timeout=120)
            assert await conn.fetchval("select count(*) from products") == ROWS
        return time.perf_counter() - started


async def _open(settings: Settings, slug: str) -> UUID:
    shop = await open_shop(settings, slug=slug, name=slug, currency="EUR", owner_email="bench@example.com")
    return shop.tenant_id


def _write(path: Path, rows: int) -> int:
    with path.open("w") as file:
        file.write("id,title,link,price,image_link,brand,product_type,availability,description,color,size\n")
        for n in range(rows):
            file.write(
                f"p{n:08},Product number {n},https://shop.example/p/{n},{n % 900 + 1}.99 EUR,"
                f"https://shop.example/i/{n}.jpg,Brand {n % 50},Home > Kitchen,in_stock,"
                f"A thing of everyday use with the number {n},blue,L\n"
            )
    return path.stat().st_size


def _write_ready(path: Path) -> None:
    """The same rows with the values that they have in the table."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        for n in range(ROWS):
            writer.writerow(
                (
                    f"p{n:08}", f"Product number {n}", f"A thing of everyday use with the number {n}",
                    f"https://shop.example/p/{n}", f"{{https://shop.example/i/{n}.jpg}}", (n % 900 + 1) * 100 + 99,
                    "EUR", f"Brand {n % 50}", "{Home,Kitchen}", '{"color": "blue", "size": "L"}', f"\\x{n:032x}",
                )
            )  # fmt: skip


def _peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


_COLUMNS = (
    "product_id, title, description, url, image_urls, price_minor, currency, brand, categories, attributes, digest"
)

_MERGE = f"""
insert into products ({_COLUMNS})
select {_COLUMNS} from sent
on conflict (tenant_id, product_id) do update
set title = excluded.title, description = excluded.description, url = excluded.url, image_urls = excluded.image_urls,
    price_minor = excluded.price_minor, currency = excluded.currency, brand = excluded.brand,
    categories = excluded.categories, attributes = excluded.attributes, digest = excluded.digest, updated_at = now(),
    changed_in = pg_current_xact_id()
where products.digest <> excluded.digest
"""
