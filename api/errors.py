"""Errors: the one place where a refusal or a bug becomes application/problem+json (RFC 9457)."""

from typing import Annotated

import msgspec
import structlog
from msgspec import UNSET, Meta, Struct, UnsetType
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from infra.errors import BadRequest, FieldError, MethodNotAllowed, NotFound, Refusal

log = structlog.get_logger()

PROBLEM_JSON = "application/problem+json"


class Problem(Struct, frozen=True, kw_only=True):
    """Why a request was not answered with success."""

    type: Annotated[str, Meta(description="Stable name of the kind of problem.")]
    title: Annotated[str, Meta(description="The kind of problem in words.")]
    status: int
    detail: Annotated[str, Meta(description="What happened here.")]
    hint: Annotated[str, Meta(description="What to do about it.")]
    request_id: Annotated[str, Meta(description="Name this when you ask us.")]
    errors: tuple[FieldError, ...] = ()
    url: Annotated[str | UnsetType, Meta(description="Where to go on, if somewhere.")] = UNSET


class InternalError(Refusal):
    """Something went wrong on our side."""

    status, code = 500, "internal"
    hint = "Try again; if it stays, tell us the request_id."


def problem(refusal: Refusal, request_id: str, headers: dict[str, str] | None = None) -> Response:
    body = Problem(
        type=f"https://lastbook.dev/problems/{refusal.code}",
        title=(type(refusal).__doc__ or "").partition("\n")[0],
        status=refusal.status,
        detail=refusal.detail,
        hint=refusal.said_hint,
        request_id=request_id,
        errors=refusal.errors,
        url=refusal.url or UNSET,
    )
    # Any page may read a refusal: without this its browser reports a broken CORS rule instead of the reason.
    headers = {"Access-Control-Allow-Origin": "*", **(headers or {})}
    if refusal.retry_after_seconds is not None:
        headers["Retry-After"] = str(refusal.retry_after_seconds)
    if refusal.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(msgspec.json.encode(body), refusal.status, headers, media_type=PROBLEM_JSON)


async def answer_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return problem(error, request.scope["request_id"])


async def answer_http_exception(request: Request, error: Exception) -> Response:
    """Starlette's own: no such address, or another method."""
    assert isinstance(error, HTTPException)
    kind = {404: NotFound, 405: MethodNotAllowed}.get(error.status_code, BadRequest)
    hint = "The addresses are listed in /openapi.json." if kind is NotFound else None
    detail = f"{request.method} {request.url.path} is not an address of this service."
    return problem(kind(detail, hint=hint), request.scope["request_id"], dict(error.headers or {}))


async def answer_bug(request: Request, error: Exception) -> Response:
    # The route and not the address, which may hold a shopper's id.
    route = getattr(request.scope.get("route"), "path", "(none)")
    log.error("request_failed", request_id=request.scope["request_id"], route=route, exc_info=error)
    return problem(InternalError("The request could not be answered."), request.scope["request_id"])


async def answer_error(request: Request, error: Exception) -> Response:
    """For what does not come by Starlette's own way."""
    kind = next(kind for kind in HANDLERS if isinstance(error, kind))
    return await HANDLERS[kind](request, error)


HANDLERS = {
    Refusal: answer_refusal,
    HTTPException: answer_http_exception,
    Exception: answer_bug,
}
