"""Fake options: the configure and quotes addresses for one shoe, priced by a table, as a test wants it to behave."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.widgets.fake_record import FakeRecord

ANYONE = {"access-control-allow-origin": "*"}
Behaviour = Literal["ready", "slow", "status 500", "status 404", "half json", "not on sale"]
SOLES = {"cloth": ("Stitched cloth", 0), "leather": ("Leather", 2000), "rubber": ("Rubber", -500)}
WIDTHS = {"regular": ("Regular", 0), "wide": ("Wide", 800)}
COLOURS = ("Ink", "Indigo", "Jade", "Rose", "Oatmeal", "Plum", "Flannel", "Vermilion", "Snow")
NOTICE = "Made to your own wishes: it cannot be sent back."
NEEDED = {"foot_length": "Foot length", "ball_girth": "Ball girth"}


@dataclass
class FakeOptions:
    """What it answers, and what it was asked."""

    record: FakeRecord
    behaviour: Behaviour = "ready"
    slow_seconds: float = 2.0
    base_minor: int = 12_800
    quote_status: int = 200
    labels: dict[str, str] = field(default_factory=dict)
    """Other labels than the usual ones, by option."""
    asked: list[dict[str, Any]] = field(default_factory=list)
    quoted: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """As the configure address answers it."""
        known = "token" in question
        answers = self._effective(question.get("answers", {}), known=known)
        prices = [
            {"option": name, "label": self.labels.get(name, name.capitalize()), "amount_minor": amount}
            for name, amount in self._amounts(answers).items()
            if amount
        ]
        missing = [] if known and self.record.consent else list(NEEDED)
        if known and self.record.consent:
            missing = [key for key in NEEDED if not self.record.has(key)]
        issues = [*self._conflicts(answers), *self._open(answers, missing)]
        return {
            "product": {
                "id": question["product"],
                "title": "Shoe",
                "currency": "USD",
                "price_minor": self.base_minor,
                "available": self.behaviour != "not on sale",
            },
            "document": {"id": "cloth-shoe", "version": 1, "options": self._options(answers)},
            "answers": answers,
            "prefilled": {"initials": "personal"} if known and "initials" not in question["answers"] else {},
            "result": {
                "complete": not any(str(issue["code"]).startswith("missing") for issue in issues),
                "consistent": not any(issue["code"] == "exclude" for issue in issues),
                "issues": issues,
                "price_minor": self.base_minor + sum(self._amounts(answers).values()),
                "prices": prices,
                "lead_days": 12,
                "summary": [],
                "configuration_id": "cfg_1",
            },
            "fit": {
                "who": "shopper" if known else "stranger",
                "consent": known and self.record.consent,
                "ready": not missing,
                "missing": missing,
                "stale": [],
                "person": question.get("person"),
            },
            "promise": {
                "confirm_by": "2026-11-23T08:00:00Z",
                "starts_on": "2026-11-23",
                "ready_on": "2026-12-08",
            },
            "withdrawal": {"exempt": True, "notice": NOTICE},
        }

    def quote(self, question: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and answer of the quotes address."""
        price = self.answer(question)["result"]["price_minor"]
        if self.quote_status != 200:
            return self.quote_status, {"detail": "no"}
        if price != question["expected_price_minor"]:
            return 409, {"type": "https://lastbook.dev/problems/price_changed"}
        return 200, {
            "quote_id": "Q1",
            "product_id": question["product"],
            "quantity": question["quantity"],
            "price_minor": price,
            "currency": "USD",
            "expires_at": "2026-12-06T12:00:00Z",
        }

    def _effective(self, given: Mapping[str, Any], *, known: bool) -> dict[str, Any]:
        started = {"width": "regular", **({"initials": "AL"} if known else {}), **given}
        return {name: value for name, value in started.items() if value is not None or name in given}

    def _amounts(self, answers: Mapping[str, Any]) -> dict[str, int]:
        return {
            "sole": SOLES.get(answers.get("sole") or "", ("", 0))[1],
            "width": WIDTHS.get(answers.get("width") or "", ("", 0))[1],
            "initials": 300 * len(answers.get("initials") or ""),
            "layers": 100 * (answers.get("layers") or 0),
        }

    def _conflicts(self, answers: Mapping[str, Any]) -> list[dict[str, Any]]:
        if (answers.get("sole"), answers.get("width")) != ("leather", "wide"):
            return []
        fix = {"option": "width", "act": "choose", "values": ["regular"], "also": []}
        message = "A leather sole is not made in wide."
        return [{"code": "exclude", "rule": "R1", "options": ["sole", "width"], "message": message, "fix": fix}]

    def _open(self, answers: Mapping[str, Any], missing: list[str]) -> list[dict[str, Any]]:
        lacking = [("missing", "sole", "Sole is still to be chosen.")] if answers.get("sole") is None else []
        lacking += [("missing_measurement", key, f"{NEEDED[key]} is not on record yet.") for key in missing]
        return [
            {"code": code, "rule": None, "options": [name], "message": message, "fix": None}
            for code, name, message in lacking
        ]

    def _options(self, answers: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [
            self._option("sole", "choice", "Sole", required=True, values=_values(SOLES)),
            self._option("width", "choice", "Width", required=True, values=_values(WIDTHS)),
            self._option("colour", "choice", "Colour", values=_values({one.lower(): (one, 0) for one in COLOURS})),
            self._option("thread", "choice", "Thread", values=_values({"gold": ("Gold", 0)}), shown=False),
            self._option("initials", "text", "Initials", max_length=3),
            self._option("layers", "number", "Extra layers", min=0, max=9, step=1, unit="layers"),
            *(self._option(key, "measurement", label, key=key, required=True) for key, label in NEEDED.items()),
        ]

    def _option(self, name: str, kind: str, label: str, **more: Any) -> dict[str, Any]:
        text = self.labels.get(name, label)
        absent = dict.fromkeys(("max_length", "min", "max", "step", "unit", "key"))
        kept = {"id": name, "kind": kind, "label": text, "required": False, "shown": True, "values": []}
        return {**kept, **absent, **more}


def option_routes() -> list[Route]:
    """The two addresses."""
    return [
        Route("/public/v1/configure", configure, methods=["POST", "OPTIONS"]),
        Route("/public/v1/quotes", quotes, methods=["POST", "OPTIONS"]),
    ]


async def configure(request: Request) -> Response:
    options: FakeOptions = request.app.state.api.options
    question = json.loads(await request.body())
    options.asked.append(question)
    match options.behaviour:
        case "slow":
            await asyncio.sleep(options.slow_seconds)
        case "status 500" | "status 404":
            return JSONResponse({"title": "no"}, int(options.behaviour.split()[1]), ANYONE)
        case "half json":
            return Response('{"product": {"id', headers=ANYONE, media_type="application/json")
        case "ready" | "not on sale":
            pass
    return JSONResponse(options.answer(question), headers=ANYONE)


async def quotes(request: Request) -> Response:
    options: FakeOptions = request.app.state.api.options
    question = json.loads(await request.body())
    options.quoted.append(question)
    status, body = options.quote(question)
    return JSONResponse(body, status, ANYONE)


def _values(table: Mapping[str, tuple[str, int]]) -> list[dict[str, Any]]:
    return [
        {"id": name, "label": label, "price_minor": amount, "available": True, "why_not": None}
        for name, (label, amount) in table.items()
    ]
