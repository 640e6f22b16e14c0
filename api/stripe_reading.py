"""Stripe reading: objects of Stripe, from a webhook or an answer, to the facts that we keep of them."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct

from tenants.stripe_facts import Fact

KEY = "lastbook_key"
"""Of the metadata in which our own charge or refund key stands."""


class _Ref(Struct):
    """An object that was expanded in place of its id."""

    id: str


_Id = str | _Ref | None


class _Error(Struct):
    code: str | None = None
    decline_code: str | None = None


class _Evidence(Struct):
    due_by: int | None = None


class _Wire(Struct, kw_only=True):
    """The fields that we read, of whichever object; each is absent or null somewhere. Names as in Stripe's API."""

    id: str
    object: str
    status: str | None = None
    metadata: dict[str, str] | None = None
    amount: int | None = None
    amount_received: int | None = None
    amount_total: int | None = None
    currency: str | None = None
    customer: _Id = None
    payment_method: _Id = None
    payment_intent: _Id = None
    setup_intent: _Id = None
    last_payment_error: _Error | None = None
    last_setup_error: _Error | None = None
    failure_reason: str | None = None
    reason: str | None = None
    evidence_details: _Evidence | None = None
    expires_at: int | None = None
    url: str | None = None
    charges_enabled: bool | None = None
    details_submitted: bool | None = None


def read_fact(thing: Mapping[str, Any]) -> Fact | None:
    """The fact, or None for an object that we do not act on. Any: JSON, as Stripe sends it.

    Raises msgspec.ValidationError when a field is not of the documented type.
    """
    read = _READERS.get(str(thing.get("object")))
    return None if read is None else read(msgspec.convert(thing, _Wire))


def _payment_intent(wire: _Wire) -> Fact:
    paid = wire.status == "succeeded"
    return _fact(
        "payment_intent",
        wire,
        amount_minor=(wire.amount_received if paid else wire.amount) or 0,
        intent_id=wire.id,
        error_code=_code(wire.last_payment_error),
    )


def _setup_intent(wire: _Wire) -> Fact:
    return _fact("setup_intent", wire, intent_id=wire.id, error_code=_code(wire.last_setup_error))


def _session(wire: _Wire) -> Fact:
    return _fact(
        "session",
        wire,
        amount_minor=wire.amount_total or 0,
        intent_id=_id(wire.payment_intent) or _id(wire.setup_intent),
        due_at=_moment(wire.expires_at),
        url=wire.url,
    )


def _refund(wire: _Wire) -> Fact:
    amount, intent = wire.amount or 0, _id(wire.payment_intent)
    return _fact("refund", wire, amount_minor=amount, intent_id=intent, error_code=wire.failure_reason)


def _dispute(wire: _Wire) -> Fact:
    return _fact(
        "dispute",
        wire,
        amount_minor=wire.amount or 0,
        intent_id=_id(wire.payment_intent),
        reason=wire.reason or "",
        due_at=_moment(None if wire.evidence_details is None else wire.evidence_details.due_by),
    )


def _account(wire: _Wire) -> Fact:
    charges, details = bool(wire.charges_enabled), bool(wire.details_submitted)
    return _fact("account", wire, charges_enabled=charges, details_submitted=details)


# Any: keyword arguments of Fact, each of its own type.
def _fact(kind: Any, wire: _Wire, **more: Any) -> Fact:
    return Fact(
        kind=kind,
        id=wire.id,
        status=wire.status or "",
        key=(wire.metadata or {}).get(KEY),
        currency=(wire.currency or "").upper(),
        customer_id=_id(wire.customer),
        payment_method_id=_id(wire.payment_method),
        **more,
    )


def _id(ref: _Id) -> str | None:
    return ref.id if isinstance(ref, _Ref) else ref


def _code(error: _Error | None) -> str | None:
    if error is None:
        return None
    # A decline for want of authentication is one that the shopper can mend, whatever else is said of it.
    return error.code if error.code == "authentication_required" else error.decline_code or error.code


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


_READERS: dict[str, Callable[[_Wire], Fact]] = {
    "payment_intent": _payment_intent,
    "setup_intent": _setup_intent,
    "checkout.session": _session,
    "refund": _refund,
    "dispute": _dispute,
    "account": _account,
}
