"""Spoiled documents: for each kind of document, valid JSON or not, that the record must refuse."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from tests.support.shop import Document, event, order, product

KINDS = ("products", "orders", "events", "shoppers", "rules", "campaigns")
VALID: dict[str, Document] = {
    "products": product("x"),
    "orders": order("x", ["p1"]),
    "events": event("x"),
    "shoppers": {"id": "x"},
    "rules": {"id": "x", "action": "hide", "products": ["p1"]},
    "campaigns": {"id": "x"},
}
NUMBER = {
    "products": "price_minor",
    "orders": "total_minor",
    "events": "value",
    "shoppers": "attributes",
    "rules": "price_from_minor",
    "campaigns": "minimum_units",
}
TEXT = {
    "products": "title",
    "orders": "shopper_id",
    "events": "slot",
    "shoppers": "name",
    "rules": "note",
    "campaigns": "terms_version",
}
READ_ONLY = {
    "products": "created_at",
    "orders": "updated_at",
    "events": "received_at",
    "shoppers": "created_at",
    "rules": "updated_at",
    "campaigns": "state",
}

LINE = '{"product_id": "p1", "quantity": 1, "unit_price_minor": 1'


@dataclass(frozen=True, slots=True)
class Spoiled:
    """A body for PUT /v1/<kind>/x, and why it is bad."""

    kind: str
    what: str
    body: bytes

    def __str__(self) -> str:
        return f"{self.kind}: {self.what}"


def spoil(kind: str, field: str, raw: bytes | str, what: str = "") -> Spoiled:
    """The valid document with one field's value replaced by these bytes."""
    raw = raw.encode() if isinstance(raw, str) else raw
    body = json.dumps(VALID[kind] | {field: "@@"}).encode().replace(b'"@@"', raw)
    return Spoiled(kind, what or f"{field}={raw[:40].decode(errors='replace')}", body)


def spoiled_documents() -> list[Spoiled]:
    return [*_every_kind(), *_products(), *_orders(), *_events(), *_shoppers(), *_campaigns()]


def _every_kind() -> Iterator[Spoiled]:
    for kind in KINDS:
        for number in (
            "NaN",
            "Infinity",
            "-Infinity",
            "1e999",
            '"1"',
            "[1]",
            "true",
            '{"deep": {"er": 1}}',
            "9" * 5000,
        ):
            bad = f'{{"n": {number}}}' if kind == "shoppers" and number not in ('"1"', "[1]", "true") else number
            yield spoil(kind, NUMBER[kind], bad)
        for raw in (rb'"a\u0000b"', b'"a\0b"', rb'"\ud800"', rb'"\udc00\ud800"', b'"\xff"', b'"\xed\xa0\x80"', b"7"):
            yield spoil(kind, TEXT[kind], raw)
        for raw in (b'""', b'"%s"' % (b"x" * 201), b"7", b"null", b'"y"'):
            yield spoil(kind, "id", raw)
        yield spoil(kind, "no_such_field", "1")
        yield spoil(kind, "tenant_id", '"00000000-0000-0000-0000-000000000000"')
        yield spoil(kind, READ_ONLY[kind], '"2026-01-01T00:00:00Z"')
        yield from (Spoiled(kind, what, body) for what, body in _bodies().items())


def _bodies() -> dict[str, bytes]:
    """No document at all."""
    return {
        "empty body": b"",
        "blank body": b" \n ",
        "malformed": b'{"id": "x",',
        "trailing text": b'{"id": "x"} x',
        "an array": b"[]",
        "a text": b'"x"',
        "null": b"null",
        "byte order mark": b'\xef\xbb\xbf{"id": "x"}',
        "UTF-16": '{"id": "x"}'.encode("utf-16"),
        "100,000 arrays deep": b"[" * 100_000,
        "100,000 objects deep": b'{"attributes":' * 100_000 + b"1" + b"}" * 100_000,
        "deep inside a field": b'{"id": "x", "attributes": {"n": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
        "no field but the id": b'{"idd": "x"}',
    }


def _products() -> Iterator[Spoiled]:
    for raw in ("-1", "1.5", "1e15", "9" * 40, "null"):
        yield spoil("products", "price_minor", raw)
    for raw in ("1001", "-1", "1.5"):
        yield spoil("products", "sale_price_minor", raw)
    for address in (
        "http://shop.example/p", "javascript:alert(1)", "data:text/html,x", "//shop.example", "shop.example", "",
        "https://127.0.0.1/", "https://2130706433/", "https://[::1]/", "https://0x7f000001/", "https://0x7f.1/",
        "https://127.0.0.0x1/", "https://shop.example.1/", "https://user:pw@shop.example/", "https://shop.example\\@x/",
        "https://shop.example/a b", "https://shop.example/\"", "https://", f"https://shop.example/{'a' * 2000}",
    ):  # fmt: skip
        yield spoil("products", "url", json.dumps(address))
        yield spoil("products", "image_urls", json.dumps([address]))
    for raw in ('"2026-01-01T00:00:00"', '"0001-01-01T00:00:00+14:00"', '"9999-12-31T23:59:59-14:00"', '"soon"', "1"):
        for field in ("available_from", "sale_until"):
            yield spoil("products", field, raw)
    yield Spoiled("products", "sale ends before it starts", _with_period("sale_from", "sale_until"))
    yield Spoiled("products", "gone before it comes", _with_period("available_from", "available_until"))
    yield spoil("products", "variants", '[{"id": "v"}, {"id": "v"}]')
    yield spoil("products", "variants", '[{"id": "v", "colour": "red"}]')
    yield spoil("products", "currency", '"eur"')
    yield spoil("products", "currency", '"EUR\\n"')
    yield spoil("products", "status", '"deleted"')
    yield spoil("products", "stock_quantity", "-1")
    yield spoil("products", "pack_size", "0")
    yield spoil("products", "title", '""')
    yield spoil("products", "attributes", '{"": 1}')


def _with_period(start: str, end: str) -> bytes:
    times = {start: "2026-02-01T00:00:00Z", end: "2026-01-01T00:00:00Z"}
    return json.dumps(VALID["products"] | times).encode()


def _orders() -> Iterator[Spoiled]:
    for raw in ('"2026-01-01T00:00:00"', '"0001-01-01T00:00:00Z"', '"2199-01-01T00:00:00Z"', '"9999-12-31T23:59:59Z"'):
        yield spoil("orders", "ordered_at", raw)
    yield spoil("orders", "lines", "[]")
    yield spoil("orders", "lines", f'[{LINE}, "id": "1"}}, {LINE}, "id": "1"}}]', "two lines of one id")
    yield spoil("orders", "lines", f'[{LINE}}}, {LINE}, "id": "1"}}]', "a line with the place of another as its id")
    yield spoil("orders", "lines", f"[{','.join([LINE + '}'] * 1001)}]", "1,001 lines")
    yield spoil("orders", "lines", f'[{LINE}, "quantity": 0}}]')
    yield spoil("orders", "lines", f'[{LINE}, "discount_minor": -1}}]')
    yield spoil("orders", "lines", f'[{LINE}, "product_id": ""}}]')
    yield spoil("orders", "status", '"lost"')
    yield spoil("orders", "total_minor", "9" * 40)


def _events() -> Iterator[Spoiled]:
    yield spoil("events", "type", '"purchase"')
    yield spoil("events", "value", "1e13")
    yield spoil("events", "value", "9" * 40)
    yield spoil("events", "occurred_at", '"2026-01-01T00:00:00"')
    yield spoil("events", "occurred_at", '"2199-01-01T00:00:00Z"')
    yield spoil("events", "occurred_at", '"0001-01-01T00:00:00Z"')
    yield spoil("events", "occurred_at", '"2012-09-26T23:49:36+22:23"')
    yield spoil("events", "properties", '{"a": [1]}')


def _shoppers() -> Iterator[Spoiled]:
    for raw in ('"nobody"', '"a@b@c"', '"a b@c"', f'"{"a" * 320}@b"', '"a@b\\n"'):
        yield spoil("shoppers", "email", raw)
    yield spoil("shoppers", "phone", '"call me"')
    yield spoil("shoppers", "locale", '"de_DE!"')
    yield spoil("shoppers", "email_verified", '"yes"')


def _campaigns() -> Iterator[Spoiled]:
    for raw in (
        '{"mode": "hold"}', '{"mode": "deposit"}', '{"mode": "upfront", "deposit_minor": 1}',
        '{"mode": "upfront", "charge_within_days": 1}', '{"mode": "card_saved", "charge_within_days": -1}',
    ):  # fmt: skip
        yield spoil("campaigns", "payment", raw)
    for raw in ("0", "1.5", "-1"):
        yield spoil("campaigns", "caps", f'{{"total": {raw}}}')
    unknown = '{"product_id": "p", "variant_id": "v", "units": 1}'
    yield spoil("campaigns", "caps", f'{{"per_variant": [{unknown}]}}')
    for raw in ('[{"product_id": "p1"}, {"product_id": "p1"}]', '[{"product_id": "p1", "variants": ["v", "v"]}]'):
        yield spoil("campaigns", "products", raw)
    for raw in ('"2026-01-01T00:00:00"', '"9999-12-31T23:59:59-14:00"', '"soon"'):
        yield spoil("campaigns", "ends_at", raw)
    for raw in ('"2026-01-32"', '"9999-01-01"', '"2026-01-01T00:00:00Z"', "1"):
        yield spoil("campaigns", "ship_until", raw)
    yield spoil("campaigns", "tiers", '[{"units": 1, "discount_basis_points": 10001}]')
    yield spoil("campaigns", "title", '{"not a locale": "x"}')
    yield spoil("campaigns", "regions", '["Germany"]')
    yield spoil("campaigns", "cancellation", '{"until": "whenever"}')
    times = {"starts_at": "2026-02-01T00:00:00Z", "ends_at": "2026-01-01T00:00:00Z"}
    yield Spoiled("campaigns", "it ends before it starts", json.dumps(VALID["campaigns"] | times).encode())
