"""/w/v1/include: a slot as markup, for the server of a shop that writes it into its page, or for an edge that does.

The same answer as a page's own question, as HTML. A shopper's token comes in a header: addresses stand in logs.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from api.public.answers import has_answer
from api.public.slots import ask_slots
from api.state import state_of
from infra.errors import BadRequest
from widgets.include import ATTRIBUTES, read_fillings, render_slot

TOKEN = "lastbook-token"  # noqa: S105 a header's name
LISTS = ("exclude", "cart")
PERSONAL = frozenset({"cart", "person"})
"""What of a question makes its answer nobody else's."""
OF_THE_PAGE = ("key", "locale", "region")
PARAMETERS = frozenset((*ATTRIBUTES, *OF_THE_PAGE))
PLAIN = {
    "Vary": "Lastbook-Token",
    "X-Content-Type-Options": "nosniff",
    # Markup for another page: opened as a page of its own, it may do nothing here.
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
}
ANYONES = {**PLAIN, "Cache-Control": "public, max-age=60, stale-while-revalidate=600"}
ONES_OWN = {**PLAIN, "Cache-Control": "private, no-store"}


def include_routes() -> list[Route]:
    return [Route("/w/v1/include", include)]


async def include(request: Request) -> Response:
    """One slot. Raises what /public/v1/slots does, BadRequest for a parameter that is unknown or comes twice."""
    said = read_query(request.query_params.multi_items())
    token = request.headers.get(TOKEN)
    answer = await ask_slots(state_of(request), msgspec.json.encode(make_question(said, token)))
    filling = read_fillings(bytes(answer.body))[0]
    html = render_slot(filling, locale=said.get("locale", "en"), attributes=said)
    if token is not None or not PERSONAL.isdisjoint(said):
        return HTMLResponse(html, headers=ONES_OWN)
    etag = f'"{hashlib.sha256(html.encode()).hexdigest()[:32]}"'
    if has_answer(request, etag):
        return Response(status_code=304, headers={**ANYONES, "ETag": etag})
    return HTMLResponse(html, headers={**ANYONES, "ETag": etag})


def read_query(items: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Each parameter once; one that is empty is none."""
    said: dict[str, str] = {}
    for name, value in items:
        if name not in PARAMETERS or name in said:
            raise BadRequest(f"The parameter {name!r} is unknown or comes twice.", hint=_HINT)
        said[name] = value
    return {name: value for name, value in said.items() if value}


def make_question(said: Mapping[str, str], token: str | None) -> dict[str, object]:
    """What a page would ask, as JSON values; the others are only ours to write."""
    slot = {name: _value(name, said[name]) for name in ATTRIBUTES if name in said and name not in _NOT_ASKED}
    page = {name: said[name] for name in OF_THE_PAGE if name in said}
    return {"key": "", **page, "slots": [slot], **({} if token is None else {"token": token})}


def _value(name: str, text: str) -> object:
    if name in LISTS:
        return [one for one in re.split(r"[\s,]+", text) if one]
    return int(text) if name == "limit" and re.fullmatch(r"[0-9]{1,4}", text) else text


_NOT_ASKED = ("layout", "heading", "reason", "locale")
_HINT = f"An address has, each once: {', '.join(sorted(PARAMETERS))}."
