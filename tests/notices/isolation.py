"""Isolation of notices: their part of "everything with A's keys and B's ids in every place"."""

from collections.abc import AsyncIterator
from typing import Protocol

import httpx2

from tests.campaigns.merchant import join
from tests.support.shop import ShopClient

Asked = tuple[str, str, httpx2.Response]


class HasB(Protocol):
    """The other shop, which has a campaign `theirs` already."""

    @property
    def b(self) -> ShopClient: ...


async def ask_notices(a: ShopClient, pair: HasB) -> AsyncIterator[Asked]:
    """Template, what, answer. A shopper of B's has joined, and is to be told."""
    theirs = (await join(pair.b, "theirs", product_id="same", shopper_id="same"))["preorder_id"]
    assert (await pair.b.api.get("/v1/notices", params={"preorder_id": theirs})).json()["items"]
    answer = await a.api.get("/v1/notices", params={"preorder_id": theirs})
    assert answer.status_code == 404
    yield "GET /v1/notices", theirs, answer
    answer = await a.api.get("/v1/notices")
    assert theirs not in answer.text
    yield "GET /v1/notices", "", answer
    yield "GET /v1/notice-settings", "", await a.api.get("/v1/notice-settings")
    yield "PUT /v1/notice-settings", "", await a.api.put("/v1/notice-settings", json={"answer_days": 7})
