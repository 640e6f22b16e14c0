"""Packing: answers to pages come compressed to those who can read it, and say the same."""

import gzip
import json
import tracemalloc
from collections.abc import Awaitable, Callable

import httpx2
import pytest

from api.packing import pack, packed_before
from tests.again.household import APRIL, EXAMPLE, buy, listed, today
from tests.support.polling import until
from tests.support.shop import ShopClient

SLOTS = [{"name": "home-popular", "limit": 12}]


@pytest.fixture
async def full(shop: ShopClient) -> ShopClient:
    """A shop whose slot takes more than a packet."""
    names = [f"p{n}" for n in range(12)]
    await shop.stock(*names)

    async def there() -> bool:
        return {*await shop.shown("home-popular")} == {*names}

    await until(there, seconds=5)
    return shop


async def ask(shop: ShopClient, encoding: str) -> httpx2.Response:
    body = {"key": shop.keys.publishable.secret, "slots": SLOTS}
    return await shop.page.post("/public/v1/slots", json=body, headers={"Accept-Encoding": encoding})


async def keepable(shop: ShopClient, encoding: str, etag: str = "") -> httpx2.Response:
    query = {"key": shop.keys.publishable.secret, "page": json.dumps({"slots": SLOTS})}
    headers = {"Accept-Encoding": encoding, "If-None-Match": etag}
    return await shop.page.get("/public/v1/slots", params=query, headers=headers)


@pytest.mark.parametrize("asked", [ask, keepable])
async def test_an_answer_is_packed_for_those_who_can_read_it(
    full: ShopClient, asked: Callable[[ShopClient, str], Awaitable[httpx2.Response]]
) -> None:
    plain, packed = await asked(full, "identity"), await asked(full, "gzip, br")
    assert "content-encoding" not in plain.headers
    assert (packed.headers["content-encoding"], packed.headers["vary"].lower()) == ("gzip", "accept-encoding")
    assert packed.json() == plain.json()
    assert int(packed.headers["content-length"]) < len(plain.content) / 2


async def test_a_small_answer_is_left_as_it_is(shop: ShopClient) -> None:
    answer = await ask(shop, "gzip")
    assert len(answer.content) < 1_000
    assert "content-encoding" not in answer.headers


async def test_the_packed_answer_and_the_plain_one_have_two_etags(full: ShopClient) -> None:
    plain, packed = await keepable(full, "identity"), await keepable(full, "gzip")
    assert plain.headers["etag"] != packed.headers["etag"]
    assert (await keepable(full, "gzip", packed.headers["etag"])).status_code == 304
    assert (await keepable(full, "gzip", plain.headers["etag"])).status_code == 200


async def test_b7_what_is_one_shoppers_alone_is_not_remembered_packed(full: ShopClient) -> None:
    """As their own measures are not, nor what they bought."""
    for n in range(12):
        await buy(full, "ada", EXAMPLE, f"p{n}")
    await ask(full, "gzip")
    remembered = packed_before.cache_info().currsize
    with today(full.service, APRIL):
        mine = await listed(full, "ada")
    assert len(json.dumps(mine)) > 1_000
    assert packed_before.cache_info().currsize == remembered > 0


def test_b5_packed_answers_fill_a_bounded_memory_however_long_they_are() -> None:
    """A body and its packed form are kept; 2,000 strangers' answers of a megabyte would be two gigabytes."""
    tracemalloc.start()
    try:
        for number in range(60):
            body = b"%d" % number + bytes(1_000_000)
            assert gzip.decompress(pack(body, remember=True)) == body
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 10_000_000
