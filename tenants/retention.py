"""Retention: how long each kind of data is kept. What is older goes by the daily job."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from msgspec import Meta, Struct

from infra.database import Connection
from tenants.audit import record_audit

BATCH = 10_000

Days = Annotated[int, Meta(ge=1, le=36500)]


class RetentionRules(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Days that each kind is kept; null keeps the default."""

    events: Annotated[Days | None, Meta(description="What your server told. Default 1095.")] = None
    client_events: Annotated[Days | None, Meta(description="What pages told. Default 395.")] = None
    exports: Annotated[
        Annotated[int, Meta(ge=1, le=7)] | None, Meta(description="Archives made for a shopper. Default and most 7.")
    ] = None
    audit: Annotated[
        Annotated[int, Meta(ge=365, le=36500)] | None, Meta(description="Who did what. Default 3650, at least 365.")
    ] = None
    merge_undo: Annotated[Days | None, Meta(description="For how long a merge can be undone. Default 365.")] = None
    imports: Annotated[Days | None, Meta(description="Reports of imports. Default 395.")] = None
    measurement_versions: Annotated[
        Days | None,
        Meta(description="Measures that were told anew since; the newest of each source stays. Default 3650."),
    ] = None
    import_rejects: Annotated[
        Days | None, Meta(description="Which rows an import refused; never longer than its report. Default 90.")
    ] = None
    expired_preorders: Annotated[Days | None, Meta(description="Reservations that nobody paid. Default 90.")] = None
    stripe_events: Annotated[
        Annotated[int, Meta(ge=30, le=36500)] | None,
        Meta(description="What Stripe told of payments; it can be replayed for so long. Default 90, at least 30."),
    ] = None
    import_files: Annotated[
        Annotated[int, Meta(ge=1, le=30)] | None,
        Meta(description="Files that wait for their import; one goes when its import ends. Default 7, most 30."),
    ] = None
    quotes: Annotated[Days | None, Meta(description="Quotes after they expired. Default 90.")] = None
    notices: Annotated[
        Annotated[int, Meta(ge=90, le=36500)] | None,
        Meta(description="What shoppers were told of their preorders. Default 1095, at least 90."),
    ] = None
    replenishment_choices: Annotated[
        Days | None, Meta(description="What shoppers said of being reminded to buy again. Default 1095.")
    ] = None


DEFAULT_DAYS: Mapping[str, int] = {
    "events": 1095,
    "client_events": 395,
    "exports": 7,
    "audit": 3650,
    "merge_undo": 365,
    "measurement_versions": 3650,
    "imports": 395,
    "import_rejects": 90,
    "import_files": 7,
    "quotes": 90,
    "expired_preorders": 90,
    "stripe_events": 90,
    "notices": 1095,
    "replenishment_choices": 1095,
}


@dataclass(frozen=True, slots=True)
class _Kind:
    """Rows of a table: what names one, and which are older than $1."""

    table: str
    key: str
    old: str


# Files have functions of their own: `jobs.delete_old_exports`, `import_files.delete_import_files`. Answers to
# Idempotency-Keys go after 48 hours by `tidy`. A merge's moves wait until `merges.end_undo` has closed it.
_KINDS = {
    "events": _Kind("events", "event_id", "events where source = 'server' and occurred_at < $1 order by occurred_at"),
    "client_events": _Kind(
        "events", "event_id", "events where source = 'client' and occurred_at < $1 order by occurred_at"
    ),
    "audit": _Kind("audit_log", "audit_id", "audit_log where at < $1 order by at"),
    "merge_undo": _Kind(
        "shopper_merge_moves",
        "shopper_merge_moves.ctid",
        "shopper_merge_moves join shopper_merges using (tenant_id, merge_id)"
        " where merged_at < $1 and undo_ended_at is not null",
    ),
    # With their values.
    "measurement_versions": _Kind(
        "measurement_versions",
        "measurement_versions.ctid",
        "measurement_versions where exists (select from measurement_versions as newer"
        " where (newer.profile_id, newer.source) = (measurement_versions.profile_id, measurement_versions.source)"
        " and newer.version > measurement_versions.version and newer.recorded_at < $1)",
    ),
    "import_rejects": _Kind(
        "import_rejects",
        "import_rejects.ctid",
        "import_rejects join imports using (tenant_id, import_id) where finished_at is not null and created_at < $1",
    ),
    # What was ordered stands in made_lines.
    "quotes": _Kind("quotes", "quote_id", "quotes where expires_at < $1 order by expires_at"),
    "expired_preorders": _Kind(
        "preorders",
        "preorder_id",
        "preorders where fulfilment = 'expired' and paid_minor = 0 and created_at < $1 order by created_at",
    ),
    "stripe_events": _Kind(
        "stripe_events",
        "event_id",
        "stripe_events where handled_at is not null and received_at < $1 order by received_at",
    ),
    "notices": _Kind(
        "notices", "notice_id", "notices where done_at is not null and created_at < $1 order by created_at"
    ),
    # A snooze may reach beyond the time that it is kept for.
    "replenishment_choices": _Kind(
        "replenishment_choices",
        "choice_id",
        "replenishment_choices where greatest(said_at, until) < $1 order by said_at",
    ),
    "imports": _Kind(
        "imports", "import_id", "imports where finished_at is not null and created_at < $1 order by created_at"
    ),
}


async def store_retention_rules(conn: Connection, rules: RetentionRules, *, actor: str) -> None:
    """Replace all; audited."""
    fields = {name: getattr(rules, name) for name in RetentionRules.__struct_fields__}
    said = {name: days for name, days in fields.items() if days is not None}
    await conn.execute("delete from retention_rules where kind <> all($1::text[])", list(said))
    await conn.execute(_STORE, list(said), list(said.values()))
    subject = ", ".join(f"{kind}: {days} days" for kind, days in said.items()) or "defaults"
    await record_audit(conn, actor=actor, action="store retention rules", subject=subject)


async def read_retention_rules(conn: Connection) -> RetentionRules:
    """As the tenant set them."""
    return RetentionRules(
        **{row["kind"]: row["days"] for row in await conn.fetch("select kind, days from retention_rules")}
    )


async def read_limit(conn: Connection, kind: str, *, now: datetime) -> datetime:
    """What happened before this moment is to go."""
    days = getattr(await read_retention_rules(conn), kind)
    return now - timedelta(days=DEFAULT_DAYS[kind] if days is None else days)


async def delete_expired(conn: Connection, kind: str, *, now: datetime, batch: int) -> int:
    """Delete up to a batch of what is too old; returns how many rows. Call again until none is left."""
    one = _KINDS[kind]
    rows = await conn.fetch(
        f"""
        delete from {one.table}
        where {one.key} = any(array(select {one.key} from {one.old} limit $2))
        returning true
        """,
        await read_limit(conn, kind, now=now),
        batch,
    )
    return len(rows)


KINDS = tuple(_KINDS)

_STORE = """
insert into retention_rules (kind, days)
select *
from unnest($1::text[], $2::integer[])
on conflict (tenant_id, kind) do update set days = excluded.days
"""
