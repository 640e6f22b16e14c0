"""Isolation of option documents: their part of "everything with A's keys and B's ids in every place"."""

from collections.abc import AsyncIterator
from typing import Protocol

import httpx2

from api.paging import make_cursor
from tests.options.shoes import choice, document, publish_at
from tests.support.shop import Document, ShopClient

MANY, ONE = "/v1/option-documents", "/v1/option-documents/{id:path}"


class HasB(Protocol):
    """The other shop, and words that stand in its rows only."""

    @property
    def b(self) -> ShopClient: ...

    @property
    def canaries(self) -> list[str]: ...


def _document(name: str, product: str, word: str = "plain") -> Document:
    return document([choice("sole", {"id": "cloth", "label": {"en": word}})], id=name, products=[product])


async def ask_options(a: ShopClient, pair: HasB) -> AsyncIterator[tuple[str, str, httpx2.Response]]:
    """Template, what, answer. B has a published document of an id that A lacks, for a product that A lacks too."""
    await pair.b.stock("only-b-optional", title=pair.canaries[0])
    await publish_at(pair.b, _document("only-b", "only-b-optional", pair.canaries[0]))
    for query in ("", "?limit=1000", f"?after={make_cursor('only-a')}"):
        yield f"GET {MANY}", query, await a.api.get(MANY + query)
    for name in ("only-b", f"{pair.b.tenant_id}/only-b", pair.b.tenant_id):
        for template, answer in (
            (f"GET {ONE}", await a.api.get(f"{MANY}/{name}")),
            (f"DELETE {ONE}", await a.api.delete(f"{MANY}/{name}")),
            ("GET /v1/option-versions/{id:path}", await a.api.get(f"/v1/option-versions/{name}")),
            ("GET /v1/option-versions/{id:path}", await a.api.get(f"/v1/option-versions/{name}?version=1")),
            (f"POST {MANY}:publish", await a.api.post(f"{MANY}:publish", json={"id": name})),
            (f"POST {MANY}:retire", await a.api.post(f"{MANY}:retire", json={"id": name})),
        ):
            assert answer.status_code == 404, (template, name)
            yield template, name, answer
    yield f"GET {MANY}:schema", "", await a.api.get(f"{MANY}:schema")
    # A's own document of that id, for a product that only B has, is not published.
    mine = _document("only-b", "only-b-optional")
    yield f"PUT {ONE}", "only-b", await a.api.put(f"{MANY}/only-b", json=mine)
    yield f"POST {MANY}:batch", "only-b", await a.push("option-documents", [mine, {"id": "only-b"}])
    refused = await a.api.post(f"{MANY}:publish", json={"id": "only-b"})
    assert refused.status_code == 422
    yield f"POST {MANY}:publish", "only-b", refused
    yield f"DELETE {ONE}", "only-b", await a.api.delete(f"{MANY}/only-b")
    assert (await pair.b.api.get(f"{MANY}/only-b")).json()["status"] == "published"
