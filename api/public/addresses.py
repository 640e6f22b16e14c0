"""Addresses: what pages post to, each with its preflight."""

import msgspec

from api.door import Door, DoorHandler
from api.endpoints import Endpoint
from api.public.page import preflight
from api.public.wire import MAX_BODY, TYPES
from infra.errors import BadRequest, Invalid, Refusal, TooLarge, Unauthenticated, Unavailable, Unsupported

REFUSALS: tuple[type[Refusal], ...] = (BadRequest, Unauthenticated, TooLarge, Unsupported, Invalid, Unavailable)


def make_address(
    path: str,
    handler: DoorHandler,
    summary: str,
    *,
    body: type[msgspec.Struct],
    answer: type[msgspec.Struct],
    status: int = 200,
    also: tuple[type[Refusal], ...] = (),
) -> list[Endpoint]:
    """`also`: refusals besides those that every public address has."""
    return [
        Endpoint("POST", path, Door(handler, limit=MAX_BODY, types=TYPES), summary, "public", answer=answer,
                 status=status, refusals=(*REFUSALS, *also), body=body, body_types=TYPES),
        Endpoint("OPTIONS", path, preflight, "CORS", "public", answer=None, status=204, refusals=()),
    ]  # fmt: skip
