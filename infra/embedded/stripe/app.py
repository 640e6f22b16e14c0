"""App: the fake as a Starlette application, with the API, the pages for shoppers and merchants, and the controls."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as StarletteRoute

from infra.embedded.stripe import (
    accounts,
    application_fees,
    balance,
    charges,
    checkout_sessions,
    customers,
    disputes,
    events,
    invoices,
    meters,
    payment_intents,
    payment_methods,
    prices,
    products,
    refunds,
    setup_intents,
    subscriptions,
    webhook_endpoints,
)
from infra.embedded.stripe.answering import endpoint_of, refusal
from infra.embedded.stripe.books import new_id
from infra.embedded.stripe.calls import Route
from infra.embedded.stripe.control import control_routes
from infra.embedded.stripe.pages import page_routes
from infra.embedded.stripe.refusals import StripeRefusal
from infra.embedded.stripe.snapshot import keep_snapshot, load_snapshot
from infra.embedded.stripe.world import World

ROUTES: tuple[Route, ...] = (
    *accounts.ROUTES,
    *application_fees.ROUTES,
    *balance.ROUTES,
    *charges.ROUTES,
    *checkout_sessions.ROUTES,
    *customers.ROUTES,
    *disputes.ROUTES,
    *events.ROUTES,
    *invoices.ROUTES,
    *meters.ROUTES,
    *payment_intents.ROUTES,
    *payment_methods.ROUTES,
    *prices.ROUTES,
    *products.ROUTES,
    *refunds.ROUTES,
    *setup_intents.ROUTES,
    *subscriptions.ROUTES,
    *webhook_endpoints.ROUTES,
)


class UnknownUrl(StripeRefusal):
    """Stripe may have this address; the fake does not."""

    status = 404


def build_fake(world: World, snapshot: Path | None = None) -> Starlette:
    """The application over this world; with a snapshot file it goes on where an earlier one ended."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        if snapshot is not None:
            load_snapshot(world, snapshot)
        tasks = [asyncio.create_task(world.outbox.run())]
        if snapshot is not None:
            tasks.append(asyncio.create_task(keep_snapshot(world, snapshot)))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    api = [StarletteRoute(one.path, endpoint_of(world, one), methods=[one.method]) for one in ROUTES]
    return Starlette(
        routes=[*api, *page_routes(world), *control_routes(world)],
        exception_handlers={404: _unknown, 405: _unknown},
        lifespan=lifespan,
    )


async def _unknown(request: Request, _: Exception) -> Response:
    assert isinstance(_, HTTPException)
    said = f"Unrecognized request URL ({request.method}: {request.url.path}). The embedded fake does not know it."
    return refusal(UnknownUrl(said), new_id("req"))
