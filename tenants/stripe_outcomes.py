"""Stripe outcomes: what a fact means for the charge that it is about. Stripe's words are read here and nowhere else."""

from tenants.charges import Charge, ChargeStatus
from tenants.stripe_facts import Fact

NEEDS_SHOPPER = "authentication_required"
"""The bank wants to ask the cardholder, who is not there."""
_MAY_STAND = frozenset({"requires_action", "requires_confirmation"})


def outcome_of(charge: Charge, fact: Fact) -> ChargeStatus | None:
    """Where it takes the charge; None while nothing is decided.

    On a checkout the shopper may try card after card, so only money, or the end of the session, decides.
    """
    if fact.kind == "session":
        return "cancelled" if fact.status == "expired" else None
    if fact.status == "succeeded":
        return "succeeded"
    if charge.road == "checkout" or fact.kind == "setup_intent":
        return None
    return _off_session(fact)


def find_mismatch(charge: Charge, fact: Fact, account_id: str) -> str | None:
    """What of a fact contradicts our own row: then nothing is done with it, and a person must look."""
    if account_id != charge.account_id:
        return "another account"
    if (fact.kind == "setup_intent") != (charge.purpose == "setup") and fact.kind != "session":
        return "another kind"
    if fact.kind == "payment_intent" and (fact.amount_minor, fact.currency) != (charge.amount_minor, charge.currency):
        return "another amount"
    return None


def _off_session(fact: Fact) -> ChargeStatus | None:
    if fact.status == "canceled":
        return "failed"
    if fact.status in _MAY_STAND or fact.error_code == NEEDS_SHOPPER:
        return "action_required"
    # Without an error it was only made, and is about to be confirmed.
    return "failed" if fact.status == "requires_payment_method" and fact.error_code else None
