"""Benchmark configure: one answer to an option document of 40 options and 60 rules, against decoding its JSON.

An answer is what a page asks for at every click: some of it said, the rest preferences, defaults, and a measure of each
foot. The reference is msgspec decoding the same document, once for each answer.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

import msgspec

from tenants.fields import Scalar
from tenants.option_answers import Measured, evaluate
from tenants.option_checks import check_document
from tenants.option_plan import Published, make_plan
from tenants.options import OptionDocument

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ROUNDS, CALLS = 40, 50
CHOICES, RULES = 28, 60
FEET: Measured = {("foot_length", "left"): 2650, ("foot_length", "right"): 2680}
PREFERENCES: dict[str, Scalar] = {"initials": "AB", "colour": "v2"}
FIRST: dict[str, Scalar] = {}
SETTLED: dict[str, Scalar] = {
    **{f"c{place}": f"v{place % 4}" for place in range(0, CHOICES, 2)},
    "t1": "ABC",
    "n1": 7.5,
}
CONFLICT: dict[str, Scalar] = {**SETTLED, "c0": "v4", "c1": "v5"}


def run() -> dict[str, object]:
    """Milliseconds of one answer: the first of a page, one in the middle, one with a conflict and its fix."""
    text = msgspec.json.encode(make_document())
    decoder = msgspec.json.Decoder(OptionDocument)
    document = decoder.decode(text)
    if errors := check_document(document, NOW):
        raise ValueError(f"the document could not be published: {errors}")
    started = time.perf_counter()
    published = Published(UUID(int=1), document.id, 1, b"s" * 32, NOW, None, document, make_plan(document))
    prepare = time.perf_counter() - started
    decode = _milliseconds(lambda: decoder.decode(text))
    asked = {"first": FIRST, "settled": SETTLED, "conflict": CONFLICT}
    found = {name: _milliseconds(partial(_evaluate, published, answers)) for name, answers in asked.items()}
    slowest = max(found.values())
    return {
        "options": len(document.options),
        "rules": len(document.rules),
        "document_bytes": len(text),
        "prepare_milliseconds": round(prepare * 1000, 3),
        "check_milliseconds": round(_milliseconds(lambda: check_document(document, NOW), rounds=3, calls=1), 1),
        **{f"{name}_milliseconds": round(value, 4) for name, value in found.items()},
        "decode_milliseconds": round(decode, 4),
        "milliseconds": round(slowest, 4),
        "ratio": round(decode / slowest, 3),
    }


def make_document() -> dict[str, object]:
    """28 choices of six values, six texts, five numbers, a measure; rules of all kinds, of which a few hold."""
    options: list[dict[str, object]] = [
        {
            "kind": "choice", "id": f"c{place}", "label": {"en": f"Choice {place}", "zh": f"选项{place}"},
            "required": place % 2 == 0, "lead_days": place % 3,
            "values": [{"id": f"v{value}", "label": {"en": f"Value {value}", "zh": f"值{value}"},
                        "price": {"kind": "percent", "basis_points": 25 * value}} for value in range(6)],
        } | ({"default": "v1"} if place % 4 == 1 else {})
        for place in range(CHOICES)
    ]  # fmt: skip
    options += [
        {"kind": "text", "id": f"t{place}", "max_length": 12, "characters": ["letters"], "personal": "initials",
         "price": {"kind": "per_unit", "amount_minor": 50}} for place in range(6)
    ]  # fmt: skip
    options += [{"kind": "number", "id": f"n{place}", "min": 0, "max": 100, "step": 0.5} for place in range(5)]
    options.append({"kind": "measurement", "id": "foot", "key": "foot_length", "sided": "each"})
    return {"id": "benchmark", "products": ["p1"], "base_lead_days": 5, "options": options, "rules": _rules()}


def _rules() -> list[dict[str, object]]:
    kinds = ("exclude", "require", "exclude", "show")
    rules: list[dict[str, object]] = []
    for place in range(RULES):
        kind = kinds[place % 4]
        when = place % (CHOICES - 1)
        condition: dict[str, object] = {"option": f"c{when}", "is": ["v4", "v0"] if kind == "show" else ["v4"]}
        target: dict[str, object] = {"option": f"c{when + 1}", "is": ["v1", "v2"] if kind == "require" else ["v5"]}
        if kind == "show" and place < 24:
            target = {"option": f"t{place // 4}"}
        rules.append({"id": f"r{place}", "kind": kind, "when": condition, "then": target})
    return rules


def _evaluate(published: Published, answers: dict[str, Scalar]) -> object:
    return evaluate(
        published, 10_000, "EUR", answers,
        product_id="p1", measured=FEET, preferences=PREFERENCES, region="NL", now=NOW, locale="zh-CN",
    )  # fmt: skip


def _milliseconds(call: Callable[[], object], *, rounds: int = ROUNDS, calls: int = CALLS) -> float:
    """The mean of the round that other processes disturbed least."""
    taken: list[float] = []
    for _ in range(rounds):
        started = time.perf_counter()
        for _ in range(calls):
            call()
        taken.append((time.perf_counter() - started) / calls)
    return min(taken) * 1000
