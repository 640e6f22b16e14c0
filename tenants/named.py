"""Named shoppers: the merchant's ids as they stand in orders and events, resolved to who stands for them, and held."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from infra.database import Connection
from infra.errors import NotFound
from infra.ids import new_id
from tenants.merges import follow_merges


@dataclass(frozen=True, slots=True)
class Named:
    """A shopper as the merchant names them."""

    row_id: UUID
    """The row of the external id."""
    shopper_id: UUID
    """Who stands for it: another one when it was merged."""

    @property
    def merged(self) -> bool:
        return self.row_id != self.shopper_id


async def name_shoppers(conn: Connection, external_ids: Iterable[str]) -> Mapping[str, Named]:
    """Those that there are. Until the transaction ends nobody merges or deletes them, so that no row misses a merge.

    A foreign key takes the same lock, so it costs one query more and no lock. In the order of ids, as merges lock.
    """
    wanted = list(external_ids)
    rows = await conn.fetch(_NAME, wanted) if wanted else ()
    return {row[0]: Named(row[1], row[2] or row[1]) for row in rows}


async def hold_named(conn: Connection, external_id: str) -> Named:
    """One of them. Raises NotFound."""
    named = (await name_shoppers(conn, [external_id])).get(external_id)
    if named is None:
        raise NotFound(f"There is no shopper {external_id!r}.")
    return named


async def make_shoppers(conn: Connection, external_ids: Iterable[str]) -> Mapping[str, Named]:
    """The same, with a bare record made for each id that has none: an order may name a shopper before the merchant
    describes them. Call it with nobody who was erased.

    Ids are inserted in order, so that two batches with the same new shoppers wait for each other and never deadlock.
    """
    wanted = sorted(set(external_ids))
    named = await name_shoppers(conn, wanted)
    missing = [name for name in wanted if name not in named]
    if not missing:
        return named
    await conn.execute(_MAKE, [new_id() for _ in missing], missing)
    return {**named, **await name_shoppers(conn, missing)}


async def follow_named(conn: Connection, table: str, rows: Iterable[tuple[str, Named | None]]) -> None:
    """Rows stored under these names: what came under a merged id goes back with it when the merge is undone."""
    await follow_merges(conn, table, {key: named.row_id for key, named in rows if named is not None and named.merged})


_MAKE = """
insert into shoppers (shopper_id, external_id, digest)
select missing.shopper_id, missing.external_id, ''
from unnest($1::uuid[], $2::text[]) as missing (shopper_id, external_id)
order by missing.external_id collate "C"
on conflict (tenant_id, external_id) do nothing
"""

# Joined, because a long array in `= any` may be searched from end to end for each row.
_NAME = """
select external_id, shopper_id, merged_into
from unnest($1::text[]) as wanted (external_id)
join shoppers using (external_id)
order by external_id collate "C"
for key share of shoppers
"""
