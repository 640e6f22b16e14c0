"""Shoes of a test: an option document with something of everything, and short ways to prepare and answer documents."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from infra.errors import FieldError
from tenants.fields import Scalar
from tenants.option_answers import Evaluation, Issue, Measured, evaluate
from tenants.option_checks import check_document
from tenants.option_plan import Published, make_plan
from tenants.options import OptionDocument
from tests.support.shop import Document, ShopClient

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TENANT = UUID(int=1)
FEET: Measured = {("foot_length", "left"): 2650, ("foot_length", "right"): 2680}


def choice(name: str, *values: str | Document, **fields: Any) -> Document:
    """A choice of values by id, or in full."""
    made = [{"id": value} if isinstance(value, str) else value for value in values]
    return {"kind": "choice", "id": name, "values": made} | fields


def text(name: str, **fields: Any) -> Document:
    return {"kind": "text", "id": name, "max_length": 10} | fields


def number(name: str, **fields: Any) -> Document:
    return {"kind": "number", "id": name, "min": 0, "max": 10} | fields


def measure(name: str, **fields: Any) -> Document:
    return {"kind": "measurement", "id": name, "key": name} | fields


def rule(name: str, kind: str, when: Document, then: Document, **fields: Any) -> Document:
    return {"id": name, "kind": kind, "when": when, "then": then} | fields


def said(option: str, *values: Scalar, **bounds: Any) -> Document:
    """A side of a rule."""
    return {"option": option} | ({"is": list(values)} if values else {}) | bounds


def fixed(amount_minor: int) -> Document:
    return {"kind": "fixed", "amount_minor": amount_minor}


def percent(basis_points: int) -> Document:
    return {"kind": "percent", "basis_points": basis_points}


def per_unit(amount_minor: int, per: int = 1, above: int = 0) -> Document:
    return {"kind": "per_unit", "amount_minor": amount_minor, "per": per, "above": above}


def document(options: Sequence[Document], rules: Sequence[Document] = (), **fields: Any) -> Document:
    return {"id": "shoe", "products": ["p1"], "options": list(options), "rules": list(rules)} | fields


SHOE = document(
    [
        choice("sole", {"id": "cloth"}, {"id": "rubber", "price": fixed(300), "lead_days": 1}, required=True,
               default="cloth", label={"en": "Sole", "zh": "鞋底"}),
        choice("width", "slim", "normal", "wide", required=True),
        choice("colour", {"id": "black"}, {"id": "red", "price": percent(250)}, default="black", personal="colour"),
        choice("embroidery", "none", "name", default="none", price=fixed(0)),
        text("initials", max_length=4, characters=["letters"], price=per_unit(50), personal="initials", lead_days=2),
        number("laces", min=60, max=120, step=0.5, unit="cm", price=per_unit(10, per=5, above=90)),
        measure("foot_length", sided="each", min=2000, max=3000, price=per_unit(100, per=50, above=2600)),
    ],
    [
        rule("r-wide", "exclude", said("sole", "rubber"), said("width", "slim")),
        rule("r-red", "require", said("colour", "red"), said("sole", "cloth"), message={"en": "Red stands on cloth."}),
        rule("r-name", "show", said("embroidery", "name"), said("initials")),
    ],
    base_lead_days=5,
)  # fmt: skip


def read(body: Document) -> OptionDocument:
    return msgspec.json.decode(msgspec.json.encode(body), type=OptionDocument)


def check(body: Document, now: datetime = NOW) -> tuple[FieldError, ...]:
    return check_document(read(body), now)


def publish(body: Document) -> Published:
    """As a version, without a look at whether it may be one."""
    made = read(body)
    return Published(TENANT, made.id, 1, b"s" * 32, NOW, None, made, make_plan(made))


def answer(
    body: Document | Published,
    answers: Mapping[str, Scalar] | None = None,
    *,
    base: int = 10_000,
    currency: str = "EUR",
    measured: Measured = FEET,
    preferences: Mapping[str, Scalar] | None = None,
    region: str | None = None,
    now: datetime = NOW,
    locale: str = "en",
    product_id: str = "p1",
) -> Evaluation:
    """What an answer comes to."""
    return evaluate(
        body if isinstance(body, Published) else publish(body),
        base,
        currency,
        answers or {},
        product_id=product_id,
        measured=measured,
        preferences=preferences or {},
        region=region,
        now=now,
        locale=locale,
    )


def codes(evaluation: Evaluation) -> list[tuple[str, ...]]:
    """Code and options of each issue."""
    return [(issue.code, *issue.options) for issue in evaluation.issues]


def issue_of(evaluation: Evaluation, code: str) -> Issue:
    return next(issue for issue in evaluation.issues if issue.code == code)


def apply_fix(answers: Mapping[str, Scalar], issue: Issue, choice: int = 0) -> Mapping[str, Scalar]:
    """The answers after a shopper has done what the issue proposes."""
    assert issue.fix is not None
    fix = issue.fix
    value = fix.values[choice] if fix.act == "choose" else None
    return {**answers, fix.option: value, **{change.option: change.value for change in fix.also}}


async def publish_at(shop: ShopClient, body: Document) -> Document:
    """Store and publish it through the front door."""
    stored = await shop.api.put(f"/v1/option-documents/{body['id']}", json=body)
    assert stored.status_code == 200, stored.text
    done = await shop.api.post("/v1/option-documents:publish", json={"id": body["id"]})
    assert done.status_code == 200, done.text
    published: Document = done.json()
    return published
