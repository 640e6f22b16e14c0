"""The helper for merchants' templates: the slot's markup in time, or the shop's own block."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx2
from jinja2 import Environment

from tests.support.polling import until
from tests.support.shop import ShopClient
from widgets.jinja_include import Includes

PAGE = "{% call lastbook_slot('home-popular', limit=2, token=token) %}<p>{{ own }}</p>{% endcall %}"
FILLED = '<lastbook-slot name="home-popular" state="ready" included=""><ul></ul></lastbook-slot>'


class Service:
    """Answers as a test says, and knows what it was asked."""

    def __init__(self, answer: Callable[[httpx2.Request], httpx2.Response]) -> None:
        self.asked: list[httpx2.Request] = []
        self.now = 0.0
        self.answer = answer
        transport = httpx2.MockTransport(self._handle)
        self.includes = Includes("https://l.example", "lb_pk_x", clock=lambda: self.now, transport=transport)

    def _handle(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        return self.answer(request)

    def render(self, **context: Any) -> str:
        environment = Environment(autoescape=True)
        environment.globals["lastbook_slot"] = self.includes.slot
        return environment.from_string(PAGE).render(**{"token": None, "own": "<b>", **context})


def filled(request: httpx2.Request) -> httpx2.Response:
    return httpx2.Response(200, text=FILLED, headers={"etag": '"1"'})


def down(request: httpx2.Request) -> httpx2.Response:
    raise httpx2.ConnectError("down")


OWN = '<lastbook-slot name="home-popular" limit="2"><p>&lt;b&gt;</p></lastbook-slot>'


def test_a_stranger_s_markup_is_asked_for_once_a_minute() -> None:
    service = Service(filled)
    assert [service.render(), service.render()] == [FILLED, FILLED]
    assert dict(service.asked[0].url.params) == {"key": "lb_pk_x", "name": "home-popular", "limit": "2"}
    service.now, service.answer = 61.0, lambda request: httpx2.Response(304, headers={"etag": '"1"'})
    assert service.render() == FILLED
    assert [request.headers.get("if-none-match") for request in service.asked] == [None, '"1"']


def test_while_the_service_is_down_old_markup_stands_in_for_ten_minutes_then_the_shop_s_own() -> None:
    service = Service(filled)
    service.render()
    service.now, service.answer = 599.0, down
    assert service.render() == FILLED
    service.now = 601.0
    assert service.render() == OWN


def test_a_refusal_and_an_empty_slot_show_the_shop_s_own_block() -> None:
    empty = '<lastbook-slot name="home-popular" state="empty" included=""></lastbook-slot>'
    for status, text in ((401, "{}"), (503, "{}"), (200, empty)):
        assert Service(lambda _, s=status, t=text: httpx2.Response(s, text=t)).render() == OWN  # type: ignore[misc]


def test_a_shopper_s_token_goes_in_a_header_and_the_answer_is_not_kept() -> None:
    service = Service(filled)
    service.render(token="first")
    service.render(token="first")
    assert [request.headers["lastbook-token"] for request in service.asked] == ["first", "first"]
    assert all("first" not in str(request.url) for request in service.asked)
    service.render()
    assert "lastbook-token" not in service.asked[2].headers


async def test_it_gets_the_markup_of_a_running_service(shop: ShopClient) -> None:
    await shop.stock("boots")

    async def there() -> bool:
        return await shop.shown("home-popular") == ["boots"]

    await until(there, seconds=5)
    includes = Includes(shop.service.url, shop.keys.publishable.secret)
    for token in (None, shop.token("ada")):
        html = await asyncio.to_thread(includes.slot, "home-popular", token=token)
        assert 'data-lb-product="boots"' in html
