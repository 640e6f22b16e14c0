"""Export: everything that we hold about a shopper, in one archive: shopper.json, and a CSV of each table."""

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from infra.database import Connection
from infra.errors import NotFound
from infra.ids import new_id
from tenants.personal_data import PERSONAL_TABLES, read_rows

KEPT = timedelta(days=7)
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a cell that starts so for a formula."""

Tables = Mapping[str, Sequence[Mapping[str, object]]]


@dataclass(frozen=True, slots=True)
class Export:
    """An archive that was asked for."""

    export_id: UUID
    requested_at: datetime
    finished_at: datetime | None
    """When the archive was ready."""


async def open_export(conn: Connection, shopper_id: UUID) -> Export:
    """Ask for an archive. Defer `export_shopper` on the same transaction."""
    row = await conn.fetchrow(
        f"insert into exports (export_id, shopper_id) values ($1, $2) returning {_EXPORT}", new_id(), shopper_id
    )
    assert row is not None
    return Export(**row)


async def get_export(conn: Connection, export_id: UUID) -> Export:
    """Raises NotFound, also when its shopper was erased since."""
    row = await conn.fetchrow(
        f"select {_EXPORT} from exports where export_id = $1 and shopper_id is not null", export_id
    )
    if row is None:
        raise NotFound(f"There is no export {export_id}.")
    return Export(**row)


async def find_shopper_of(conn: Connection, export_id: UUID) -> UUID | None:
    """Whom an export is about, unless they were erased."""
    found: UUID | None = await conn.fetchval("select shopper_id from exports where export_id = $1", export_id)
    return found


async def finish_export(conn: Connection, export_id: UUID, *, now: datetime) -> bool:
    """Note that the archive is there; false when its shopper was erased meanwhile and it must go."""
    done: bool | None = await conn.fetchval(_FINISH, export_id, now)
    return bool(done)


async def list_old_exports(conn: Connection, *, before: datetime) -> list[UUID]:
    """Archives to delete: those asked for before, and those of shoppers who were erased."""
    rows = await conn.fetch("select export_id from exports where requested_at < $1 or shopper_id is null", before)
    return [row["export_id"] for row in rows]


async def forget_exports(conn: Connection, export_ids: Sequence[UUID]) -> int:
    """Delete the rows; the files first."""
    rows = await conn.fetch("delete from exports where export_id = any($1::uuid[]) returning true", export_ids)
    return len(rows)


async def collect(conn: Connection, shopper_id: UUID) -> Tables:
    """Every table's rows about the person, under whatever id they were told."""
    family = [row["shopper_id"] for row in await conn.fetch(_FAMILY, shopper_id)]
    return {table.name: await read_rows(conn, table, family) for table in PERSONAL_TABLES}


def make_archive(tables: Tables, derived: Mapping[str, object], *, made_at: datetime) -> bytes:
    """A zip. `derived` is what was learned about the shopper."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        document = {"made_at": made_at, "record": tables, "learned": derived}
        archive.writestr("shopper.json", msgspec.json.format(msgspec.json.encode(document), indent=1))
        for name, rows in tables.items():
            archive.writestr(f"{name}.csv", make_csv(rows))
    return buffer.getvalue()


def make_csv(rows: Sequence[Mapping[str, object]], *, columns: Sequence[str] = ()) -> str:
    """With a header; empty without rows, unless the columns are told."""
    out = io.StringIO()
    if rows or columns:
        writer = csv.writer(out)
        writer.writerow(columns or rows[0])
        writer.writerows([_cell(value) for value in row.values()] for row in rows)
    return out.getvalue()


def archive_key(tenant_id: UUID, export_id: UUID) -> str:
    return f"{tenant_id}/exports/{export_id}.zip"


def _cell(value: object) -> object:
    """Numbers as they are; texts so that no spreadsheet runs them."""
    if value is None or isinstance(value, int | float):
        return value
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode().strip('"')
    return f"'{text}" if text.startswith(DANGEROUS) else text


_EXPORT = "export_id, requested_at, finished_at"

_FAMILY = """
select other.shopper_id
from shoppers
join shoppers as other
    on other.shopper_id = coalesce(shoppers.merged_into, shoppers.shopper_id)
    or other.merged_into = coalesce(shoppers.merged_into, shoppers.shopper_id)
where shoppers.shopper_id = $1
"""

_FINISH = """
update exports
set finished_at = coalesce(finished_at, $2)
where export_id = $1 and shopper_id is not null
returning true
"""
