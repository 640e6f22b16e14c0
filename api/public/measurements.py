"""/public/v1/measurements: how a shop measures, for everyone; a shopper's own measures, for who brings their token.

The only public answers that hold lengths, and each goes to the shopper whom the merchant's server vouches for.
"""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from api.bodies import decode_one
from api.public.addresses import make_address
from api.public.answers import PublicAnswer
from api.public.page import open_page
from api.public.proven import open_proven
from api.public.wire import PublishableKey, Token
from api.state import State
from api.writes import settle
from infra.database import Connection
from infra.errors import Conflict, NotFound
from tenants.fields import ExternalId
from tenants.lengths import Unit
from tenants.measured import Side, Source, read_record
from tenants.measurement_definitions import (
    MeasurementDefinition,
    MeasurementKind,
    list_measurement_definitions,
)
from tenants.page_measurements import (
    Measuring,
    NotRecognised,
    PastVersion,
    delete_own_measurements,
    list_past_versions,
    save_page_measurements,
)
from tenants.people import list_people_around
from tenants.questions import choose_locale
from tenants.shoppers import find_shopper_id
from tenants.told_measurements import ToldValue, Unusual

PageLocale = Annotated[str, Meta(max_length=35, description="The page's language, such as en or zh-CN.")]
Tenths = Annotated[int, Meta(description="In tenths of a millimetre.")]


class MeasurementsIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which shop, and whose."""

    key: PublishableKey
    token: Token | None = None
    person: Annotated[ExternalId | None, Meta(description="Someone around the shopper; null: themselves.")] = None
    locale: PageLocale = "en"


class AgreedTo(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """That the shopper agreed on this page, and to which text."""

    text_version: Annotated[str, Meta(min_length=1, max_length=200)]


class SaveIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a shopper measured."""

    key: PublishableKey
    token: Token
    person: Annotated[ExternalId | None, Meta(description="Someone around the shopper; null: themselves.")] = None
    kind: MeasurementKind
    values: Annotated[tuple[ToldValue, ...], Meta(min_length=1, max_length=50)]
    consent: Annotated[
        AgreedTo | None, Meta(description="Records the shopper's yes to keeping measurements, with these.")
    ] = None
    locale: PageLocale = "en"


class DeleteIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whose measures are to go, of one kind or of all."""

    key: PublishableKey
    token: Token
    person: Annotated[ExternalId | None, Meta(description="Someone around the shopper; null: themselves.")] = None
    kind: MeasurementKind | None = None


class PagePerson(Struct, frozen=True, kw_only=True):
    """Someone around the shopper."""

    id: str
    name: str
    relation: str


class PageDefinition(Struct, frozen=True, kw_only=True):
    """How one key is measured, in the page's language. Ranges include both ends."""

    key: str
    kind: MeasurementKind
    label: str
    sided: bool
    unit: Unit
    soft_min: Tenths
    soft_max: Tenths
    hard_min: Tenths
    hard_max: Tenths
    how: tuple[str, ...]
    drawing: str


class PageValue(Struct, frozen=True, kw_only=True):
    """One value in force."""

    key: str
    side: Side
    value_tenth_mm: int
    source: Source
    measured_at: datetime
    stale: bool


class MeasurementsOut(Struct, frozen=True, kw_only=True):
    """How the shop measures; for a shopper who is known and agreed, also what is on record."""

    known: Annotated[bool, Meta(description="A token proved a shopper who may be recognised.")]
    consent: Annotated[bool, Meta(description="The shopper agreed that measurements are kept.")]
    unit: Unit
    people: tuple[PagePerson, ...]
    definitions: tuple[PageDefinition, ...]
    values: tuple[PageValue, ...]
    history: Annotated[tuple[PastVersion, ...], Meta(description="What was told, the newest first.")]


class SavedOut(Struct, frozen=True, kw_only=True):
    """Where the shopper's own profile stands."""

    version: int
    warnings: tuple[Unusual, ...]


class DeletedOut(Struct, frozen=True, kw_only=True):
    """How many profiles went."""

    deleted: int


async def read_own(state: State, body: bytes) -> PublicAnswer:
    """Definitions for everyone, the rest for the shopper alone."""
    wish, now = decode_one(body, _read), state.clock()
    page = await open_page(state, key=wish.key, token=wish.token, visitor=None, now=now.timestamp())
    async with state.db.tenant(page.tenant_id) as conn:
        definitions = [_shown(one, wish.locale) for one in await list_measurement_definitions(conn)]
        found = MeasurementsOut(
            known=page.shopper_id is not None, consent=False, unit="cm", people=(), definitions=tuple(definitions),
            values=(), history=(),
        )  # fmt: skip
        if page.shopper_id is not None:
            found = await _add_own(conn, found, page.shopper_id, wish.person, now)
    return PublicAnswer(msgspec.json.encode(found))


async def save_own(state: State, body: bytes) -> PublicAnswer:
    """Store what a shopper measured, with their consent if it is given here."""
    wish, now = decode_one(body, _save), state.clock()
    page = await open_page(state, key=wish.key, token=wish.token, visitor=None, now=now.timestamp())
    if page.shopper_id is None:
        raise NotRecognised("This shopper does not want to be recognised.")
    measuring = Measuring(
        shopper=page.shopper_id, person=wish.person, kind=wish.kind, values=wish.values,
        agreed_to=None if wish.consent is None else wish.consent.text_version, locale=wish.locale,
    )  # fmt: skip

    async def save() -> SavedOut:
        async with state.db.tenant(page.tenant_id) as conn:
            saved = await save_page_measurements(conn, measuring, now=now)
        return SavedOut(version=saved.version, warnings=tuple(saved.warnings))

    return PublicAnswer(msgspec.json.encode(await settle(save)))


async def delete_own(state: State, body: bytes) -> PublicAnswer:
    """Delete what is on record of a shopper, who need not want to be recognised for that."""
    wish = decode_one(body, _delete)
    proven = await open_proven(state, key=wish.key, token=wish.token, now=state.clock())

    async def delete() -> DeletedOut:
        async with state.db.tenant(proven.tenant_id) as conn:
            shopper_id = await find_shopper_id(conn, proven.shopper_id)
            if shopper_id is None:
                return DeletedOut(deleted=0)
            deleted = await delete_own_measurements(conn, shopper_id, person=wish.person, kind=wish.kind)
        return DeletedOut(deleted=deleted)

    return PublicAnswer(msgspec.json.encode(await settle(delete)))


async def _add_own(
    conn: Connection, found: MeasurementsOut, shopper: str, person: str | None, now: datetime
) -> MeasurementsOut:
    shopper_id = await find_shopper_id(conn, shopper)
    if shopper_id is None:
        return found
    record = await read_record(conn, shopper_id, person_id=person, now=now)
    people = [one for one in await list_people_around(conn, shopper_id) if one.relation != "self"]
    return msgspec.structs.replace(
        found,
        consent=record.allowed,
        people=tuple(PagePerson(id=one.id, name=one.name, relation=one.relation) for one in people),
        values=tuple(msgspec.convert(one, PageValue, from_attributes=True) for one in record.values.values()),
        history=tuple(await list_past_versions(conn, shopper_id, person=person)) if record.allowed else (),
    )


def _shown(definition: MeasurementDefinition, locale: str) -> PageDefinition:
    (hard_min, hard_max), (soft_min, soft_max) = definition.hard_range, definition.soft_range
    how = definition.how[choose_locale(definition.how, locale)] if definition.how else ""
    return PageDefinition(
        key=definition.id, kind=definition.kind, label=definition.label[choose_locale(definition.label, locale)],
        sided=definition.sided, unit=definition.unit, soft_min=soft_min, soft_max=soft_max, hard_min=hard_min,
        hard_max=hard_max, how=tuple(line for line in how.split("\n") if line.strip()), drawing=definition.drawing,
    )  # fmt: skip


_read = msgspec.json.Decoder(MeasurementsIn)
_save = msgspec.json.Decoder(SaveIn)
_delete = msgspec.json.Decoder(DeleteIn)

PUBLIC_MEASUREMENTS = [
    *make_address(
        "/public/v1/measurements:read", read_own, "Read how measures are taken, and a shopper's own",
        body=MeasurementsIn, answer=MeasurementsOut, also=(NotFound,),
    ),
    *make_address(
        "/public/v1/measurements:save", save_own, "Store a shopper's own measures",
        body=SaveIn, answer=SavedOut, also=(NotFound, Conflict),
    ),
    *make_address(
        "/public/v1/measurements:delete", delete_own, "Delete a shopper's own measures",
        body=DeleteIn, answer=DeletedOut, also=(NotFound,),
    ),
]  # fmt: skip
