"""Isolation of the record book: its part of "everything with A's keys and B's ids in every place"."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

import httpx2
import msgspec

from tests.record_book.page import ask, see
from tests.record_book.shoemaker import agree, feet, length, measure, open_record_book, put
from tests.support.shop import Document, ShopClient

SECRET_MM = 277.7
"""B's length, which no answer to A may say."""
FOUND = ('"277.7"', '"value_tenth_mm":2777', "measurer of b", "need of b")


class HasB(Protocol):
    """The other shop."""

    @property
    def b(self) -> ShopClient: ...


async def fill_for_isolation(pair: HasB) -> None:
    """B's shopper 'same' has a record book; A's shopper of that id has none."""
    await open_record_book(pair.b)
    await agree(pair.b, "same")
    told = feet("only-b-feet", length(SECRET_MM), length(SECRET_MM, "right"), shopper="same", measured_by=FOUND[2])
    await measure(pair.b, told)
    seen = await see(pair.b, shopper="same")
    revealed = await pair.b.api.get("/v1/measurement-profiles/only-b-feet?reveal=true")
    said = revealed.text + msgspec.json.encode(seen).decode()
    assert [one for one in FOUND[:3] if one not in said] == [], "the control"
    for person in ("", "?person=only-b"):
        answer = await pair.b.api.put(f"/v1/wishes/same{person}", json={"special_needs": [FOUND[3]]})
        assert answer.status_code == 200 or person, answer.text


async def ask_record_book(
    a: ShopClient, pair: HasB, ids: Sequence[str]
) -> AsyncIterator[tuple[str, str, httpx2.Response]]:
    """Template, what, answer."""
    await fill_for_isolation(pair)
    async for template, what, answer in _ask(a, pair, ids):
        assert [one for one in FOUND if one in answer.text] == [], (template, what)
        yield template, what, answer


async def _ask(a: ShopClient, pair: HasB, ids: Sequence[str]) -> AsyncIterator[tuple[str, str, httpx2.Response]]:
    async for asked in _ask_definitions(a):
        yield asked
    profiles, one = "/v1/measurement-profiles", "/v1/measurement-profiles/{id:path}"
    for name in ("only-b-feet", f"{pair.b.tenant_id}/only-b-feet"):
        for query in ("", "?version=1", "?reveal=true"):
            answer = await a.api.get(f"{profiles}/{name}{query}")
            assert answer.status_code == 404
            yield f"GET {one}", name, answer
        yield "GET /v1/measurement-versions/{id:path}", name, await a.api.get(f"/v1/measurement-versions/{name}")
        yield f"DELETE {one}", name, await a.api.delete(f"{profiles}/{name}")
    for name in (*ids, pair.b.tenant_id):
        yield f"GET {profiles}", name, await a.api.get(profiles, params={"shopper_id": name})
        told = feet("mine", length(250), shopper=name, person_id="only-b")
        yield f"PUT {one}", name, await put(a, told)
        yield f"POST {profiles}:batch", name, await a.push("measurement-profiles", [told, {"id": name}])
        for query in ("", "?person=only-b", "?reveal=true"):
            address = f"/v1/wishes/{name}{query}"
            yield "PUT /v1/wishes/{id:path}", name, await a.api.put(address, json={})
            yield "GET /v1/wishes/{id:path}", name, await a.api.get(address)
            yield "DELETE /v1/wishes/{id:path}", name, await a.api.delete(address)
    yield f"GET {profiles}", "", await a.api.get(profiles)
    async for asked in _ask_pages(a, pair, ids):
        yield asked


async def _ask_definitions(a: ShopClient) -> AsyncIterator[tuple[str, str, httpx2.Response]]:
    many = "/v1/measurement-definitions"
    definition = {"id": "mine", "label": {"en": "Mine"}}
    yield f"GET {many}", "", await a.api.get(many)
    yield f"PUT {many}/{{id:path}}", "", await a.api.put(f"{many}/mine", json=definition)
    yield f"GET {many}/{{id:path}}", "", await a.api.get(f"{many}/foot_length")
    yield f"POST {many}:batch", "", await a.push("measurement-definitions", [definition])
    yield f"DELETE {many}/{{id:path}}", "", await a.api.delete(f"{many}/foot_length")
    yield f"GET {many}:standard", "", await a.api.get(f"{many}:standard")
    yield f"POST {many}:standard", "", await a.api.post(f"{many}:standard", json={"sets": ["foot"]})
    yield "GET /v1/measurement-settings", "", await a.api.get("/v1/measurement-settings")
    yield "PUT /v1/measurement-settings", "", await a.api.put("/v1/measurement-settings", json={})


async def _ask_pages(a: ShopClient, pair: HasB, ids: Sequence[str]) -> AsyncIterator[tuple[str, str, httpx2.Response]]:
    """A's page with tokens of both, and B's ids as shopper and person."""
    bodies: dict[str, Document] = {
        "read": {},
        "save": {"kind": "foot", "values": [length(250)], "consent": {"text_version": "1"}},
        "delete": {},
    }
    for what, body in bodies.items():
        template = f"/public/v1/measurements:{what}"
        yield f"OPTIONS {template}", "", await a.page.options(template, headers={"Origin": "https://x.example"})
        theirs = await ask(a, what, shopper=None, token=pair.b.token("same"), **body)
        assert theirs.status_code == 401
        yield f"POST {template}", "", theirs
        for name in ids:
            for person in (None, *ids):
                yield f"POST {template}", name, await ask(a, what, shopper=name, person=person, **body)
