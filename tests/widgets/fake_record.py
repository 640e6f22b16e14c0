"""Fake record: the addresses of a shopper's own measurements, for one shopper, held in memory."""

import json
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

ANYONE = {"access-control-allow-origin": "*"}
FIELDS = {
    "read": {"key", "token", "person", "locale"},
    "save": {"key", "token", "person", "kind", "values", "consent", "locale"},
    "delete": {"key", "token", "person", "kind"},
}
"""What each address takes; anything else is refused."""
RANGES = {
    "foot_length": (700, 1400, 3200, 4000),
    "ball_girth": (800, 1300, 3000, 4000),
    "instep_girth": (800, 1300, 3100, 4200),
}
LABELS = {"foot_length": "Foot length", "ball_girth": "Ball girth", "instep_girth": "Instep girth"}
STEPS = {
    "foot_length": (
        "Stand on a sheet of paper with your heel against a wall.",
        "Mark the tip of your longest toe.",
        "Measure from the wall to the mark.",
    ),
    "ball_girth": ("Stand with your weight on both feet.", "Lay the tape around the ball of the foot.", "Read."),
    "instep_girth": ("Stand.", "Lay the tape around the middle of the foot.", "Read."),
}


@dataclass
class FakeRecord:
    """What is known of the shopper, and what was asked."""

    consent: bool = False
    versions: list[dict[str, Any]] = field(default_factory=list)
    """Newest first, as the history answers them."""
    people: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=lambda: dict(LABELS))

    def has(self, key: str) -> bool:
        return any(value["key"] == key for version in self.versions for value in version["values"])

    def add(self, source: str, **tenths: int) -> None:
        """A version; `foot_length_left=2540`."""
        pairs = [(name.rpartition("_"), value) for name, value in tenths.items()]
        values = [{"key": key, "side": side, "value_tenth_mm": value} for (key, _, side), value in pairs]
        at = "2026-03-03T10:00:00Z"
        number = len(self.versions) + 1
        self.versions.insert(
            0, {"profile": "P1", "version": number, "recorded_at": at, "source": source, "values": values}
        )

    def read(self, question: dict[str, Any]) -> dict[str, Any]:
        known = "token" in question
        seen = self.versions if known and self.consent else []
        in_force: dict[tuple[str, str], dict[str, Any]] = {}
        for version in reversed(seen):
            for value in version["values"]:
                about = {"source": version["source"], "measured_at": version["recorded_at"], "stale": False}
                in_force[value["key"], value["side"]] = {**value, **about}
        return {
            "known": known,
            "consent": known and self.consent,
            "unit": "cm",
            "people": self.people if known else [],
            "definitions": [self._define(key) for key in self.labels],
            "values": list(in_force.values()),
            "history": seen,
        }

    def save(self, question: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if not self.consent and "consent" not in question:
            return 409, {"type": "https://lastbook.dev/problems/measurements_not_allowed"}
        self.consent = True
        tenths = {f"{one['key']}_{one['side']}": round(float(one["value"]) * 10) for one in question["values"]}
        self.add("self", **tenths)
        return 200, {"version": len(self.versions), "warnings": []}

    def delete(self, question: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        deleted = len(self.versions)
        self.versions.clear()
        return 200, {"deleted": deleted}

    def _define(self, key: str) -> dict[str, Any]:
        names = ("hard_min", "soft_min", "soft_max", "hard_max")
        return {
            "key": key,
            "kind": "foot",
            "label": self.labels[key],
            "sided": True,
            "unit": "cm",
            "how": STEPS[key],
            "drawing": key,
            **dict(zip(names, RANGES[key], strict=True)),
        }


def record_routes() -> list[Route]:
    """The three addresses."""
    return [Route("/public/v1/measurements:{what}", measurements, methods=["POST", "OPTIONS"])]


async def measurements(request: Request) -> Response:
    record: FakeRecord = request.app.state.api.record
    what, question = request.path_params["what"], json.loads(await request.body())
    record.asked.append((what, question))
    status = 400 if set(question) - FIELDS[what] else record.status
    if status != 200:
        return JSONResponse({"title": "no"}, status, ANYONE)
    if what == "read":
        return JSONResponse(record.read(question), headers=ANYONE)
    status, body = record.save(question) if what == "save" else record.delete(question)
    return JSONResponse(body, status, ANYONE)
