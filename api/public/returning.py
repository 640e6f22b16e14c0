"""/p/v1/checkout/<tenant>/<session>: a shopper comes back from Stripe's page, and goes on to the preorder's own.

Stripe puts the session's id into the address: a long random one, which nobody knows but the shopper and the merchant.
"""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from api.state import state_of
from tenants.charges import find_charge_of_session
from tenants.preorder_links import link_url, open_link
from tenants.preorder_money import defer_charge
from tenants.preorder_states import no_preorder


def return_routes() -> list[Route]:
    return [Route("/p/v1/checkout/{tenant}/{session}", come_back, methods=["GET"])]


async def come_back(request: Request) -> Response:
    """Asks Stripe what became of it in a job, for a webhook may be late. Raises NotFound."""
    state, tenant_id = state_of(request), _tenant_id(request)
    async with state.db.tenant(tenant_id) as conn:
        charge = await find_charge_of_session(conn, request.path_params["session"])
        if charge is None:
            raise no_preorder()
        if charge.status == "pending":
            await defer_charge(conn, tenant_id, charge.charge_key)
        secret = await open_link(conn, tenant_id, charge.preorder_id)
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return RedirectResponse(link_url(state.settings.public_url, secret), 303, headers)


def _tenant_id(request: Request) -> UUID:
    try:
        return UUID(request.path_params["tenant"])
    except ValueError:
        raise no_preorder() from None
