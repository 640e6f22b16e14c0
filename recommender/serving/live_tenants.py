"""Live tenants: all that this process serves from, loaded at the first question and kept fresh by the change feed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import NamedTuple
from uuid import UUID

import structlog

from infra.artifacts import AWAY, Artifacts
from infra.change_feed import follow_changes
from infra.clock import Clock
from infra.database import Connection, Database, DatabaseDown
from infra.telemetry import LIVE_TENANTS
from recommender.model import ModelDamaged
from recommender.priors import read_prior
from recommender.registry import ModelVersion, find_active_version, load_model
from recommender.serving.catalogue import Catalogue, Shelves
from recommender.serving.learned import Learned, join
from recommender.serving.live_tenant import Decided, LiveTenant
from recommender.serving.newcomers import Newcomers, find_newcomers
from recommender.serving.rules import compile_rules, give_way
from recommender.serving.showcase import Showcase
from recommender.stored_model import StoredModel
from tenants.campaign_windows import read_windows
from tenants.collections import collections_changed_since, read_collections
from tenants.consent import changed_since, read_choices
from tenants.merges import read_aliases, read_identity_version
from tenants.option_documents import list_published, options_changed_since
from tenants.placements import Placement, read_placements
from tenants.products import list_changed_products, read_change_mark
from tenants.rules import Rule, list_rules
from tenants.shop_documents import shop_documents_changed_since
from tenants.suppression import read_suppressed

SWEEP_SECONDS = 15.0
"""How long a lost notification stays unnoticed."""
TRIM_SECONDS = 1.0
AT_ONCE = 3
"""Tenants refreshed at the same time: one with many products and rules keeps no other waiting."""
PAGE = 1_000
"""Products taken in at once: about ten milliseconds, in which no request is answered."""

log = structlog.get_logger()


class LiveTenants:
    """A tenant is loaded once, however many ask at once. While the database is away, what is loaded goes on serving."""

    def __init__(self, db: Database, artifacts: Artifacts, clock: Clock) -> None:
        self._db = db
        self._artifacts = artifacts
        self._clock = clock
        self._live: dict[UUID, LiveTenant] = {}
        self._loading: dict[UUID, asyncio.Task[LiveTenant]] = {}
        self._changed: set[UUID] = set()
        self._refreshing: dict[UUID, asyncio.Task[None]] = {}
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._wake = asyncio.Event()
        self._shelves = Shelves()

    async def get(self, tenant_id: UUID) -> LiveTenant:
        """Raises DatabaseDown when it is not loaded yet and cannot be."""
        live = self._live.get(tenant_id)
        if live is not None:
            return live
        task = self._loading.get(tenant_id)
        if task is None:
            task = self._loading[tenant_id] = asyncio.create_task(self._load(tenant_id))
        return await asyncio.shield(task)

    @asynccontextmanager
    async def following(self, database_url: str, *, also: Callable[[UUID], None]) -> AsyncIterator[None]:
        """Keep everything fresh while the context lasts; `also` is told of each changed tenant."""

        def on_change(tenant_id: UUID | None) -> None:
            for changed in list(self._live) if tenant_id is None else [tenant_id]:
                also(changed)
                self._changed.add(changed)
            self._wake.set()

        tasks = [asyncio.create_task(self._keep_fresh()), asyncio.create_task(self._keep_small())]
        try:
            async with follow_changes(database_url, on_change):
                yield
        finally:
            tasks += self._refreshing.values()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _load(self, tenant_id: UUID) -> LiveTenant:
        live = LiveTenant(tenant_id, Catalogue(self._shelves))
        try:
            await self._refresh(live)
            self._live[tenant_id] = live
            LIVE_TENANTS.set(len(self._live))
        finally:
            del self._loading[tenant_id]
        return live

    async def _keep_fresh(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), SWEEP_SECONDS)
            if not self._wake.is_set():
                self._changed.update(self._live)
            self._wake.clear()
            for tenant_id in self._changed - self._refreshing.keys():
                self._refreshing[tenant_id] = asyncio.create_task(self._refresh_changed(tenant_id))

    async def _keep_small(self) -> None:
        while True:
            await asyncio.sleep(TRIM_SECONDS)
            self._shelves.trim()

    async def _refresh_changed(self, tenant_id: UUID) -> None:
        """One at a time of a tenant: what changes meanwhile is read once more."""
        try:
            while tenant_id in self._changed:
                async with self._turns:
                    self._changed.discard(tenant_id)
                    await self._refresh_loaded(tenant_id)
        except DatabaseDown:
            log.warning("refresh_failed", tenant_id=str(tenant_id))
        except Exception:
            log.exception("refresh_broke", tenant_id=str(tenant_id))
        finally:
            del self._refreshing[tenant_id]
            if tenant_id in self._changed:  # it broke, and there is more to read
                self._wake.set()

    async def _refresh_loaded(self, tenant_id: UUID) -> None:
        live = self._live.get(tenant_id)
        if live is None and (loading := self._loading.get(tenant_id)) is not None:
            # It may have read before the change: once more when it is there.
            live = await asyncio.shield(loading)
        if live is not None:
            await self._refresh(live)

    async def _refresh(self, live: LiveTenant) -> None:
        """Read what changed since the last time, page by page, so that requests are answered between."""
        before = live.state()
        try:
            await self._take_in(live)
        finally:
            if live.state() != before:
                live.touch()

    async def _take_in(self, live: LiveTenant) -> None:
        """What breaks on the way is as if it had not been read: the next refresh reads it again."""
        async with self._db.tenant(live.tenant_id) as conn:
            merged = await _read_merged(conn, live)
            await _read_privacy(conn, live, people_changed=merged[1] != live.identity_version)
            # Together with the choices: those of merged shoppers are under the id of who stands for them.
            live.aliases, live.identity_version = merged
            rules = await _read_rules(conn, live)
            await _read_documents(conn, live)
            await _read_campaigns(conn, live)
            await _read_collections(conn, live)  # before the catalogue: a product comes after who may see it
            await _read_catalogue(conn, live, hold=live.book is not None or (rules is not None and bool(rules.rules)))
            version = await find_active_version(conn)
            prior = await read_prior(conn) if version is None else {}
        # In threads, like all that takes longer than a request may wait. Only we change these.
        await self._judge(live, rules)
        if version is None:
            live.unlearn(prior)
        elif version.version_id != live.version_id:
            await self._learn(live, version)
        elif live.learned is not None and live.learned.is_behind(live.catalogue):
            live.learn(live.learned, await asyncio.to_thread(_meet_newcomers, live.learned, live.catalogue))

    async def _judge(self, live: LiveTenant, read: "_Rules | None") -> None:
        """Make the rule book anew, or let it see what is held. `read`: None where rules are as before."""
        now, live.judging = self._clock().timestamp(), True
        try:
            if read is not None and read.decide != live.decided:
                filters = [one for one in read.placements.values() if one.filter is not None]
                make = partial(compile_rules, read.rules, live.catalogue, now, placements=filters, pause=give_way)
                live.book = await asyncio.to_thread(make) if read.rules or filters else None
                live.decided = read.decide
            elif live.book is not None and live.catalogue.held:
                await asyncio.to_thread(live.book.update, live.catalogue.held, now, pause=give_way)
            if read is not None:
                # Together with the book: a placement is not served before its filter can be.
                live.placements, live.rules_since = read.placements, read.mark
                live.rules_version += 1
        finally:
            live.judging = False
        live.catalogue.release()

    async def _learn(self, live: LiveTenant, version: ModelVersion) -> None:
        try:
            model = await load_model(self._artifacts, live.tenant_id, version)
            live.learn(*await asyncio.to_thread(_join, model, live.catalogue, version.started_at))
        except ModelDamaged as damaged:
            log.error("model_damaged", tenant_id=str(live.tenant_id), reason=str(damaged))
        except AWAY as away:  # what is loaded goes on serving, and a shop that is not is served without a model
            log.warning("model_unreachable", tenant_id=str(live.tenant_id), reason=str(away))


def _join(model: StoredModel, catalogue: Catalogue, began_at: datetime) -> tuple[Learned, Newcomers]:
    learned = join(model, catalogue, began_at=began_at)
    return learned, find_newcomers(learned, catalogue)


def _meet_newcomers(learned: Learned, catalogue: Catalogue) -> Newcomers:
    learned.grow(catalogue)
    return find_newcomers(learned, catalogue)


async def _read_privacy(conn: Connection, live: LiveTenant, *, people_changed: bool) -> None:
    """Who is not to be recognised, read in full when anything changed: that is seldom."""
    mark = await read_change_mark(conn)
    if people_changed or await changed_since(conn, live.privacy_since):
        live.choices, live.suppressed = await read_choices(conn), await read_suppressed(conn)
        live.privacy_version += 1
    live.privacy_since = mark


async def _read_merged(conn: Connection, live: LiveTenant) -> tuple[Mapping[str, str], int]:
    """Who was merged, read in full when that changed, and as of which version."""
    version = await read_identity_version(conn)
    return (live.aliases if version == live.identity_version else await read_aliases(conn)), version


class _Rules(NamedTuple):
    """All rules and placements of a shop, and the mark up to which changes of them are in it."""

    rules: Sequence[Rule]
    placements: Mapping[str, Placement]
    mark: int

    @property
    def decide(self) -> Decided:
        """What a rule book is made of: without a change of it no product is judged anew, however many there are."""
        filters = ((one.id, one.filter) for one in self.placements.values() if one.filter is not None)
        return tuple(self.rules), tuple(sorted(filters))


async def _read_rules(conn: Connection, live: LiveTenant) -> _Rules | None:
    """Everything when a rule or a placement changed, else None."""
    mark = await read_change_mark(conn)
    if live.rules_since == 0 or await shop_documents_changed_since(conn, live.rules_since):
        return _Rules(await list_rules(conn), await read_placements(conn), mark)
    live.rules_since = mark
    return None


async def _read_documents(conn: Connection, live: LiveTenant) -> None:
    """Option documents, in full when one was published or retired."""
    mark = await read_change_mark(conn)
    if live.documents_since == 0 or await options_changed_since(conn, live.documents_since):
        documents = await list_published(conn)
        live.publish({product: one for one in documents for product in one.document.products})
    live.documents_since = mark


async def _read_collections(conn: Connection, live: LiveTenant) -> None:
    """All of them when one changed."""
    mark = await read_change_mark(conn)
    if live.collections_since == 0 or await collections_changed_since(conn, live.collections_since):
        live.show(Showcase(await read_collections(conn)))
    live.collections_since = mark


async def _read_campaigns(conn: Connection, live: LiveTenant) -> None:
    """Those that are not over, in full each time: they are few."""
    windows = await read_windows(conn)
    if windows != live.windows:
        live.let_preorder(windows)


async def _read_catalogue(conn: Connection, live: LiveTenant, *, hold: bool) -> None:
    """Take in what changed. `hold`: it does not sell before the rules have seen it."""
    mark = await read_change_mark(conn)
    at: tuple[int, str] | None = (0, "")
    while at is not None:
        products, at = await list_changed_products(conn, since=live.changed_since, after=at, limit=PAGE)
        live.catalogue.put(products, hold=hold)
    live.changed_since = mark
