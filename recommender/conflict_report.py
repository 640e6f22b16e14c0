"""Conflict report: a shop's rules judged over its catalogue as recorded, and what contradicts what."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from infra.database import Database
from recommender.serving.conflicts import Conflict, find_conflicts
from recommender.serving.rules import RuleBook, compile_rules, give_way
from tenants.expressions import Document
from tenants.placements import read_placements
from tenants.product_documents import ProductDocument, list_product_documents
from tenants.rules import list_rules

PAGE = 5000
_one_at_a_time = asyncio.Semaphore(1)


class PagedCatalogue:
    """The recorded catalogue by row: ids of all that was read, documents of the last page only."""

    def __init__(self) -> None:
        self.ids = [""]
        self.rows: dict[str, int] = {}
        self.sellable = bytearray(1)
        self._first = 1
        self._documents: list[Document] = []

    def document(self, row: int) -> Document:
        return self._documents[row - self._first]

    def turn(self, page: Sequence[ProductDocument]) -> None:
        """Take a page in, and forget the documents of the one before."""
        self._first, self._documents = len(self.ids), [one.document for one in page]
        for one in page:
            self.rows[one.product_id] = len(self.ids)
            self.ids.append(one.product_id)
            self.sellable.append(one.sells)


async def report_conflicts(db: Database, tenant_id: UUID, *, now: datetime) -> Sequence[Conflict]:
    """Seconds for a large catalogue, in a thread that leaves others their turn; one report at a time in a process."""
    async with _one_at_a_time:
        async with db.tenant(tenant_id) as conn:
            rules, placements = await list_rules(conn), await read_placements(conn)
        if not rules and all(one.filter is None for one in placements.values()):
            return []
        catalogue = PagedCatalogue()
        book = await asyncio.to_thread(
            compile_rules, rules, catalogue, now.timestamp(), placements=list(placements.values())
        )
        await _judge(db, tenant_id, book, catalogue, now)
        return await asyncio.to_thread(find_conflicts, book, catalogue.sellable, [*placements])


async def _judge(db: Database, tenant_id: UUID, book: RuleBook, catalogue: PagedCatalogue, now: datetime) -> None:
    """Page by page, each read in a transaction of its own: judging holds none open."""
    more = True
    while more:
        async with db.tenant(tenant_id) as conn:
            page = await list_product_documents(conn, now=now, after=catalogue.ids[-1], limit=PAGE)
        catalogue.turn(page)
        await asyncio.to_thread(book.update, (), now.timestamp(), pause=give_way)
        more = len(page) == PAGE
