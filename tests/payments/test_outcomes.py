"""What Stripe's words mean for a charge, and which facts contradict our own row."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from tenants.charges import Charge, Road
from tenants.refunds import Refundable, plan_refunds
from tenants.stripe_facts import Fact
from tenants.stripe_outcomes import find_mismatch, outcome_of

NOW = datetime(2026, 3, 2, tzinfo=UTC)
CHARGE = Charge(
    charge_key="preorder:x:full:1", preorder_id=UUID(int=1), purpose="full", attempt=1, road="off_session",
    account_id="acct_1", amount_minor=1000, fee_minor=0, currency="EUR", status="pending", intent_id=None,
    session_id=None, session_url=None, session_expires_at=None, error_code=None, sends=1, created_at=NOW,
    settled_at=None,
)  # fmt: skip


def intent(status: str, **fields: Any) -> Fact:
    return Fact(kind="payment_intent", id="pi_1", status=status, amount_minor=1000, currency="EUR", **fields)


@pytest.mark.parametrize(
    ("fact", "away", "at_checkout"),
    [
        (intent("succeeded"), "succeeded", "succeeded"),
        (intent("processing"), None, None),
        (intent("requires_payment_method"), None, None),
        (intent("requires_payment_method", error_code="insufficient_funds"), "failed", None),
        (intent("requires_payment_method", error_code="authentication_required"), "action_required", None),
        (intent("requires_action"), "action_required", None),
        (intent("canceled"), "failed", None),
        (Fact(kind="session", id="cs_1", status="complete"), None, None),
        (Fact(kind="session", id="cs_1", status="expired"), "cancelled", "cancelled"),
    ],
)
def test_p4_only_money_or_the_end_decides_a_checkout_and_a_decline_a_charge(
    fact: Fact, away: str | None, at_checkout: str | None
) -> None:
    roads: tuple[Road, Road] = ("off_session", "checkout")

    assert [outcome_of(replace(CHARGE, road=road), fact) for road in roads] == [away, at_checkout]


def test_p4_a_fact_of_another_account_amount_currency_or_kind_contradicts_us() -> None:
    paid = intent("succeeded")
    setup = Fact(kind="setup_intent", id="seti_1", status="succeeded")

    assert find_mismatch(CHARGE, paid, "acct_1") is None
    assert find_mismatch(CHARGE, paid, "acct_2") == "another account"
    assert find_mismatch(replace(CHARGE, amount_minor=999), paid, "acct_1") == "another amount"
    assert find_mismatch(replace(CHARGE, currency="USD"), paid, "acct_1") == "another amount"
    assert find_mismatch(CHARGE, setup, "acct_1") == "another kind"


def test_p4_a_refund_is_shared_over_charges_and_rests_after_a_failure() -> None:
    both = [Refundable("balance", 700, 0, None), Refundable("deposit", 300, 0, None)]
    failed = [Refundable("balance", 700, 1, NOW), Refundable("deposit", 300, 0, None)]

    assert plan_refunds(1000, both, NOW) == [("balance", 700), ("deposit", 300)]
    assert plan_refunds(100, both, NOW) == [("balance", 100)]
    assert plan_refunds(1000, failed, NOW) == [("deposit", 300)]
    assert plan_refunds(1000, failed, NOW + timedelta(days=1)) == [("balance", 700), ("deposit", 300)]
    assert plan_refunds(1000, [Refundable("balance", 700, 10, NOW)], NOW + timedelta(days=99)) == []
