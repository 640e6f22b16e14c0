"""Identifier kinds: which identifiers a tenant's shoppers have, which counts first, and how many may share one."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from msgspec import Meta, Struct

from infra.database import Connection
from tenants.audit import record_audit

KindName = Literal["external", "email", "phone", "visitor"]


class IdentifierKind(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The rules of one kind.

    external: your own id. It merges nobody by itself; its limit is how many of them one shopper may come to have.
    email, phone: merge shoppers when verified, up to the limit.
    visitor: a browser. It brings its events and merges nobody; its limit is how many shoppers may use it.
    """

    kind: KindName
    priority: Annotated[
        int, Meta(ge=1, le=100, description="When shoppers become one, the smallest number's shopper is kept.")
    ]
    limit: Annotated[
        int,
        Meta(ge=1, le=1000, description="How many external ids may come to share one; the next one is refused."),
    ]


class IdentifierKinds(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A tenant's rules. A kind that is left out has the default."""

    items: Annotated[tuple[IdentifierKind, ...], Meta(max_length=4)]

    def __post_init__(self) -> None:
        if len({one.kind for one in self.items}) < len(self.items):
            raise ValueError("each kind may come once")


Rules = Mapping[KindName, IdentifierKind]

# A telephone is a household's as often as a person's: it merges nobody until the merchant allows more than one.
DEFAULTS: Rules = {
    "external": IdentifierKind(kind="external", priority=1, limit=50),
    "email": IdentifierKind(kind="email", priority=2, limit=5),
    "phone": IdentifierKind(kind="phone", priority=3, limit=1),
    "visitor": IdentifierKind(kind="visitor", priority=4, limit=3),
}


async def read_rules(conn: Connection) -> Rules:
    """Every kind with the rules that hold."""
    rows = await conn.fetch("select kind, priority, shopper_limit from identifier_kinds")
    set_rules = {row["kind"]: IdentifierKind(**dict(zip(_FIELDS, row.values(), strict=True))) for row in rows}
    return {**DEFAULTS, **set_rules}


async def put_rules(conn: Connection, kinds: Sequence[IdentifierKind], *, actor: str) -> None:
    """Let these hold from now on, and the defaults for all others. Shoppers who are one already stay so."""
    await conn.execute("delete from identifier_kinds where not kind = any($1::text[])", [one.kind for one in kinds])
    await conn.execute(
        _PUT,
        [one.kind for one in kinds],
        [one.priority for one in kinds],
        [one.limit for one in kinds],
    )
    await record_audit(conn, actor=actor, action="set identifier rules", subject="identifier kinds")


_FIELDS = ("kind", "priority", "limit")

_PUT = """
insert into identifier_kinds (kind, priority, shopper_limit)
select *
from unnest($1::text[], $2::integer[], $3::integer[]) as sent (kind, priority, shopper_limit)
order by kind
on conflict (tenant_id, kind) do update
set priority = excluded.priority, shopper_limit = excluded.shopper_limit
"""
