"""Control: what a test or a demo may do to the fake, at addresses under /_fake that the real Stripe does not have.

They take and answer JSON, and want the API key like every other call.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.embedded.stripe.accounts import enable_account, new_account
from infra.embedded.stripe.answering import key_of, refusal
from infra.embedded.stripe.authenticating import authenticate
from infra.embedded.stripe.books import Record, new_id
from infra.embedded.stripe.checking_out import Typed, submit
from infra.embedded.stripe.disputes import close_dispute, open_dispute
from infra.embedded.stripe.faults import Fault
from infra.embedded.stripe.outbox import Mode
from infra.embedded.stripe.refusals import InvalidRequest, StripeRefusal
from infra.embedded.stripe.world import World

# Any: a JSON body; each control takes its own fields out of it.
Body = dict[str, Any]
Control = Callable[[World, Request, Body], Awaitable[Record]]


async def read_clock(world: World, request: Request, body: Body) -> Record:
    return {"now": world.now(), "ahead_seconds": world.ahead_seconds}


async def move_clock(world: World, request: Request, body: Body) -> Record:
    """{"advance_seconds": 3600} or {"now": 1800000000}: everything due by then happens."""
    world.advance(int(body["advance_seconds"]) if "advance_seconds" in body else int(body["now"]) - world.now())
    return await read_clock(world, request, body)


async def read_delivery(world: World, request: Request, body: Body) -> Record:
    waiting = [{"event": one.event["id"], "type": one.event["type"]} for one in world.outbox.pending]
    return {**asdict(world.outbox.mode), "pending": waiting, "sent": [asdict(sent) for sent in world.outbox.sent]}


async def set_delivery(world: World, request: Request, body: Body) -> Record:
    """{"hold": true, "delay_ms": 0, "copies": 2, "shuffle": true, "spread_ms": 200}: the mode from now on."""
    world.outbox.set_mode(Mode(**body))
    return await read_delivery(world, request, {})


async def flush(world: World, request: Request, body: Body) -> Record:
    """Deliver all that is pending, and wait for the answers."""
    return {"sent": [asdict(sent) for sent in await world.outbox.flush()]}


async def list_events(world: World, request: Request, body: Body) -> Record:
    """All events of all accounts, oldest first; `?type=`, `?account=` and `?object=` (its id) choose."""
    wanted = request.query_params
    rows = [event for books in world.accounts.values() for event in books.table("event").values()]
    chosen = [
        event
        for event in rows
        if wanted.get("type", event["type"]) == event["type"]
        and wanted.get("account", event.get("account")) == event.get("account")
        and wanted.get("object", event["data"]["object"].get("id")) == event["data"]["object"].get("id")
    ]
    return {"data": sorted(chosen, key=lambda event: event["created"])}


async def redeliver(world: World, request: Request, body: Body) -> Record:
    """{"event": "evt_…", "copies": 1, "age_seconds": 0}: send again, or all; an age makes signatures old."""
    events = (await list_events(world, request, {}))["data"]
    chosen = [event for event in events if body.get("event", event["id"]) == event["id"]]
    for event in chosen:
        for endpoint in world.platform().table("webhook_endpoint"):
            copies, age = int(body.get("copies", 1)), int(body.get("age_seconds", 0))
            world.outbox.put(event, endpoint, copies=copies, age_seconds=age)
    return {"redelivered": len(chosen)}


async def listen(world: World, request: Request, body: Body) -> Record:
    """{"url": …, "secret": …, "events": ["*"], "connect": null}: an endpoint with a secret of one's own."""
    return world.listen(body["url"], body["secret"], body.get("events", ["*"]), connect=body.get("connect"))


async def list_faults(world: World, request: Request, body: Body) -> Record:
    return {"data": [asdict(fault) for fault in world.faults.waiting]}


async def add_fault(world: World, request: Request, body: Body) -> Record:
    """{"kind": "die", "status": 500, "ms": 0, "method": "POST", "path": "/v1/payment_intents", "times": 1}."""
    world.faults.waiting.append(Fault(**body))
    return await list_faults(world, request, {})


async def clear_faults(world: World, request: Request, body: Body) -> Record:
    world.faults.waiting.clear()
    return await list_faults(world, request, {})


async def connect_account(world: World, request: Request, body: Body) -> Record:
    """{"id": "acct_…", "name": …, "country": "US"}: a merchant who has finished his onboarding."""
    account_id = body.get("id") or new_id("acct")
    if account_id in world.accounts:
        return world.find_account(account_id)
    account = world.open_account(new_account(account_id, body.get("name", ""), body.get("country", "US")))
    account["created"] = world.now()
    return enable_account(world.books_of(account_id), account, charges=True)


async def switch_account(world: World, request: Request, body: Body) -> Record:
    """{"charges_enabled": false}: Stripe stops or allows the merchant's payments."""
    account = request.path_params["id"]
    found = world.find_account(account)
    return enable_account(world.books_of(account), found, charges=bool(body["charges_enabled"]))


async def revoke_account(world: World, request: Request, body: Body) -> Record:
    """The merchant disconnects."""
    account = request.path_params["id"]
    world.platform().get("account", account)
    world.close_account(account)
    return {"id": account, "revoked": True}


async def answer_bank(world: World, request: Request, body: Body) -> Record:
    """{"passed": true}: the shopper of this payment or setup intent authenticates, or fails to."""
    return authenticate(world, request.path_params["id"], passed=bool(body["passed"]))


async def check_out(world: World, request: Request, body: Body) -> Record:
    """{"number": "4242…", "email": …}: the shopper of this checkout session sends the page."""
    books, session = world.find_anywhere(request.path_params["id"], "checkout.session")
    return submit(books, session, Typed(**body))


async def dispute(world: World, request: Request, body: Body) -> Record:
    """{"charge": "ch_…", "reason": "fraudulent"}: the shopper disputes a charge."""
    books, charge = world.find_anywhere(body["charge"], "charge")
    return open_dispute(books, charge, body.get("reason", "fraudulent"))


async def decide(world: World, request: Request, body: Body) -> Record:
    """{"status": "won"} or {"status": "lost"}: the bank decides a dispute."""
    if body["status"] not in ("won", "lost"):
        raise InvalidRequest("A dispute is won or lost.", param="status")
    books, found = world.find_anywhere(request.path_params["id"], "dispute")
    return close_dispute(books, found, body["status"])


async def add_up(world: World, request: Request, body: Body) -> Record:
    """All money that moved, by account, currency and type of movement, before fees and in minor units."""
    sums: Record = {}
    for account, books in world.accounts.items():
        for row in books.table("balance_transaction").values():
            by_type = sums.setdefault(account, {}).setdefault(row["currency"], {})
            by_type[row["type"]] = by_type.get(row["type"], 0) + row["amount"]
            by_type["fee"] = by_type.get("fee", 0) + row["fee"]
    return sums


async def forget_keys(world: World, request: Request, body: Body) -> Record:
    """Forget all idempotency keys, as Stripe may after 24 hours."""
    world.keys.forget()
    return {}


async def set_lag(world: World, request: Request, body: Body) -> Record:
    """{"search_lag_seconds": 60}: searches do not find what is newer."""
    world.search_lag_seconds = int(body["search_lag_seconds"])
    return body


_CONTROLS: tuple[tuple[str, str, Control], ...] = (
    ("GET", "/_fake/clock", read_clock),
    ("POST", "/_fake/clock", move_clock),
    ("GET", "/_fake/delivery", read_delivery),
    ("PUT", "/_fake/delivery", set_delivery),
    ("POST", "/_fake/flush", flush),
    ("GET", "/_fake/events", list_events),
    ("POST", "/_fake/redeliver", redeliver),
    ("POST", "/_fake/endpoints", listen),
    ("GET", "/_fake/faults", list_faults),
    ("POST", "/_fake/faults", add_fault),
    ("DELETE", "/_fake/faults", clear_faults),
    ("POST", "/_fake/accounts", connect_account),
    ("POST", "/_fake/accounts/{id}", switch_account),
    ("DELETE", "/_fake/accounts/{id}", revoke_account),
    ("POST", "/_fake/authenticate/{id}", answer_bank),
    ("POST", "/_fake/checkout/{id}", check_out),
    ("POST", "/_fake/disputes", dispute),
    ("POST", "/_fake/disputes/{id}", decide),
    ("GET", "/_fake/money", add_up),
    ("POST", "/_fake/forget-keys", forget_keys),
    ("PUT", "/_fake/search", set_lag),
)


def control_routes(world: World) -> list[Route]:
    return [Route(path, _endpoint(world, control), methods=[method]) for method, path, control in _CONTROLS]


def _endpoint(world: World, control: Control) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            world.check_key(key_of(request))
            body = json.loads(await request.body() or b"{}")
            world.settle()
            world.changes += 1
            return JSONResponse(await control(world, request, body))
        except StripeRefusal as refused:
            return refusal(refused, new_id("req"))
        except (KeyError, TypeError, ValueError) as wrong:
            return refusal(InvalidRequest(f"The control cannot be read: {wrong!r}"), new_id("req"))

    return endpoint
