"""Isolation of buying again: their part of "everything with A's keys and B's ids in every place"."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Protocol

import httpx2

from tests.again.household import ask, buy
from tests.support.shop import ShopClient


class HasB(Protocol):
    """The other shop, with a product and a shopper `only-b`."""

    @property
    def b(self) -> ShopClient: ...


async def ask_again(a: ShopClient, pair: HasB) -> AsyncIterator[tuple[str, str, httpx2.Response]]:
    """Template, what, answer. In B a shopper of an id that both have will need what only B sells."""
    now = pair.b.service.clock().date()
    await buy(pair.b, "same", {now - timedelta(days=days): 1 for days in (39, 29, 19, 9)}, "only-b")
    (theirs,) = [one for one in (await ask(pair.b, "list", "same")).json()["items"] if one["id"] == "only-b"]
    assert theirs["quantity"] == 1
    key = a.keys.publishable.secret
    for shopper in ("same", "only-b"):
        stolen = {"key": key, "token": pair.b.token(shopper)}
        for what in ("list", "snooze", "stop", "undo"):
            path, product = f"/public/v1/again:{what}", {} if what == "list" else {"product": "only-b"}
            yield f"POST {path}", shopper, await ask(a, what, shopper, **product)
            answer = await a.page.post(path, json={**stolen, **product})
            assert answer.status_code == 401
            yield f"POST {path}", f"token of {shopper}", answer
            yield f"OPTIONS {path}", "", await a.page.options(path)
    for name in ("same", "only-b", pair.b.tenant_id):
        yield "GET /v1/replenishment/{id:path}", name, await a.api.get(f"/v1/replenishment/{name}")
    assert [one["id"] for one in (await ask(pair.b, "list", "same")).json()["items"]] == ["only-b"]
