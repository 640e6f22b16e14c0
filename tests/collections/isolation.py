"""Isolation of collections: their part of "everything with A's keys and B's ids in every place"."""

from collections.abc import AsyncIterator
from typing import Protocol

import httpx2

from tests.support.shop import Document, ShopClient


class HasB(Protocol):
    """The other shop, and words that stand in its rows only."""

    @property
    def b(self) -> ShopClient: ...

    @property
    def canaries(self) -> list[str]: ...


async def ask_collections(a: ShopClient, pair: HasB) -> AsyncIterator[tuple[str, str, httpx2.Response]]:
    """Template, what, answer. B's shoppers of the same ids are in a collection with a canary, A's in none."""
    word, many, one = pair.canaries[0], "/v1/collections", "/v1/collections/{id:path}"
    theirs = {
        "id": "only-b", "theme": word, "title": {"en": word}, "products": ["same"],
        "audience": {"kind": "shoppers", "shoppers": ["only-b", "same"]},
    }  # fmt: skip
    assert (await pair.b.api.put(f"{many}/only-b", json=theirs)).status_code == 200
    assert word in (await pair.b.api.get(f"{many}/only-b")).text
    plain: Document = {"id": "mine", "products": ["same", "only-b"]}
    for document in (plain, plain | {"audience": {"kind": "shoppers", "shoppers": ["only-b"]}}):
        yield f"PUT {one}", "mine", await a.api.put(f"{many}/mine", json=document)
        yield f"POST {many}:batch", "mine", await a.push("collections", [document, {"id": "only-b"}])
    yield f"GET {many}", "", await a.api.get(many)
    for name in ("only-b", "mine"):
        yield f"GET {one}", name, await a.api.get(f"{many}/{name}")
    yield f"DELETE {one}", "only-b", await a.api.delete(f"{many}/only-b")
    assert (await pair.b.api.delete(f"{many}/only-b")).status_code == 204
