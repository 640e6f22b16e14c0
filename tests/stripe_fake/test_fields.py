"""Fields: everything that the stand-in answers is held against the classes that the `stripe` package ships."""

import importlib
import pkgutil
import types
from collections.abc import Iterator
from typing import Any, ForwardRef, Literal, Union, get_args, get_origin

import pytest
import stripe

from infra.embedded.stripe.events import API_VERSION
from tests.stripe_fake.story import tell_story
from tests.support.stripe import FakeStripe

# Stripe leaves these out unless they are asked for, or answers them for some accounts and kinds only.
LEFT_OUT = {
    "balance": {"connect_reserved", "instant_available", "issuing", "refund_and_dispute_prefunding"},
    "*": {"deleted", "presentment_details", "managed_payments", "customer_account", "test_clock"},
    "account": {"external_accounts", "individual", "groups", "tos_acceptance", "future_requirements", "company"},
    "charge": {"refunds", "level3", "authorization_code", "transfer"},
    "checkout.session": {
        "redirect_on_completion",
        "line_items",
        "optional_items",
        "name_collection",
        "tax_id_collection",
        "branding_settings",
    },
    "customer": {"sources", "subscriptions", "tax_ids", "cash_balance", "invoice_credit_balance", "tax"},
    "dispute": {"intended_submission_method"},
    "event": {"account", "context"},
    "invoice": {"payments", "confirmation_secret", "threshold_reason", "amount_paid_off_stripe", "status_details"},
    "item": {"adjustable_quantity", "discounts", "taxes", "metadata"},
    "line_item": {"quantity_decimal"},
    "payment_intent": {"payment_record", "payment_details", "presentment_details"},
    "plan": {"tiers"},
    "price": {"currency_options", "tiers"},
    "product": {"tax_details"},
    "refund": {
        "description",
        "failure_balance_transaction",
        "failure_reason",
        "instructions_email",
        "next_action",
    },
    "setup_intent": {"attach_to_self"},
    "subscription": {"status_details"},
    "subscription_item": {"billed_until", "current_trial", "quantity"},
    "webhook_endpoint": {"secret"},
}
_EVERYWHERE = {"excluded_payment_method_types"}


# Any: JSON, and annotations of any form.
@pytest.fixture
async def answered(client: stripe.StripeClient, fake: FakeStripe) -> list[Any]:
    """Every object of a long story, and the events about them."""
    await tell_story(client, fake)
    return [
        record
        for books in fake.world.accounts.values()
        for kind, table in books.tables.items()
        for record in table.values()
        if kind != "application"
    ]


async def test_every_field_exists_in_the_package_and_has_its_type(answered: list[Any]) -> None:
    wrong = sorted({finding for record in answered for finding in check_object(record)})
    assert not wrong, "\n".join(wrong)


async def test_what_is_only_asked_for_is_right_too(
    client: stripe.StripeClient, fake: FakeStripe, answered: list[Any]
) -> None:
    session = next(
        row["id"] for row in fake.world.platform().choose("checkout.session", lambda row: row["amount_total"])
    )
    meter = next(iter(fake.world.platform().table("billing.meter")))
    times = "customer=cus_1&start_time=0&end_time=60"
    paths = (
        "balance",
        f"checkout/sessions/{session}?expand[]=line_items",
        f"checkout/sessions/{session}/line_items",
        f"billing/meters/{meter}/event_summaries?{times}",
        "charges?limit=100&expand[]=data.refunds&expand[]=data.balance_transaction",
        "customers?limit=100&expand[]=data.subscriptions",
        "prices?limit=100&expand[]=data.tiers&expand[]=data.product",
        "payment_intents?limit=100&expand[]=data.latest_charge.refunds&expand[]=data.payment_method",
    )
    answers = [(await fake.http.get(f"/v1/{path}")).json() for path in paths]
    rows = [row for answer in answers for row in answer.get("data", [answer])]
    link: Any = {"account": next(iter(fake.world.platform().table("account"))), "type": "account_onboarding"}
    link |= {"refresh_url": "https://shop.example", "return_url": "https://shop.example"}
    rows.append((await client.v1.account_links.create_async(link)).to_dict())
    wrong = sorted({finding for row in rows for finding in check_object(row)})
    assert not wrong, "\n".join(wrong)


async def test_the_story_holds_every_kind_of_object(answered: list[Any]) -> None:
    assert {record["object"] for record in answered} == {
        "account",
        "application_fee",
        "balance_transaction",
        "billing.meter",
        "billing.meter_event",
        "charge",
        "checkout.session",
        "customer",
        "dispute",
        "event",
        "fee_refund",
        "invoice",
        "payment_intent",
        "payment_method",
        "price",
        "product",
        "refund",
        "setup_intent",
        "subscription",
        "webhook_endpoint",
    }


def test_the_stand_in_speaks_the_package_s_version() -> None:
    assert stripe.StripeClient("sk_test_x", http_client=stripe.HTTPClient())._requestor.stripe_version == API_VERSION


def check_object(record: dict[str, Any]) -> Iterator[str]:
    """What is wrong with an object that says what it is."""
    kind = record["object"]
    shape = CLASSES[kind]
    yield from _check_fields(record, shape, kind)
    given = LEFT_OUT["*"] | LEFT_OUT.get(kind, set()) | _EVERYWHERE
    optional = {name for name in _fields(shape) if name not in given and not name.startswith("_")}
    if kind == "event":
        yield from check_object(record["data"]["object"])
    if kind == "payment_method":
        optional = {name for name in optional if name in ("card", "customer", "metadata", "allow_redisplay")}
    for name in sorted(optional - set(record)):
        yield f"{kind}.{name} is missing"


def _check_fields(record: dict[str, Any], shape: type, path: str) -> Iterator[str]:
    fields = _fields(shape)
    for name, value in record.items():
        if name not in fields:
            yield f"{path}.{name} does not exist"
        else:
            yield from _check(value, fields[name], f"{path}.{name}")
    for name, wanted in fields.items():
        if name not in record and not _is_optional(wanted) and not name.startswith("_"):
            yield f"{path}.{name} is required and missing"


def _check(value: Any, wanted: Any, path: str) -> Iterator[str]:
    if isinstance(wanted, str | ForwardRef):
        yield from _check_named(value, path)
    elif get_origin(wanted) is Union:
        found = [list(_check(value, one, path)) for one in get_args(wanted)]
        if all(found):
            told = [findings for findings in found if "is not null" not in findings[0]]
            yield from min(told or found, key=len)
    elif get_origin(wanted) is Literal:
        if value not in get_args(wanted):
            yield f"{path}: {value!r} is not one of {get_args(wanted)[:6]}"
    elif get_origin(wanted) is list:
        yield from _check_list(value, get_args(wanted)[0], path)
    elif get_origin(wanted) is not None or wanted is Any:
        yield from _check_generic(value, wanted, path)
    elif wanted is types.NoneType:
        yield from () if value is None else (f"{path}: {value!r} is not null",)
    elif wanted.__module__.startswith("stripe"):
        yield from _check_class(value, wanted, path)
    else:
        yield from _check_plain(value, wanted, path)


def _check_plain(value: Any, wanted: type, path: str) -> Iterator[str]:
    """Decimals travel as text; a whole number is a number."""
    travels = {"Decimal": str, "float": (int, float)}.get(wanted.__name__, wanted)
    if not isinstance(value, travels) or (isinstance(value, bool) and wanted is not bool):  # type: ignore[arg-type]
        yield f"{path}: {value!r} is not {wanted.__name__}"


def _check_class(value: Any, wanted: type, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: {value!r} is not a {wanted.__name__}"
    elif isinstance(value.get("object"), str):
        yield from check_object(value)
    elif wanted.__name__ != "UntypedStripeObject":
        yield from _check_fields(value, wanted, path)


def _check_named(value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict) or value.get("object") not in CLASSES:
        yield f"{path}: {value!r} is no object"
    else:
        yield from check_object(value)


def _check_list(value: Any, wanted: Any, path: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{path}: {value!r} is no list"
        return
    for row in value:
        yield from _check(row, wanted, f"{path}[]")


def _check_generic(value: Any, wanted: Any, path: str) -> Iterator[str]:
    """Lists of objects and free dictionaries."""
    if wanted is Any:
        return
    if not isinstance(value, dict):
        yield f"{path}: {value!r} is no dictionary"
    elif "ListObject" in str(wanted):
        if set(value) != {"object", "data", "has_more", "url"} or value["object"] != "list":
            yield f"{path} is no list object"
        for row in value.get("data", []):
            yield from check_object(row)


def _fields(shape: type) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for base in reversed(shape.__mro__):
        if base.__module__.startswith("stripe.") and base.__name__ not in _BASES:
            found |= vars(base).get("__annotations__", {})
    return {name: wanted for name, wanted in found.items() if name != "OBJECT_NAME"}


def _is_optional(wanted: Any) -> bool:
    return get_origin(wanted) is Union and types.NoneType in get_args(wanted)


_BASES = {"StripeObject", "APIResource", "ListableAPIResource", "CreateableAPIResource", "UpdateableAPIResource"}


def _classes() -> dict[str, type]:
    """The package's classes of API version 1 by object name."""
    found: dict[str, type] = {}
    for folder, prefix in (("", "stripe."), ("/checkout", "stripe.checkout."), ("/billing", "stripe.billing.")):
        for module in pkgutil.iter_modules([stripe.__path__[0] + folder]):
            if module.ispkg or module.name.endswith(("_service", "__main__")):
                continue
            for value in vars(importlib.import_module(prefix + module.name)).values():
                if isinstance(value, type) and issubclass(value, stripe.StripeObject) and hasattr(value, "OBJECT_NAME"):
                    found[value.OBJECT_NAME] = value
    return found


CLASSES = _classes()
