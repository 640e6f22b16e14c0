"""Events: what happened, as it was at that moment; what webhooks carry."""

import copy
from dataclasses import dataclass

from infra.embedded.stripe.books import Books, Record, new_id
from infra.embedded.stripe.calls import DATED, Call, route

API_VERSION = "2026-10-28.endive"
"""The version of the API that the fake answers in: the one of the `stripe` package that we use (a test compares)."""


@dataclass(frozen=True, slots=True)
class Cause:
    """The call that an event came from; both None for what time brought."""

    request: str | None = None
    idempotency_key: str | None = None


def record_event(books: Books, kind: str, record: Record, previous: Record | None, cause: Cause) -> Record:
    """Keep an event about the object as it is now."""
    data: Record = {"object": copy.deepcopy(record)}
    if previous is not None:
        data["previous_attributes"] = previous
    event = {
        "id": new_id("evt"),
        "object": "event",
        "api_version": API_VERSION,
        "created": books.now(),
        "data": data,
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": cause.request, "idempotency_key": cause.idempotency_key},
        "type": kind,
    }
    return books.add(event if books.is_platform else {**event, "account": books.account})


def retrieve(call: Call) -> Record:
    return call.books.get("event", call.id)


def list_events(call: Call) -> Record:
    kinds = call.params.texts("types")
    fits = call.books.choose("event", lambda row: call.fits(row, "type") and (not kinds or row["type"] in kinds))
    return call.page(fits)


ROUTES = (
    route("GET", "/v1/events", list_events, f"type types {DATED}"),
    route("GET", "/v1/events/{id}", retrieve),
)
