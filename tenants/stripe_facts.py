"""Stripe facts: what we act on of an object at Stripe, whether a webhook told it or we read it. Nothing of a person."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

FactKind = Literal["payment_intent", "setup_intent", "session", "refund", "dispute", "account"]


class Fact(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One object as it was when it was told. `status` is Stripe's own word."""

    kind: FactKind
    id: str
    status: str = ""
    key: str | None = None
    """Our charge or refund, from the object's metadata."""
    amount_minor: int = 0
    """Received, for a payment; saved cards have none."""
    currency: str = ""
    """In capitals, as ours."""
    customer_id: str | None = None
    payment_method_id: str | None = None
    intent_id: str | None = None
    error_code: str | None = None
    """The decline code where there is one: it says more."""
    reason: str = ""
    due_at: datetime | None = None
    url: str | None = None
    charges_enabled: bool = False
    details_submitted: bool = False
