"""Attributes: what a tenant's own fields mean: a type, classes of documents that carry them, and a purpose."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct

from infra.database import Connection
from infra.errors import NotFound
from tenants.audit import record_audit
from tenants.consent import Purpose
from tenants.fields import Moment, ShortText
from tenants.upserts import Upserted, make_document, outcomes

AttributeType = Literal["text", "integer", "number", "boolean", "date", "choice", "place"]
AttributeClass = Literal["shopper", "person", "product", "event", "order"]
AskPurpose = Purpose | Literal["none"]
Locale: TypeAlias = Annotated[str, Meta(max_length=35, pattern=r"\A[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*\Z")]


class AttributeDefinition(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an attribute of this name holds, in every document of these classes."""

    id: Annotated[
        str, Meta(min_length=1, max_length=100, description="The attribute's name, as it stands in `attributes`.")
    ]
    type: Annotated[
        AttributeType,
        Meta(
            description="date: 2026-03-02. place: a country's two letters, then parts from the largest to the smallest,"
            " such as NL/Utrecht/3511. choice: one of `choices`."
        ),
    ]
    classes: Annotated[
        tuple[AttributeClass, ...],
        Meta(min_length=1, max_length=5, description="Who carries it; of an event it stands in `properties`."),
    ] = ("shopper",)
    purpose: Annotated[AskPurpose, Meta(description="What a shopper must consent to before they are asked for it.")] = (
        "personalisation"
    )
    choices: Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=500)], ...], Meta(max_length=500)] = ()
    unit: ShortText = ""
    required_for_completeness: bool = False
    weight: Annotated[int, Meta(ge=1, le=1000, description="Its share in the completeness of a profile.")] = 1
    stale_after_days: Annotated[int, Meta(ge=1, le=36_500)] | None = None
    ask_text: Annotated[
        dict[Locale, Annotated[str, Meta(min_length=1, max_length=500)]],
        Meta(max_length=100, description="The question by locale. Without one, nobody is asked."),
    ] = {}

    def __post_init__(self) -> None:
        if (self.type == "choice") != bool(self.choices):
            raise ValueError("choices belong to an attribute of type choice, and it needs some")
        if len(set(self.choices)) < len(self.choices) or len(set(self.classes)) < len(self.classes):
            raise ValueError("choices and classes must each differ from one another")
        if self.unit and self.type not in ("integer", "number"):
            raise ValueError("a unit belongs to an attribute of type integer or number")


class StoredAttributeDefinition(AttributeDefinition, frozen=True, kw_only=True):
    """A definition as we hold it."""

    created_at: Moment
    updated_at: Moment


class AttributeSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a tenant treats attributes that it has not defined."""

    strict: Annotated[
        tuple[AttributeClass, ...],
        Meta(max_length=5, description="Classes that take defined attributes only. Others keep any as sent."),
    ] = ()


async def upsert_definitions(conn: Connection, definitions: Sequence[AttributeDefinition]) -> Upserted:
    """Store each definition as given, in full; names must differ.

    It rules what is sent from now on. What was stored before stays, and counts as unknown where it does not fit.
    """
    documents = [make_document(one) for one in sorted(definitions, key=lambda one: one.id)]
    rows = await conn.fetch(
        _UPSERT, [document.text for document in documents], [document.digest for document in documents]
    )
    return outcomes(
        (one.id for one in definitions),
        created=(row["name"] for row in rows if row["created"]),
        updated=(row["name"] for row in rows if not row["created"]),
    )


async def get_definition(conn: Connection, name: str) -> StoredAttributeDefinition:
    """Raises NotFound."""
    row = await conn.fetchrow(_SELECT + "where name = $1", name)
    if row is None:
        raise NotFound(f"There is no attribute {name!r}.", hint="GET /v1/attributes lists those that are defined.")
    return msgspec.convert(dict(row), StoredAttributeDefinition)


async def list_definitions(conn: Connection, *, after: str, limit: int) -> Sequence[StoredAttributeDefinition]:
    """By name, starting behind `after` ('' from the start)."""
    rows = await conn.fetch(_SELECT + "where name > $1 order by name limit $2", after, limit)
    return [msgspec.convert(dict(row), StoredAttributeDefinition) for row in rows]


async def delete_definition(conn: Connection, name: str) -> None:
    """Forget what the name means; values stay where they are. Raises NotFound."""
    done = await conn.fetchval("delete from attribute_definitions where name = $1 returning true", name)
    if done is None:
        raise NotFound(f"There is no attribute {name!r}.", hint="GET /v1/attributes lists those that are defined.")


async def find_definitions(conn: Connection, one_of: AttributeClass) -> Mapping[str, StoredAttributeDefinition]:
    """All definitions of a class, by name."""
    rows = await conn.fetch(_SELECT + "where $1 = any(classes) order by name", one_of)
    found = [msgspec.convert(dict(row), StoredAttributeDefinition) for row in rows]
    return {one.id: one for one in found}


async def get_settings(conn: Connection) -> AttributeSettings:
    """What was set, or what holds without it."""
    strict: list[AttributeClass] | None = await conn.fetchval("select strict from attribute_settings")
    return AttributeSettings(strict=tuple(strict or ()))


async def change_settings(conn: Connection, settings: AttributeSettings, *, actor: str) -> None:
    """From now on; what is stored stays. Audited."""
    await conn.execute(
        """
        insert into attribute_settings (strict) values ($1)
        on conflict (tenant_id) do update set strict = excluded.strict
        """,
        list(settings.strict),
    )
    await record_audit(conn, actor=actor, action="change attribute settings", subject="attributes")


_COLUMNS = "type, classes, purpose, choices, unit, required_for_completeness, weight, stale_after_days, ask_text"

_UPSERT = f"""
insert into attribute_definitions (name, {_COLUMNS}, digest)
select id, {_COLUMNS}, digest
from unnest($1::text[], $2::bytea[]) as sent (document, digest),
    json_to_record(sent.document::json) as definition (
        id text, type text, classes text[], purpose text, choices text[], unit text,
        required_for_completeness boolean, weight integer, stale_after_days integer, ask_text jsonb
    )
on conflict (tenant_id, name) do update
set ({_COLUMNS}, digest, updated_at) = (
    select {", ".join("excluded." + column for column in _COLUMNS.split(", "))}, excluded.digest, now()
)
where attribute_definitions.digest <> excluded.digest
returning name, xmax = 0 as created
"""

_SELECT = f"""
select name as id, {_COLUMNS}, created_at, updated_at
from attribute_definitions
"""
