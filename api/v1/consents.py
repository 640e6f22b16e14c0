"""/v1/consents and /v1/contact-preferences: what a shopper agreed to, and by which channels they may be reached."""

from datetime import timedelta
from functools import partial
from uuid import UUID

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from api.auth import authenticate
from api.bodies import decode_one, read_body
from api.endpoints import Endpoint
from api.keyring import Caller
from api.resources import IDEMPOTENCY, answer, path_id, refusal_of
from api.sessions import list_owners
from api.state import state_of
from api.writes import Done, write
from infra.database import Connection
from infra.errors import (
    BadRequest,
    FieldError,
    Forbidden,
    Invalid,
    NotFound,
    TooLarge,
    Unauthenticated,
    Unavailable,
    Unsupported,
)
from tenants.consent import (
    Consent,
    PrivacySettings,
    Purpose,
    allowed,
    find_consents,
    read_privacy_settings,
    record_consent,
    store_privacy_settings,
)
from tenants.contact_preferences import (
    ContactPreferences,
    read_contact_preferences,
    store_contact_preferences,
)
from tenants.named import hold_named
from tenants.shoppers import find_shopper_id

AHEAD = timedelta(minutes=5)
"""How far a merchant's clock may run before ours."""


class Consents(Struct, frozen=True, kw_only=True):
    """What holds now for each purpose, and every decision, the newest first."""

    allowed: dict[Purpose, bool]
    items: tuple[Consent, ...]


async def get_consents(request: Request) -> Response:
    caller = await privacy_caller(request, "read")
    async with state_of(request).db.tenant(caller.tenant_id) as conn:
        return answer(await _consents(conn, await get_shopper_id(conn, path_id(request))))


async def put_consent(request: Request) -> Response:
    """Record one decision. Earlier ones stay; the newest by `at` counts. Sending it again is harmless."""
    caller = await privacy_caller(request, "write")
    body = await read_body(request)
    consent = decode_one(body, msgspec.json.Decoder(Consent))
    if consent.at > state_of(request).clock() + AHEAD:
        raise refusal_of(FieldError("at", "must not lie in the future"))

    async def effect(conn: Connection) -> Done:
        named = await hold_named(conn, path_id(request))
        await record_consent(conn, named, consent)
        decided = await _consents(conn, named.shopper_id)
        if decided.allowed["personalisation"]:
            return Done(decided)
        owners = await list_owners(conn, caller.tenant_id, ("external_id", path_id(request)))
        return Done(decided, partial(state_of(request).sessions.forget, owners))

    return await write(request, caller.tenant_id, body, effect)


async def get_preferences(request: Request) -> Response:
    caller = await privacy_caller(request, "read")
    async with state_of(request).db.tenant(caller.tenant_id) as conn:
        return answer(await read_contact_preferences(conn, await get_shopper_id(conn, path_id(request))))


async def put_preferences(request: Request) -> Response:
    """Replace a shopper's channels. A channel that is off receives nothing."""
    caller = await privacy_caller(request, "write")
    body = await read_body(request)
    preferences = decode_one(body, msgspec.json.Decoder(ContactPreferences))

    async def effect(conn: Connection) -> ContactPreferences:
        named = await hold_named(conn, path_id(request))
        await store_contact_preferences(conn, named.row_id, preferences)
        return await read_contact_preferences(conn, named.shopper_id)

    return await write(request, caller.tenant_id, body, effect)


async def get_privacy_settings(request: Request) -> Response:
    caller = await privacy_caller(request, "read")
    async with state_of(request).db.tenant(caller.tenant_id) as conn:
        return answer(await read_privacy_settings(conn))


async def put_privacy_settings(request: Request) -> Response:
    """Say what holds for shoppers who have not decided."""
    caller = await privacy_caller(request, "write")
    body = await read_body(request)
    settings = decode_one(body, msgspec.json.Decoder(PrivacySettings))

    async def effect(conn: Connection) -> PrivacySettings:
        await store_privacy_settings(conn, settings, actor=f"key {caller.key_id}")
        return settings

    return await write(request, caller.tenant_id, body, effect)


async def privacy_caller(request: Request, act: str) -> Caller:
    return await authenticate(request, state_of(request).keys, f"privacy:{act}")


async def get_shopper_id(conn: Connection, external_id: str) -> UUID:
    """Raises NotFound."""
    found = await find_shopper_id(conn, external_id)
    if found is None:
        raise NotFound(f"There is no shopper {external_id!r}.")
    return found


async def _consents(conn: Connection, shopper_id: UUID) -> Consents:
    purposes: tuple[Purpose, ...] = ("personalisation", "measurements", "contact")
    return Consents(
        allowed={purpose: await allowed(conn, shopper_id, purpose) for purpose in purposes},
        items=tuple(await find_consents(conn, shopper_id)),
    )


KEYED = (BadRequest, Unauthenticated, Forbidden, Unavailable)
BODY = (*KEYED, TooLarge, Unsupported, Invalid)
privacy_reading = partial(Endpoint, tag="privacy", scope="privacy:read")
privacy_writing = partial(Endpoint, tag="privacy", scope="privacy:write", parameters=IDEMPOTENCY)

CONSENTS = [
    privacy_reading("GET", "/v1/consents/{id:path}", get_consents, "Read a shopper's consents",
                    answer=Consents, refusals=(*KEYED, NotFound)),
    privacy_writing("PUT", "/v1/consents/{id:path}", put_consent, "Record a shopper's decision",
                    answer=Consents, refusals=(*BODY, NotFound), body=Consent),
    privacy_reading("GET", "/v1/contact-preferences/{id:path}", get_preferences, "Read a shopper's channels",
                    answer=ContactPreferences, refusals=(*KEYED, NotFound)),
    privacy_writing("PUT", "/v1/contact-preferences/{id:path}", put_preferences, "Store a shopper's channels",
                    answer=ContactPreferences, refusals=(*BODY, NotFound), body=ContactPreferences),
    privacy_reading("GET", "/v1/privacy-settings", get_privacy_settings, "Read what holds without a decision",
                    answer=PrivacySettings, refusals=KEYED),
    privacy_writing("PUT", "/v1/privacy-settings", put_privacy_settings, "Say what holds without a decision",
                    answer=PrivacySettings, refusals=BODY, body=PrivacySettings),
]  # fmt: skip
