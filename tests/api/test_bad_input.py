"""Bad input is refused with a documented sentence and a hint, and nothing of it is stored."""

from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest

from tests.api.spoiled import KINDS, VALID, Spoiled, spoiled_documents
from tests.support.problems import check_documented, check_problem
from tests.support.shop import Document, ShopClient

JSON = {"Content-Type": "application/json"}
NDJSON = {"Content-Type": "application/x-ndjson"}
SPOILED = pytest.mark.parametrize("spoiled", spoiled_documents(), ids=str)
EVERY_KIND = pytest.mark.parametrize("kind", KINDS)


async def assert_nothing_stored(shop: ShopClient) -> None:
    for kind in KINDS:
        assert (await shop.api.get(f"/v1/{kind}")).json()["items"] == []


@SPOILED
async def test_a_spoiled_document_is_refused(still_shop: ShopClient, spoiled: Spoiled) -> None:
    answer = await still_shop.api.put(f"/v1/{spoiled.kind}/x", content=spoiled.body, headers=JSON)

    check_problem(answer, 400, 422)
    await assert_nothing_stored(still_shop)


@SPOILED
async def test_a_spoiled_row_is_named_and_not_stored(still_shop: ShopClient, spoiled: Spoiled) -> None:
    if spoiled.what == 'id="y"':  # of a row, that is a good id
        return
    for body, headers in ((b"[%s]" % spoiled.body, JSON), (b"\n%s\n" % spoiled.body.replace(b"\n", b" "), NDJSON)):
        answer = await still_shop.api.post(f"/v1/{spoiled.kind}:batch", content=body, headers=headers)

        if answer.status_code == 200:
            check_rejected(answer.json(), rows=1 if spoiled.body.strip() else 0)
        else:
            check_problem(answer, 400)
    await assert_nothing_stored(still_shop)


def check_rejected(summary: Document, *, rows: int) -> None:
    assert (summary["received"], summary["rejected"]) == (rows, rows)
    for row in summary["rows"]:
        assert (row["result"], bool(row["errors"][0]["reason"])) == ("rejected", True)


@EVERY_KIND
async def test_control_the_unspoiled_document_is_stored(shop: ShopClient, kind: str) -> None:
    answer = await shop.api.put(f"/v1/{kind}/x", json=VALID[kind])

    assert (answer.status_code, answer.json()) == (200, {"id": "x", "result": "created"})


@EVERY_KIND
@pytest.mark.parametrize("body", [b"", b"{}", b"7", b"null", b"[", b"[" * 100_000, b"[[[[", b"[NaN", b'[{"id": "x"}'])
async def test_a_batch_that_is_no_array_is_refused(still_shop: ShopClient, kind: str, body: bytes) -> None:
    check_problem(await still_shop.api.post(f"/v1/{kind}:batch", content=body, headers=JSON), 400)
    await assert_nothing_stored(still_shop)


@EVERY_KIND
async def test_more_than_10_000_rows_are_refused(still_shop: ShopClient, kind: str) -> None:
    for body, headers in ((b"[%s]" % b",".join([b"{}"] * 10_001), JSON), (b"{}\n" * 10_001, NDJSON)):
        answer = await still_shop.api.post(f"/v1/{kind}:batch", content=body, headers=headers)
        check_problem(answer, 413)


@EVERY_KIND
async def test_a_body_over_10_mb_is_refused_announced_or_not(still_shop: ShopClient, kind: str) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b" " * 1_000_000

    for method, path in (("PUT", f"/v1/{kind}/x"), ("POST", f"/v1/{kind}:batch")):
        announced = await still_shop.api.request(method, path, content=b" " * 10_000_001, headers=JSON)
        check_problem(announced, 413)
        chunked = await still_shop.api.request(method, path, content=chunks(), headers=JSON)
        assert "content-length" not in chunked.request.headers
        check_problem(chunked, 413)


@EVERY_KIND
@pytest.mark.parametrize("content_type", ["", "text/plain", "application/xml", "multipart/form-data", "text/json"])
async def test_another_content_type_is_refused(still_shop: ShopClient, kind: str, content_type: str) -> None:
    for method, path in (("PUT", f"/v1/{kind}/x"), ("POST", f"/v1/{kind}:batch")):
        headers = {"Content-Type": content_type} if content_type else {}
        check_problem(await still_shop.api.request(method, path, content=b"{}", headers=headers), 415)
    check_problem(await still_shop.api.put(f"/v1/{kind}/x", content=b"{}", headers=NDJSON), 415)


@EVERY_KIND
@pytest.mark.parametrize("encoding", ["gzip", "br", "identity, gzip", "nonsense"])
async def test_compressed_bodies_are_refused(still_shop: ShopClient, kind: str, encoding: str) -> None:
    for method, path in (("PUT", f"/v1/{kind}/x"), ("POST", f"/v1/{kind}:batch")):
        headers = {**JSON, "Content-Encoding": encoding}
        check_problem(await still_shop.api.request(method, path, content=b"{}", headers=headers), 415)


@EVERY_KIND
@pytest.mark.parametrize("name", ["x" * 201, "a\0b", "\0", "\x7f" * 300, "ü" * 201])
async def test_an_id_that_cannot_be_is_404_in_every_address(still_shop: ShopClient, kind: str, name: str) -> None:
    address = f"/v1/{kind}/{quote(name, safe='')}"
    check_problem(await still_shop.api.get(address), 404)
    check_problem(await still_shop.api.delete(address), 404)
    check_problem(await still_shop.api.put(address, json=VALID[kind] | {"id": name}), 404, 422)
    check_problem(await still_shop.api.put(address, json=VALID[kind]), 404, 422)
    await assert_nothing_stored(still_shop)


@EVERY_KIND
async def test_broken_utf8_in_an_address_names_nothing(still_shop: ShopClient, kind: str) -> None:
    for name in ("%ff", "%ed%a0%80", "%c0%80", "%00", "%"):
        check_problem(await still_shop.api.get(f"/v1/{kind}/{name}"), 404)


@EVERY_KIND
@pytest.mark.parametrize("name", [
    "a/b", "a/b/", "//", "ключ", "日本", "a b", "a?b#c", "%2F", "..x", ":batch", "a:b", "'--", "💥", "\u202e",
])  # fmt: skip
async def test_an_unusual_id_is_stored_read_and_deleted(shop: ShopClient, kind: str, name: str) -> None:
    address = f"/v1/{kind}/{quote(name, safe='')}"
    stored = await shop.api.put(address, json=VALID[kind] | {"id": name})

    assert (stored.status_code, stored.json()) == (200, {"id": name, "result": "created"})
    assert (await shop.api.get(address)).json()["id"] == name
    assert (await shop.api.delete(address)).status_code == 204
    check_problem(await shop.api.get(address), 404)


@EVERY_KIND
@pytest.mark.parametrize("query", [
    "after=!", "after=%00", "after=AA==", "after=AA", "after=_w==", "after=7aCA", "after=ä", "after=%ff",
    "limit=0", "limit=-1", "limit=1001", "limit=1e2", "limit=", "limit=x", "limit=٣", "limit=99999999999999999999",
])  # fmt: skip
async def test_a_bad_cursor_or_limit_is_refused(still_shop: ShopClient, kind: str, query: str) -> None:
    check_problem(await still_shop.api.get(f"/v1/{kind}?{query}"), 400)


@EVERY_KIND
async def test_a_bad_idempotency_key_is_refused(still_shop: ShopClient, kind: str) -> None:
    for key in ("", "k" * 201):
        headers = {"Idempotency-Key": key}
        check_problem(await still_shop.api.put(f"/v1/{kind}/x", json=VALID[kind], headers=headers), 400)
        check_problem(await still_shop.push(kind, [VALID[kind]], **headers), 400)
        check_problem(await still_shop.api.delete(f"/v1/{kind}/x", headers=headers), 400)
    await assert_nothing_stored(still_shop)


async def test_a_refused_document_leaves_the_stored_one_as_it_was(shop: ShopClient) -> None:
    await shop.stock("x")
    before = (await shop.api.get("/v1/products/x")).content
    for spoiled in spoiled_documents():
        if spoiled.kind == "products":
            await shop.api.put("/v1/products/x", content=spoiled.body, headers=JSON)

    assert (await shop.api.get("/v1/products/x")).content == before


@pytest.mark.parametrize("number", [str(10**39), "1e300", "-1e-300", "18446744073709551616", "1.7976931348623157e308"])
async def test_a_large_number_in_attributes_comes_back_as_it_was(shop: ShopClient, number: str) -> None:
    body = b'{"id": "x", "attributes": {"n": %s}}' % number.encode()
    assert (await shop.api.put("/v1/shoppers/x", content=body, headers=JSON)).status_code == 200

    answer = await shop.api.get("/v1/shoppers/x")
    check_documented(answer)
    assert float(answer.json()["attributes"]["n"]) == float(number)


@pytest.mark.parametrize("body", [{"action": "pin", "when": "true", "id": "x"}, {"id": "x"}, []])
async def test_r5_json_that_breaks_a_rule_is_not_called_no_json(still_shop: ShopClient, body: object) -> None:
    answer = await still_shop.api.put("/v1/rules/x", json=body)

    check_problem(answer, 422)
    assert "JSON" not in answer.json()["detail"]
