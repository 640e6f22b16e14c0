"""Fake campaign: the addresses of preorders for one campaign, in the state and with the refusals that a test wants."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

ANYONE = {"access-control-allow-origin": "*"}
SECRET = "s3cret"
CHECKOUT = "https://checkout.stripe.example/c/1"
FIELDS = {
    "campaigns": {"key", "campaigns", "locale", "token", "link"},
    "campaigns:interest": {"key", "token", "campaign"},
    "preorders:pay": {"key", "link", "token", "preorder"},
    "preorders:open": {
        "key", "campaign", "product", "quantity", "terms_version", "variant", "token", "guest_email", "locale",
        "region", "charge_on", "quote",
    },
}  # fmt: skip
"""What each address takes; anything else is refused."""


@dataclass
class FakeCampaign:
    """What it answers, and what it was asked."""

    changes: dict[str, Any] = field(default_factory=dict)
    """Of the card."""
    ends_in: timedelta = timedelta(days=2, hours=3)
    clock_ahead: timedelta = timedelta()
    """Of the server's clock, before the page's."""
    exists: bool = True
    status: int = 200
    """Of the cards."""
    known: bool = True
    """Whether a token or a link proves whose the preorders are."""
    refusal: tuple[int, str] | None = None
    """Status and code for who joins."""
    slow_seconds: float = 0.0
    checkout_url: str | None = CHECKOUT
    preorders: list[dict[str, Any]] = field(default_factory=list)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    began: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def ends_at(self) -> datetime:
        return self.began + self.clock_ahead + self.ends_in

    def card(self) -> dict[str, Any]:
        """As the campaigns address answers it."""
        card = {
            "id": "winter",
            "title": "Winter boots",
            "description": "Made once a year.",
            "state": "open",
            "joinable": True,
            "early_from": None,
            "starts_at": _moment(self.began - timedelta(days=1)),
            "ends_at": _moment(self.ends_at),
            "extended": False,
            "minimum_units": 40,
            "progress_percent": 65,
            "remaining": None,
            "per_order": 3,
            "per_shopper": None,
            "products": [_product("LS-401", "Winter Boot", ("38", "39", "40"), sold_out="40")],
            "payment": {
                "mode": "deposit",
                "deposit_basis_points": 2000,
                "deposit_minor": None,
                "charge_within_days": 0,
            },
            "ship_from": "2027-01-10",
            "ship_until": "2027-01-20",
            "terms": "The terms.",
            "terms_version": "v1",
            "withdrawal_notice": "You may withdraw.",
            "cancellation": {"until": "close", "fee_basis_points": 250},
            "regions": [],
            "seller": {"name": "Long Step", "address": "1 Lane", "email": "hello@longstep.example"},
        }
        return {**card, **self.changes}

    def preorder(self, **changes: Any) -> dict[str, Any]:
        """As the campaigns address answers it, for whoever is known, from now on."""
        one = {
            "preorder_id": "P1",
            "campaign_id": "winter",
            "quantity": 2,
            "total_minor": 49_600,
            "paid_minor": 0,
            "currency": "USD",
            "charge_on": None,
            "fulfilment": "reserved",
            "payment": "none",
            "reserved_until": "2026-12-01T12:30:00Z",
            **changes,
        }
        self.preorders = [one]
        return one

    def answer(self, what: str, question: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and body."""
        if question.keys() - FIELDS[what]:
            return 400, {"title": "no"}
        match what:
            case "campaigns":
                now = _moment(datetime.now(UTC) + self.clock_ahead)
                cards = [self.card()] if self.exists else []
                known = self.known and ("token" in question or "link" in question)
                return self.status, {"now": now, "campaigns": cards, "preorders": self.preorders if known else None}
            case "preorders:pay":
                return 200, {"checkout_url": self.checkout_url}
            case "preorders:open":
                return self._open(question)
        return 200, {"campaign": "winter", "at": _moment(self.began)}

    def told(self, what: str) -> list[dict[str, Any]]:
        """The questions that one address was asked."""
        return [question for name, question in self.asked if name == what]

    def _open(self, question: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        url = f"https://lastbook.example/p/v1/preorder/{SECRET}"
        if self.refusal is not None:
            status, code = self.refusal
            body = {"type": f"https://lastbook.dev/problems/{code}", "detail": "no"}
            if code == "payments_down":
                self.preorder()
                body["url"] = url
            return status, body
        self.preorder(quantity=question["quantity"])
        return 201, {"preorder_id": "P1", "total_minor": 49_600, "url": url, "checkout_url": self.checkout_url}


def campaign_routes() -> list[Route]:
    """All addresses of campaigns and preorders."""
    return [
        Route("/public/v1/{what:path}", answer, methods=["POST", "OPTIONS"]),
    ]


async def answer(request: Request) -> Response:
    campaign: FakeCampaign = request.app.state.api.campaign
    what, question = request.path_params["what"], json.loads(await request.body())
    campaign.asked.append((what, question))
    if what == "preorders:open":
        await asyncio.sleep(campaign.slow_seconds)
    status, body = campaign.answer(what, question)
    return JSONResponse(body, status, ANYONE)


def made_product(name: str) -> dict[str, Any]:
    """One that is made to order."""
    made = {"variant_id": None, "title": "", "list_price_minor": 12_800, "price_minor": 12_800, "sold_out": False}
    return _product(name, "Shoe", (), sold_out="") | {"made": True, "variants": [made]}


def _product(name: str, title: str, sizes: tuple[str, ...], *, sold_out: str) -> dict[str, Any]:
    variants = [
        {
            "variant_id": f"{name}-{size}",
            "title": size,
            "list_price_minor": 24_800,
            "price_minor": 24_800,
            "sold_out": size == sold_out,
        }
        for size in sizes
    ]
    return {
        "product_id": name,
        "title": title,
        "url": "",
        "image_url": None,
        "currency": "USD",
        "made": False,
        "variants": variants,
    }


def _moment(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
