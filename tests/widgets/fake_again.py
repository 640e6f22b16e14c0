"""Fake again: the addresses of what a shopper will need again, for one shopper, held in memory."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

ANYONE = {"access-control-allow-origin": "*"}
FIELDS = {
    "list": {"key", "token", "limit", "horizon_days"},
    "snooze": {"key", "token", "product", "days"},
    "stop": {"key", "token", "product"},
    "undo": {"key", "token", "product"},
}
"""What each address takes; anything else is refused."""
STANDINGS = {"snooze": "snoozed", "stop": "stopped", "undo": "listed"}


@dataclass
class FakeAgain:
    """What is due, and what was asked."""

    items: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    seconds: float = 0
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    chosen: dict[str, str] = field(default_factory=dict)

    def add(self, product: str, **changes: Any) -> None:
        item = {
            "id": product, "title": f"Title of {product}", "url": f"https://shop.example/p/{product}", "image": None,
            "brand": "Maker", "price_minor": 450, "sale_price_minor": None, "currency": "USD", "variant": None,
            "quantity": 2, "last_bought_on": "2025-03-02", "runs_out_on": "2025-05-01", "earliest_on": "2025-04-20",
            "latest_on": "2025-05-12", "token": f"again {product}",
        }  # fmt: skip
        self.items.append(item | changes)

    def acts(self) -> list[tuple[str, Any]]:
        """What was said, of which product."""
        return [(what, question["product"]) for what, question in self.asked if what != "list"]


def again_routes() -> list[Route]:
    """The four addresses."""
    return [Route("/public/v1/again:{what}", again, methods=["POST", "OPTIONS"])]


async def again(request: Request) -> Response:
    fake: FakeAgain = request.app.state.api.again
    what, question = request.path_params["what"], json.loads(await request.body())
    fake.asked.append((what, question))
    await asyncio.sleep(fake.seconds)
    status = 400 if set(question) - FIELDS[what] else 401 if "token" not in question else fake.status
    if status != 200:
        return JSONResponse({"title": "no"}, status, ANYONE)
    if what == "list":
        shown = [one for one in fake.items if fake.chosen.get(one["id"], "listed") == "listed"]
        answer = {"known": True, "today": "2025-04-25", "items": shown[: question.get("limit", 12)]}
        return JSONResponse(answer, headers=ANYONE)
    fake.chosen[question["product"]] = STANDINGS[what]
    until = "2025-05-02T12:00:00Z" if what == "snooze" else None
    answer = {"product": question["product"], "standing": STANDINGS[what], "until": until}
    return JSONResponse(answer, headers=ANYONE)
