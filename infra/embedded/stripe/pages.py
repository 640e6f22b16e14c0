"""Pages: what a shopper or merchant sees of the fake: checkout, the bank's question, onboarding, a receipt."""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

from jinja2 import Environment, FileSystemLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from infra.embedded.stripe.accounts import finish_onboarding
from infra.embedded.stripe.authenticating import authenticate
from infra.embedded.stripe.books import Books, Record
from infra.embedded.stripe.checking_out import Typed, intent_of, submit
from infra.embedded.stripe.currencies import NO_DECIMALS
from infra.embedded.stripe.refusals import CardRefused, NoSuchObject, StripeRefusal
from infra.embedded.stripe.world import World

_TEMPLATES = Environment(loader=FileSystemLoader(Path(__file__).with_name("templates")), autoescape=True)
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}
_DATE = re.compile(r"\A(\d{1,2})\s*/\s*(\d{2}|\d{4})\Z")

Handler = Callable[[Request], Awaitable[Response]]


class Pages:
    """The handlers, over one world."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def checkout(self, request: Request) -> Response:
        """The form; after a completed session the way back to the shop."""
        books, session = self._world.find_anywhere(request.path_params["id"], "checkout.session")
        if session["status"] == "complete":
            return _see(_return_url(session))
        intent = intent_of(books, session)
        error = (intent or {}).get("last_payment_error") or (intent or {}).get("last_setup_error") or {}
        return self._form(books, session, error.get("message"))

    async def send(self, request: Request) -> Response:
        """The card was typed: on to the shop, to the bank, or once more."""
        books, session = self._world.find_anywhere(request.path_params["id"], "checkout.session")
        if session["status"] != "open":
            return await self.checkout(request)
        try:
            submit(books, session, await _typed(request))
        except CardRefused as refused:
            return self._form(books, session, refused.message)
        if session["status"] == "complete":
            return _see(_return_url(session))
        intent = intent_of(books, session)
        assert intent is not None
        return _see(self._world.page(f"/authenticate/{intent['id']}"))

    async def bank(self, request: Request) -> Response:
        """The bank's question."""
        _, intent = self._world.find_anywhere(request.path_params["id"], "payment_intent", "setup_intent")
        return _page("bank.html", intent=intent, amount=_money(intent) if "amount" in intent else None)

    async def answer_bank(self, request: Request) -> Response:
        """The shopper's answer: back to the checkout session or to the return address."""
        _, intent = self._world.find_anywhere(request.path_params["id"], "payment_intent", "setup_intent")
        back = ((intent["next_action"] or {}).get("redirect_to_url") or {}).get("return_url")
        passed = "passed" in await _form(request)
        authenticate(self._world, intent["id"], passed=passed)
        if back is None:
            return _page("closed.html", title="Thank you", text="You can go back to the shop.")
        if back.startswith(self._world.page("/pay/")):
            return _see(back)
        return _see(_with_query(back, intent, passed=intent["status"] in ("succeeded", "requires_capture")))

    async def onboarding(self, request: Request) -> Response:
        _, account = self._link(request)
        return _page("onboarding.html", account=account)

    async def finish_onboarding(self, request: Request) -> Response:
        link, account = self._link(request)
        finish_onboarding(self._world.books_of(account["id"]), account)
        return _see(link["return_url"])

    async def receipt(self, request: Request) -> Response:
        _, paid = self._world.find_anywhere(request.path_params["id"], "charge", "invoice")
        amount = paid["amount_captured"] if paid["object"] == "charge" else paid["amount_paid"]
        return _page("closed.html", title="Receipt", text=_money({**paid, "amount": amount}))

    def _form(self, books: Books, session: Record, error: str | None) -> Response:
        if session["status"] != "open":
            text = "This checkout is not open any more."
            return _page("closed.html", status=410, title="Checkout", text=text, back=session["cancel_url"])
        shop = self._world.find_account(books.account)["business_profile"]["name"] or "Shop"
        lines = [
            (line, _money({**line, "amount": line["amount_total"]})) for line in books.hidden[session["id"]]["lines"]
        ]
        total = _money({**session, "amount": session["amount_total"]}) if session["amount_total"] is not None else None
        email = (session["customer_details"] or {}).get("email") or ""
        status = 402 if error else 200
        return _page(
            "checkout.html", status, session=session, shop=shop, lines=lines, total=total, error=error, email=email
        )

    def _link(self, request: Request) -> tuple[Record, Record]:
        found = self._world.platform().hidden.get(request.path_params["id"])
        if found is None or "return_url" not in found:
            raise NoSuchObject("account_link", request.path_params["id"])
        return found, self._world.find_account(found["account"])


def page_routes(world: World) -> list[Route]:
    pages = Pages(world)
    handlers = (
        ("GET", "/pay/{id}", pages.checkout),
        ("POST", "/pay/{id}", pages.send),
        ("GET", "/authenticate/{id}", pages.bank),
        ("POST", "/authenticate/{id}", pages.answer_bank),
        ("GET", "/onboarding/{id}", pages.onboarding),
        ("POST", "/onboarding/{id}", pages.finish_onboarding),
        ("GET", "/receipts/{id}", pages.receipt),
    )
    return [Route(path, _guarded(world, handler), methods=[method]) for method, path, handler in handlers]


def _guarded(world: World, handler: Handler) -> Handler:
    async def endpoint(request: Request) -> Response:
        world.settle()
        world.changes += 1
        try:
            return await handler(request)
        except StripeRefusal as refused:
            return _page("closed.html", status=refused.status, title="Not possible", text=refused.message)

    return endpoint


def _page(name: str, status: int = 200, **values: object) -> Response:
    return HTMLResponse(_TEMPLATES.get_template(name).render(**values), status, _HEADERS)


def _see(url: str) -> Response:
    return RedirectResponse(url, 303, {"Cache-Control": "no-store"})


async def _form(request: Request) -> dict[str, str]:
    body = (await request.body())[:10_000].decode("utf-8", "replace")
    return {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}


async def _typed(request: Request) -> Typed:
    form = await _form(request)
    date = _DATE.match(form.get("expiry", "").strip())
    month, year = (int(date[1]), int(date[2])) if date else (0, 0)
    email, name = form.get("email", "").strip() or None, form.get("name", "").strip() or None
    return Typed(form.get("number", ""), month, year, email, name)


def _return_url(session: Record) -> str:
    url: str = session["success_url"]
    return url.replace("{CHECKOUT_SESSION_ID}", session["id"])


def _with_query(url: str, intent: Record, *, passed: bool) -> str:
    """The return address as Stripe calls it: with the intent, its secret, and how it went."""
    kind, parts = intent["object"], urlsplit(url)
    told = {kind: intent["id"], f"{kind}_client_secret": intent["client_secret"]}
    query = urlencode({**told, "redirect_status": "succeeded" if passed else "failed"})
    return urlunsplit(parts._replace(query=f"{parts.query}&{query}" if parts.query else query))


def _money(record: Record) -> str:
    """`12.50 USD`."""
    currency = record["currency"]
    whole = record["amount"]
    return f"{whole} {currency.upper()}" if currency in NO_DECIMALS else f"{whole / 100:.2f} {currency.upper()}"
