"""Problems: what every refusal must look like, and whether /openapi.json knows it."""

import re
from functools import cache

import httpx2
import msgspec

from api.app import ENDPOINTS
from api.openapi import make_document
from tests.support.shop import Document

SENTENCES = ("type", "title", "detail", "hint", "request_id")


def check_problem(answer: httpx2.Response, *statuses: int) -> Document:
    """Assert a documented refusal with one of these statuses, in full, and return it."""
    assert answer.status_code in statuses, f"{answer.status_code} {answer.text[:500]}"
    assert answer.headers["content-type"] == "application/problem+json"
    body: Document = msgspec.json.decode(answer.content)
    assert body["status"] == answer.status_code
    empty = [name for name in SENTENCES if not body.get(name)]
    assert not empty, f"{empty} empty in {body}"
    assert body["request_id"] == answer.headers["x-request-id"]
    check_documented(answer)
    return body


def check_documented(answer: httpx2.Response) -> None:
    """Assert that the operation's description lists this status; an address without operations has none."""
    method, path = answer.request.method.lower(), answer.request.url.path
    # The longest first: an id may hold slashes, so that a shorter address matches too.
    for template, operations in sorted(document()["paths"].items(), key=lambda one: -len(one[0])):
        if method in operations and re.fullmatch(_pattern(template), path, re.DOTALL):
            listed = operations[method]["responses"]
            assert str(answer.status_code) in listed, f"{method} {template} does not document {answer.status_code}"
            return


@cache
def document() -> Document:
    """The OpenAPI document, as the service makes it."""
    return make_document(ENDPOINTS, version="0", server="http://test")


def _pattern(template: str) -> str:
    return "".join(".*" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{\w+\})", template))
