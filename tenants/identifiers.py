"""Identifiers: e-mails, telephones and visitor ids by which a shopper is known, in one spelling each."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from infra.database import Connection, Row
from tenants.fields import Moment
from tenants.identifier_kinds import KindName

ToldKind = Literal["email", "phone", "visitor"]
"""Kinds that the merchant's server can tell apart from a document."""
Email = Annotated[str, Meta(max_length=320, pattern=r"\A[^@\s]+@[^@\s]+\Z")]
Phone = Annotated[str, Meta(max_length=40, pattern=r"\A\+?[0-9 ()./-]{4,}\Z")]

_NO_DIGIT = re.compile(r"[^0-9]")
FEWEST_DIGITS = 4


class Identifier(Struct, frozen=True, kw_only=True):
    """One identifier of a shopper, in our spelling."""

    kind: KindName
    value: str
    verified: bool
    source: str
    """document (the shopper's own), or server (told apart from it)."""
    created_at: Moment


class NewEmail(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="email"):
    """An e-mail address, told apart from the shopper's document."""

    value: Email
    verified: bool = False


class NewPhone(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="phone"):
    """A telephone number, told apart from the shopper's document."""

    value: Phone
    verified: bool = False


NewIdentifier = NewEmail | NewPhone


@dataclass(frozen=True, slots=True)
class Claim:
    """That an identifier is somebody's. `field` is where it was told."""

    kind: KindName
    value: str
    verified: bool
    field: str

    @property
    def name(self) -> tuple[KindName, str]:
        return self.kind, self.value


def normalise_email(text: str) -> str:
    """Lower case, without blanks around. Dots and +tags stay: not every provider ignores them."""
    return text.strip().lower()


def normalise_phone(text: str) -> str | None:
    """The digits, behind a + when there was one; None when there are fewer than four. No country is guessed."""
    digits = _NO_DIGIT.sub("", text)
    if len(digits) < FEWEST_DIGITS:
        return None
    return f"+{digits}" if text.strip().startswith("+") else digits


def claims_of(*, email: str | None, email_verified: bool, phone: str | None, phone_verified: bool) -> list[Claim]:
    """What a shopper's document claims."""
    number = normalise_phone(phone) if phone else None
    claims = []
    if email:
        claims.append(Claim("email", normalise_email(email), email_verified, "email"))
    if number is not None:
        claims.append(Claim("phone", number, phone_verified, "phone"))
    return claims


def claim_of(new: NewIdentifier) -> Claim | None:
    """None for a telephone that has too few digits."""
    if isinstance(new, NewEmail):
        return Claim("email", normalise_email(new.value), new.verified, "value")
    number = normalise_phone(new.value)
    return None if number is None else Claim("phone", number, new.verified, "value")


async def replace_claims(conn: Connection, told: Sequence[tuple[UUID, Sequence[Claim]]]) -> None:
    """Let each shopper row's document claim exactly this; what the merchant's server told apart from it stays."""
    rows = [(shopper_id, claim) for shopper_id, claims in told for claim in claims]
    await conn.execute(
        "delete from shopper_identifiers where shopper_id = any($1::uuid[]) and source = 'document'",
        [shopper_id for shopper_id, _ in told],
    )
    await _insert(conn, rows, "document")


async def add_claim(conn: Connection, shopper_id: UUID, claim: Claim) -> None:
    """One told by the merchant's server. Telling it again can verify it and never the contrary."""
    await _insert(conn, [(shopper_id, claim)], "server")


async def drop_claim(conn: Connection, shopper_ids: Sequence[UUID], kind: ToldKind, value: str) -> bool:
    """Take back what the merchant's server told of these rows, which are one person; false when it told no such thing.

    What a shopper's own document claims as well stays, verified if the document says so.
    """
    rows = await conn.fetch(_DROP, list(shopper_ids), kind, value)
    claims = {row["shopper_id"]: [one for one in _claims(row) if one.name == (kind, value)] for row in rows}
    await _insert(conn, [(shopper_id, claim) for shopper_id, own in claims.items() for claim in own], "document")
    return bool(rows)


def normalise(kind: ToldKind, value: str) -> str:
    """In the spelling that is stored; a telephone that has too few digits is nobody's."""
    if kind == "email":
        return normalise_email(value)
    return value if kind == "visitor" else normalise_phone(value) or ""


def _claims(row: Row) -> list[Claim]:
    return claims_of(
        email=row["email"],
        email_verified=row["email_verified"],
        phone=row["phone"],
        phone_verified=row["phone_verified"],
    )


async def _insert(conn: Connection, rows: Sequence[tuple[UUID, Claim]], source: str) -> None:
    if rows:
        await conn.execute(
            _INSERT,
            [claim.kind for _, claim in rows],
            [claim.value for _, claim in rows],
            [shopper_id for shopper_id, _ in rows],
            [claim.verified for _, claim in rows],
            source,
        )


_INSERT = """
insert into shopper_identifiers (kind, value, shopper_id, verified, source)
select *, $5
from unnest($1::text[], $2::text[], $3::uuid[], $4::boolean[]) as sent (kind, value, shopper_id, verified)
on conflict (tenant_id, kind, value, shopper_id) do update
set verified = shopper_identifiers.verified or excluded.verified,
    source = case when 'server' in (shopper_identifiers.source, excluded.source) then 'server' else 'document' end
"""

# With each row's own document: it is in `told` while what is shown was told under a merged id.
_DROP = """
with dropped as (
    delete from shopper_identifiers
    where shopper_id = any($1::uuid[]) and kind = $2 and value = $3 and source = 'server'
    returning shopper_id
)
select dropped.shopper_id, own.email, own.email_verified, own.phone, own.phone_verified
from dropped
join shoppers using (shopper_id)
cross join lateral jsonb_populate_record(
    null::shoppers, coalesce(told, to_jsonb(shoppers))
) as own
"""
