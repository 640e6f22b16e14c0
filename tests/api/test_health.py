"""Health, metrics and what holds for every address: request ids, 404, 405, HEAD."""

import re

import pytest

from tests.support.problems import check_problem
from tests.support.shop import ShopClient

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


async def test_the_service_is_alive_and_ready(still_shop: ShopClient) -> None:
    live, ready = [await still_shop.page.get(f"/health/{name}") for name in ("live", "ready")]

    assert (live.status_code, live.json()) == (200, {"live": True})
    assert (ready.status_code, ready.json()) == (200, {"ready": True, "database": True, "redis": True})


async def test_metrics_count_by_route_and_name_nobody(shop: ShopClient) -> None:
    await shop.stock("metric-product")
    await shop.api.get("/v1/products/metric-product")
    await shop.ask("home-popular")
    text = (await shop.page.get("/metrics")).text

    assert re.search(
        r'^lastbook_requests_total\{route="/v1/products/\{id:path\}",status="200"\} [1-9]', text, re.MULTILINE
    )
    assert re.search(r'^lastbook_requests_total\{route="/public/v1/slots",status="200"\} [1-9]', text, re.MULTILINE)
    assert re.search(r"^lastbook_requests_in_flight 1", text, re.MULTILINE)
    assert "lastbook_request_seconds_bucket" in text
    assert not UUID.search(text)
    assert "metric-product" not in text
    for secret in ("lb_sk_", "lb_pk_", shop.keys.secret.secret[-8:], shop.tenant_id):
        assert secret not in text


async def test_a_request_id_is_echoed_when_it_is_a_plain_word(still_shop: ShopClient) -> None:
    for given in ("my-request-0001", "a" * 64):
        answer = await still_shop.page.get("/health/live", headers={"X-Request-Id": given})
        assert answer.headers["x-request-id"] == given
        refused = check_problem(await still_shop.page.get("/v1/products", headers={"X-Request-Id": given}), 401)
        assert refused["request_id"] == given


@pytest.mark.parametrize("given", ["short", "a" * 65, "with space here", "<script>alert", "ü" * 10, "{{7*7}}xx"])
async def test_another_request_id_is_replaced(still_shop: ShopClient, given: str) -> None:
    answer = await still_shop.page.get("/health/live", headers={b"X-Request-Id": given.encode()})

    assert answer.headers.get_list("x-request-id") == [answer.headers["x-request-id"]]
    assert re.fullmatch(r"[A-Za-z0-9._-]{8,64}", answer.headers["x-request-id"])
    assert answer.headers["x-request-id"] != given


async def test_every_answer_has_a_request_id_of_its_own(still_shop: ShopClient) -> None:
    seen = [(await still_shop.page.get("/health/live")).headers["x-request-id"] for _ in range(20)]

    assert len(set(seen)) == 20


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/products", {"GET", "HEAD"}),
        ("POST", "/v1/products/x", {"GET", "HEAD", "PUT", "DELETE"}),
        ("GET", "/v1/products:batch", {"POST"}),
        ("PATCH", "/v1/orders/x", {"GET", "HEAD", "PUT", "DELETE"}),
        ("GET", "/v1/models:train", {"POST"}),
        ("GET", "/v1/models/x/promote", {"POST"}),
        ("PUT", "/public/v1/slots", {"GET", "HEAD", "POST", "OPTIONS"}),
        ("PUT", "/public/v1/events", {"POST", "OPTIONS"}),
        ("POST", "/openapi.json", {"GET", "HEAD"}),
        ("POST", "/metrics", {"GET", "HEAD"}),
        ("TRACE", "/v1/products", {"GET", "HEAD"}),
    ],
)
async def test_another_method_is_405_with_the_ones_that_there_are(
    still_shop: ShopClient, method: str, path: str, allowed: set[str]
) -> None:
    answer = await still_shop.api.request(method, path)

    check_problem(answer, 405)
    assert {*re.split(r",\s*", answer.headers["allow"])} == allowed


@pytest.mark.parametrize("path", ["/", "/v1", "/v2/products", "/v1/products:nothing", "/public/v1", "/w/v1/../cli.py"])
async def test_an_unknown_address_is_a_problem_too(still_shop: ShopClient, path: str) -> None:
    check_problem(await still_shop.api.get(path), 404)


async def test_head_answers_as_get_without_a_body(still_shop: ShopClient) -> None:
    for path in ("/v1/products", "/v1/models", "/health/live", "/openapi.json", "/metrics"):
        head, got = await still_shop.api.head(path), await still_shop.api.get(path)
        assert (head.status_code, head.content, head.headers["content-type"]) == (200, b"", got.headers["content-type"])
    missing = await still_shop.api.head("/v1/products/x")
    assert (missing.status_code, missing.content) == (404, b"")
