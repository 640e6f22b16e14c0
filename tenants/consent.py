"""Consent: what a shopper allows us to do with their data, by purpose. Every decision is kept; the newest counts."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from infra.database import Connection
from infra.ids import new_id
from tenants.audit import record_audit
from tenants.fields import Moment, check_moments
from tenants.named import Named, follow_named

Purpose = Literal["personalisation", "measurements", "contact"]


class Consent(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One decision: for what, yes or no, where it was made, and the text that was shown."""

    purpose: Purpose
    granted: bool
    at: Moment
    source: Annotated[
        str, Meta(min_length=1, max_length=200, description="Where it was given: checkout, call centre …")
    ]
    text_version: Annotated[str, Meta(max_length=200, description="Which wording the shopper agreed to.")] = ""

    def __post_init__(self) -> None:
        check_moments(at=self.at)


class PrivacySettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What holds for shoppers who have not decided. Measurements and contact always need a yes."""

    personalised_by_default: Annotated[
        bool, Meta(description="true: personalised until a shopper objects; false: only after a shopper agrees.")
    ] = True


@dataclass(frozen=True, slots=True)
class Choices:
    """Who may be shown personal recommendations, to ask in memory."""

    by_default: bool = True
    exceptions: frozenset[str] = frozenset()
    """External ids of the shoppers who decided otherwise."""

    def allow(self, external_id: str) -> bool:
        return self.by_default != (external_id in self.exceptions)


async def record_consent(conn: Connection, named: Named, consent: Consent) -> None:
    """Add a decision, once; API processes hear of it when the transaction commits.

    One that is told under a merged id goes back with it when the merge is undone.
    """
    consent_id: UUID | None = await conn.fetchval(
        _RECORD,
        new_id(),
        named.shopper_id,
        consent.purpose,
        consent.granted,
        consent.source,
        consent.text_version,
        consent.at,
    )
    if consent_id is not None:
        await follow_named(conn, "consents", [(str(consent_id), named)])
    await announce_privacy(conn)


async def find_consents(conn: Connection, shopper_id: UUID) -> Sequence[Consent]:
    """The history, the newest first."""
    return [msgspec.convert(dict(row), Consent) for row in await conn.fetch(_HISTORY, shopper_id)]


async def allowed(conn: Connection, shopper_id: UUID, purpose: Purpose) -> bool:
    """Whether the newest decision is a yes. Without one: the tenant's setting for personalisation, else no."""
    decided: bool | None = await conn.fetchval(_NEWEST, shopper_id, purpose)
    if decided is not None:
        return decided
    return purpose == "personalisation" and (await read_privacy_settings(conn)).personalised_by_default


async def read_privacy_settings(conn: Connection) -> PrivacySettings:
    default = await conn.fetchval("select personalised_by_default from privacy_settings")
    return PrivacySettings() if default is None else PrivacySettings(personalised_by_default=default)


async def store_privacy_settings(conn: Connection, settings: PrivacySettings, *, actor: str) -> None:
    await conn.execute(_STORE_SETTINGS, settings.personalised_by_default)
    subject = f"personalised by default: {settings.personalised_by_default}"
    await record_audit(conn, actor=actor, action="store privacy settings", subject=subject)
    await announce_privacy(conn)


async def read_choices(conn: Connection) -> Choices:
    """Of all shoppers of the tenant: those whose newest decision differs from what holds without one."""
    by_default = (await read_privacy_settings(conn)).personalised_by_default
    rows = await conn.fetch(_EXCEPTIONS, not by_default)
    return Choices(by_default, frozenset(row["external_id"] for row in rows))


async def list_personalised(conn: Connection, external_ids: Collection[str]) -> dict[str, str]:
    """Those who may be shown personal recommendations, each with the external id that stands for all of theirs."""
    return {row["told"]: row["external_id"] for row in await conn.fetch(_PERSONALISED, list(external_ids))}


async def changed_since(conn: Connection, mark: int) -> bool:
    """Whether a decision, a setting or a suppression changed since a mark of `products.read_change_mark`."""
    changed: bool = await conn.fetchval(_CHANGED, mark)
    return changed


async def announce_privacy(conn: Connection) -> None:
    """Wake the processes that serve."""
    await conn.execute("select pg_notify('lastbook_changes', current_tenant()::text)")


_RECORD = """
insert into consents (consent_id, shopper_id, purpose, granted, source, text_version, at)
select $1, $2, $3, $4, $5, $6, $7
where not exists (
    select
    from consents
    where (shopper_id, purpose, granted, source, text_version, at) = ($2, $3, $4, $5, $6, $7)
)
returning consent_id
"""

_HISTORY = """
select purpose, granted, at, source, text_version
from consents
where shopper_id = $1
order by at desc, consent_id desc
"""

_NEWEST = """
select granted
from consents
where shopper_id = $1 and purpose = $2
order by at desc, consent_id desc
limit 1
"""

_STORE_SETTINGS = """
insert into privacy_settings (personalised_by_default)
values ($1)
on conflict (tenant_id) do update set personalised_by_default = excluded.personalised_by_default
"""

_EXCEPTIONS = """
with decided as (
    select distinct on (shopper_id) shopper_id, granted
    from consents
    where purpose = 'personalisation'
    order by shopper_id, at desc, consent_id desc
)
select external_id
from decided
join shoppers on shoppers.shopper_id = decided.shopper_id or shoppers.merged_into = decided.shopper_id
where decided.granted = $1
"""

_PERSONALISED = """
select told.external_id as told, person.external_id
from shoppers as told
join shoppers as person
    on person.tenant_id = told.tenant_id and person.shopper_id = coalesce(told.merged_into, told.shopper_id)
where told.external_id = any($1::text[])
    and coalesce(
        (
            select granted
            from consents
            where consents.shopper_id = person.shopper_id and purpose = 'personalisation'
            order by at desc, consent_id desc
            limit 1
        ),
        (select personalised_by_default from privacy_settings),
        true
    )
"""

_CHANGED = """
select exists (select from consents where changed_in >= $1)
    or exists (select from suppressions where changed_in >= $1)
    or exists (select from privacy_settings where changed_in >= $1)
"""
