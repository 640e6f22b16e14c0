"""Full feeds: what is missing becomes unavailable, after a dry run that counts, and never most of the shop unasked."""

from tests.imports.support import counts, finish, import_bytes, report, send, stored
from tests.support.shop import ShopClient

HEADER = "id,title,url,price\n"


def feed(*names: str) -> str:
    return HEADER + "".join(f"{name},Mug,https://shop.example/{name},1.00\n" for name in names)


async def status(shop: ShopClient) -> dict[str, str]:
    return {name: product["status"] for name, product in (await stored(shop)).items()}


async def test_b2_a_dry_run_counts_and_stores_nothing(shop: ShopClient) -> None:
    await shop.stock("p1", "p2", "p3")
    before = await stored(shop)
    run = await import_bytes(shop, feed("p1", "p2", "p4"), mode="full", dry_run=True)

    assert counts(run) == {"created": 1, "updated": 2}
    assert (run["status"], run["missing"], run["archived"]) == ("done", 1, None)
    assert await stored(shop) == before


async def test_b2_a_full_feed_archives_what_it_lacks_and_brings_it_back(shop: ShopClient) -> None:
    await import_bytes(shop, feed("p1", "p2", "p3"))
    run = await import_bytes(shop, feed("p1", "p2"), mode="full")
    lacking = await status(shop)
    again = await import_bytes(shop, feed("p1", "p2", "p3"), mode="full")

    assert (counts(run), run["missing"], run["archived"]) == ({"unchanged": 2}, 1, 1)
    assert lacking == {"p1": "active", "p2": "active", "p3": "archived"}
    assert counts(again) == {"unchanged": 2, "updated": 1}
    assert await status(shop) == dict.fromkeys(("p1", "p2", "p3"), "active")


async def test_b2_an_incremental_file_takes_nothing_out(shop: ShopClient) -> None:
    await import_bytes(shop, feed("p1", "p2", "p3"))
    run = await import_bytes(shop, feed("p1"))

    assert (run["missing"], run["archived"]) == (None, None)
    assert set((await status(shop)).values()) == {"active"}


async def test_b2_more_than_half_is_taken_out_only_when_confirmed(shop: ShopClient) -> None:
    await import_bytes(shop, feed("p1", "p2", "p3"))
    refused = await import_bytes(shop, feed("p1", "n1", "n2", "n3"), mode="full")
    after_refusal = await status(shop)
    confirmed = await import_bytes(shop, feed("p1", "n1", "n2", "n3"), mode="full", confirm=True)

    assert (refused["status"], refused["missing"], refused["archived"]) == ("failed", 2, None)
    assert "lacks 2 of 3 products" in refused["error"]
    assert "confirm=true" in refused["error"]
    assert set(after_refusal.values()) == {"active"}
    assert (confirmed["status"], confirmed["archived"]) == ("done", 2)


async def test_b2_a_feed_that_breaks_takes_nothing_out(shop: ShopClient) -> None:
    await import_bytes(shop, feed("p1", "p2", "p3"))
    items = "".join(
        f"<item><id>{name}</id><title>Mug</title><link>https://shop.example/{name}</link><price>1.00</price></item>"
        for name in ("p1", "p2")
    )
    run = await import_bytes(shop, f"<rss><channel>{items}<item>", mode="full", confirm=True)

    assert run["status"] == "failed"
    assert set((await status(shop)).values()) == {"active"}


async def test_b2_a_product_whose_row_is_refused_is_in_the_feed(shop: ShopClient) -> None:
    await import_bytes(shop, feed("p1", "p2", "p3"))
    run = await import_bytes(shop, feed("p1", "p2", "p3").replace("/p3,1.00", "/p3,free"), mode="full")

    assert (run["rejected"], run["missing"]) == (1, 0)
    assert (await status(shop))["p3"] == "active"


async def test_b2_a_product_stored_after_the_feed_was_sent_is_not_missing(shop: ShopClient) -> None:
    await import_bytes(shop, feed("p1", "p2"))
    sent = (await send(shop, feed("p1", "p2"), mode="full")).json()["import_id"]
    await shop.stock("new")
    run = await finish(shop, sent)

    assert run["missing"] == 0
    assert (await status(shop))["new"] == "active"


async def test_b2_an_import_waits_with_its_zeros_and_is_listed(shop: ShopClient, other_shop: ShopClient) -> None:
    sent = (await send(shop, feed("p1"))).json()["import_id"]
    waiting = await report(shop, sent)
    await finish(shop, sent)

    assert (waiting["status"], waiting["rows_read"], waiting["plan"]) == ("waiting", 0, None)
    assert [run["import_id"] for run in (await shop.api.get("/v1/imports")).json()["items"]] == [sent]
    assert (await other_shop.api.get("/v1/imports")).json() == {"items": []}
    assert (await other_shop.api.get(f"/v1/imports/{sent}")).status_code == 404
    assert (await other_shop.api.get(f"/v1/imports/{sent}/rejects")).status_code == 404
