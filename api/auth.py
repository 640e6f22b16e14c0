"""Authentication of the server API: a secret key with the scope that the address needs, never from a browser."""

import structlog
from starlette.requests import Request

from api.keyring import Caller, KeyRing
from infra.errors import Forbidden, Unauthenticated

log = structlog.get_logger()


async def authenticate(request: Request, keys: KeyRing, scope: str) -> Caller:
    """Raises Unauthenticated without a valid secret key, Forbidden from a browser or without the scope."""
    kind, _, secret = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not secret:
        raise Unauthenticated("The request carries no key.")
    caller = await keys.caller(secret.strip(), "secret")
    request.scope["tenant_id"] = str(caller.tenant_id)
    if "origin" in request.headers:
        log.warning("secret_key_in_browser", tenant_id=str(caller.tenant_id), key_id=str(caller.key_id))
        raise Forbidden(
            "A secret key was sent from a browser.",
            hint="Anyone can read it there: revoke it now, and use a publishable key (lb_pk_…) in pages.",
        )
    if scope not in caller.scopes:
        raise Forbidden(f"The key lacks the scope {scope!r}.")
    return caller
