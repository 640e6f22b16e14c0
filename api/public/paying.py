"""Paying: a shopper's way from the preorder's page to Stripe's, and back.

/p/v1/preorder/<secret>/pay       to Stripe's page
/p/v1/checkout/<tenant>/<session> back: Stripe puts the session's id there, a long random one that nobody else knows
"""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from api.state import state_of
from api.stripe_calls import StripeDown
from infra.errors import Conflict, NotFound
from tenants.charges import find_charge_of_session
from tenants.preorder_links import get_linked, link_url, open_link, parse_link
from tenants.preorder_money import defer_charge
from tenants.preorder_states import no_preorder

HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
LATER = "?say=later"
"""Of the preorder's page, when payments are out of reach."""


def paying_routes() -> list[Route]:
    return [
        Route("/p/v1/preorder/{secret}/pay", go_to_pay, methods=["GET"]),
        Route("/p/v1/checkout/{tenant}/{session}", come_back, methods=["GET"]),
    ]


async def go_to_pay(request: Request) -> Response:
    """A link and no button: a form may not lead to another site here. Where nothing is to be paid, the page says so."""
    state, secret = state_of(request), request.path_params["secret"]
    page = link_url(state.settings.public_url, secret)
    try:
        link = parse_link(secret)
        async with state.db.tenant(link.tenant_id) as conn:
            preorder_id = await get_linked(conn, link)
        return RedirectResponse(await state.payments.check_out(link.tenant_id, preorder_id), 303, HEADERS)
    except StripeDown:
        return RedirectResponse(page + LATER, 303, HEADERS)
    except (Conflict, NotFound):
        return RedirectResponse(page, 303, HEADERS)


async def come_back(request: Request) -> Response:
    """Asks Stripe what became of it in a job, for a webhook may be late. Raises NotFound."""
    state, tenant_id, session_id = state_of(request), _tenant_id(request), request.path_params["session"]
    if "\0" in session_id:
        raise no_preorder()
    async with state.db.tenant(tenant_id) as conn:
        charge = await find_charge_of_session(conn, session_id)
        if charge is None:
            raise no_preorder()
        if charge.status == "pending":
            await defer_charge(conn, tenant_id, charge.charge_key)
        secret = await open_link(conn, tenant_id, charge.preorder_id)
    return RedirectResponse(link_url(state.settings.public_url, secret), 303, HEADERS)


def _tenant_id(request: Request) -> UUID:
    try:
        return UUID(request.path_params["tenant"])
    except ValueError:
        raise no_preorder() from None
