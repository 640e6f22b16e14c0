"""Drafts: tried out where nobody sees them, compared, published as a version, and taken back."""

import asyncio
import random
from typing import Any
from uuid import UUID

import asyncpg
import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.audit import list_audit
from tenants.placement_drafts import list_changes
from tenants.placements import CARD, STANDARD, Placement
from tests.support.polling import until
from tests.support.problems import check_problem
from tests.support.shop import Document, ShopClient

HOT: Document = {"id": "hot", "strategy": "new", "heading": "Hot", "headings": {"zh": "热"}, "limit": 4}


async def act(shop: ShopClient, verb: str, body: Document, **headers: str) -> httpx2.Response:
    return await shop.api.post(f"/v1/placements:{verb}", json=body, headers=headers)


async def done(shop: ShopClient, verb: str, body: Document) -> Document:
    answer = await act(shop, verb, body)
    assert answer.status_code == 200, answer.text
    found: Document = answer.json()
    return found


async def in_force(shop: ShopClient, name: str = "hot") -> Document | None:
    answer = await shop.api.get(f"/v1/placements/{name}")
    return None if answer.status_code == 404 else answer.json()


async def versions(shop: ShopClient, name: str = "hot") -> list[Document]:
    items: list[Document] = (await done(shop, "versions", {"id": name}))["items"]
    return items


async def test_b10_a_draft_is_seen_by_nobody_until_it_is_published(shop: ShopClient) -> None:
    await shop.stock("boots")
    assert await done(shop, "draft", HOT) == {"id": "hot", "result": "created"}
    assert await in_force(shop) is None
    assert (await shop.ask("hot")).json()["slots"][0]["source"] == "none"
    assert await versions(shop) == []

    assert await done(shop, "publish", {"id": "hot"}) == {"id": "hot", "version": 1, "result": "published"}
    found = await in_force(shop)
    assert found is not None
    assert {name: found[name] for name in HOT} == HOT

    async def shown() -> bool:
        filled: Document = (await shop.ask("hot")).json()["slots"][0]
        return filled["heading"] == "Hot" and bool(filled["products"])

    await until(shown, seconds=5)
    check_problem(await act(shop, "publish", {"id": "hot"}), 404)
    check_problem(await act(shop, "diff", {"id": "hot"}), 404)


async def test_b10_a_draft_that_is_stored_while_the_one_before_is_published_is_kept(shop: ShopClient) -> None:
    await shop.api.put("/v1/placements/hot", json={**HOT, "limit": 9})
    await done(shop, "draft", HOT)
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        await conn.execute("select from placements where document_id = 'hot' for update")
        publishing = asyncio.create_task(done(shop, "publish", {"id": "hot"}))
        await asyncio.sleep(0.3)
        storing = asyncio.create_task(done(shop, "draft", {**HOT, "limit": 5}))
        await asyncio.sleep(0.3)

    assert (await publishing)["result"] == "published"
    await storing
    [change] = (await done(shop, "diff", {"id": "hot"}))["changes"]
    assert (change["field"], change["before"], change["after"]) == ("limit", 4, 5)


async def test_b10_storing_a_draft_again_is_harmless(shop: ShopClient) -> None:
    results = [(await done(shop, "draft", one))["result"] for one in (HOT, HOT, {**HOT, "limit": 5}, HOT)]
    assert results == ["created", "unchanged", "updated", "updated"]


async def test_b10_a_diff_names_each_field_that_changes(shop: ShopClient) -> None:
    await shop.api.put("/v1/placements/hot", json=HOT)
    changed = {**HOT, "layout": "grid", "headings": {"zh": "热卖", "de": "Heiß"}, "fields": ["title", "reason"]}
    await done(shop, "draft", changed)
    assert await done(shop, "diff", {"id": "hot"}) == {
        "id": "hot", "version": 1, "behind": False, "new": False,
        "changes": [
            {"field": "headings.zh", "before": "热", "after": "热卖"},
            {"field": "layout", "before": "carousel", "after": "grid"},
            {"field": "fields", "before": ["image", "brand", "title", "price"], "after": ["title", "reason"]},
            {"field": "headings.de", "before": None, "after": "Heiß"},
        ],
    }  # fmt: skip


async def test_b10_a_draft_of_a_standard_placement_is_compared_with_the_standard(shop: ShopClient) -> None:
    await done(shop, "draft", {"id": "home-popular", "strategy": "trending", "heading": "Popular now"})
    compared = await done(shop, "diff", {"id": "home-popular"})
    assert (compared["version"], compared["new"]) == (0, False)
    assert compared["changes"] == [
        {"field": "strategy", "before": "popular", "after": "trending"},
        {"field": "headings.zh", "before": "近期热销", "after": None},
    ]
    await done(shop, "draft", {"id": "unheard-of", "strategy": "new"})
    assert (await done(shop, "diff", {"id": "unheard-of"}))["new"] is True


async def test_b10_every_change_makes_a_version_and_one_audit_row_and_what_changes_nothing_makes_none(
    shop: ShopClient,
) -> None:
    await shop.api.put("/v1/placements/hot", json=HOT)
    await shop.api.put("/v1/placements/hot", json=HOT)
    await done(shop, "draft", {**HOT, "limit": 9})
    await done(shop, "publish", {"id": "hot"})
    await done(shop, "draft", {**HOT, "limit": 9})
    unchanged = await done(shop, "publish", {"id": "hot"})
    await shop.push("placements", [{**HOT, "limit": 7}, {"id": "other", "strategy": "new"}])
    await done(shop, "rollback", {"id": "hot", "version": 1})
    await shop.api.delete("/v1/placements/hot")
    await done(shop, "draft", HOT)
    assert (await act(shop, "discard", {"id": "hot"})).status_code == 204

    assert unchanged == {"id": "hot", "version": 2, "result": "unchanged"}
    kept = await versions(shop)
    assert [(one["version"], one["act"], one["restored"]) for one in reversed(kept)] == [
        (1, "store", None), (2, "publish", None), (3, "store", None), (4, "rollback", 1), (5, "delete", None),
    ]  # fmt: skip
    assert [one["document"] and one["document"]["limit"] for one in reversed(kept)] == [4, 9, 7, 4, None]
    assert {one["actor"] for one in kept} == {f"key {shop.keys.secret.key_id}"}
    assert [one["version"] for one in await versions(shop, "other")] == [1]
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        rows = [one for one in await list_audit(conn) if one.subject == "hot"]
    assert [one.action for one in reversed(rows)] == [
        "store placement", "draft placement", "publish placement, version 2", "draft placement", "store placement",
        "publish placement, version 4: back to version 1", "delete placement", "draft placement",
        "discard draft of placement",
    ]  # fmt: skip


async def test_b10_versions_are_listed_page_by_page(shop: ShopClient) -> None:
    for limit in range(1, 8):
        await shop.api.put("/v1/placements/hot", json={**HOT, "limit": limit})
    found, before = list[int](), None
    while True:
        page = await done(shop, "versions", {"id": "hot", "limit": 3, "before": before})
        found += [one["version"] for one in page["items"]]
        before = page["next"]
        if before is None:
            break
    assert found == [7, 6, 5, 4, 3, 2, 1]


async def test_b10_a_version_never_changes(shop: ShopClient) -> None:
    await shop.api.put("/v1/placements/hot", json=HOT)
    with pytest.raises(asyncpg.RaiseError, match="stays as it is"):
        async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
            await conn.execute("update placement_versions set actor = 'somebody else'")


async def test_b10_a_draft_that_another_change_overtook_is_not_published_unseen(shop: ShopClient) -> None:
    await shop.api.put("/v1/placements/hot", json=HOT)
    await done(shop, "draft", {**HOT, "limit": 9})
    await shop.api.put("/v1/placements/hot", json={**HOT, "heading": "Hotter"})

    assert (await done(shop, "diff", {"id": "hot"}))["behind"] is True
    refused = check_problem(await act(shop, "publish", {"id": "hot"}), 409)
    assert refused["detail"] == "The draft of 'hot' is of version 1; version 2 is in force."
    found = await in_force(shop)
    assert found is not None
    assert (found["heading"], found["limit"], len(await versions(shop))) == ("Hotter", 4, 2)

    await done(shop, "draft", {**HOT, "limit": 9})
    assert (await done(shop, "publish", {"id": "hot"}))["version"] == 3


async def test_b10_a_rollback_brings_a_version_back_and_a_deletion_too(shop: ShopClient) -> None:
    await shop.api.put("/v1/placements/home-popular", json={**HOT, "id": "home-popular"})
    await shop.api.delete("/v1/placements/home-popular")
    assert (await done(shop, "rollback", {"id": "home-popular", "version": 1}))["version"] == 3
    found = await in_force(shop, "home-popular")
    assert found is not None
    assert (found["heading"], found["standard"]) == ("Hot", False)
    assert (await done(shop, "rollback", {"id": "home-popular", "version": 2}))["version"] == 4
    found = await in_force(shop, "home-popular")
    assert found is not None
    assert (found["heading"], found["standard"]) == ("Popular now", True)
    again = await done(shop, "rollback", {"id": "home-popular", "version": 2})
    assert again == {"id": "home-popular", "version": 4, "result": "unchanged"}
    check_problem(await act(shop, "rollback", {"id": "home-popular", "version": 9}), 404)
    check_problem(await act(shop, "rollback", {"id": "nowhere", "version": 1}), 404)


@pytest.mark.parametrize(("verb", "body", "status", "field"), [
    ("draft", {**HOT, "filter": "product."}, 422, "filter"), ("draft", {**HOT, "layout": "wall"}, 422, "layout"),
    ("draft", {"id": "hot"}, 422, ""), ("publish", {"id": ""}, 422, "id"), ("publish", {}, 422, ""),
    ("rollback", {"id": "hot", "version": 0}, 422, "version"),
    ("rollback", {"id": "hot", "version": 2**31}, 422, "version"),
    ("versions", {"id": "hot", "limit": 101}, 422, "limit"), ("versions", {"id": "hot", "before": 0}, 422, "before"),
    ("preview", {"id": "hot", "page": {"name": "x"}}, 422, "page"),
    ("preview", {"id": "hot", "locale": "?"}, 422, "locale"),
])  # fmt: skip
async def test_b10_what_cannot_be_is_refused_and_nothing_is_stored(
    shop: ShopClient, verb: str, body: Document, status: int, field: str
) -> None:
    refused = check_problem(await act(shop, verb, body), status)
    assert refused["errors"][0]["field"] == field
    assert (await shop.api.get("/v1/placements:drafts")).json() == {"items": [], "next": None}


async def test_b10_a_draft_that_is_not_there_is_told_so(shop: ShopClient) -> None:
    for verb in ("publish", "discard", "diff", "preview"):
        check_problem(await act(shop, verb, {"id": "hot"}), 404)
    assert await versions(shop) == []


async def test_b1_the_same_publication_sent_twice_is_one(shop: ShopClient) -> None:
    await done(shop, "draft", HOT)
    first, second = [await act(shop, "publish", {"id": "hot"}, **{"Idempotency-Key": "once"}) for _ in range(2)]
    assert (first.status_code, first.content) == (200, second.content)


async def test_b10_drafts_are_listed_by_name(shop: ShopClient) -> None:
    for name in ("c", "a", "b"):
        await done(shop, "draft", {**HOT, "id": name})
    page = (await shop.api.get("/v1/placements:drafts", params={"limit": 2})).json()
    rest = (await shop.api.get("/v1/placements:drafts", params={"limit": 2, "after": page["next"]})).json()
    assert [one["id"] for one in page["items"] + rest["items"]] == ["a", "b", "c"]
    assert (page["items"][0]["document"]["heading"], page["items"][0]["base"]) == ("Hot", 0)


async def test_b10_a_preview_is_filled_from_the_draft_and_pages_are_not(shop: ShopClient) -> None:
    await shop.stock("boots", "socks", brand="Acme", categories=["Feet"])
    await shop.stock("drill", brand="Bolt", categories=["Tools"])

    async def stocked() -> bool:
        return len(await shop.shown("home-popular")) == 3

    await until(stocked, seconds=5)
    draft = {"id": "home-popular", "strategy": "new", "headings": {"zh": "尝试"}, "layout": "grid", "limit": 2,
             "filter": 'product.brand == "Acme"'}  # fmt: skip
    await done(shop, "draft", draft)
    body = {"id": "home-popular", "locale": "zh-CN", "shopper_id": "ann"}
    filled = (await done(shop, "preview", body))["slots"][0]
    assert (filled["heading"], filled["layout"]) == ("尝试", "grid")
    assert {one["id"] for one in filled["products"]} == {"boots", "socks"}
    narrowed = await done(shop, "preview", {"id": "home-popular", "page": {"category": "Feet", "cart": ["socks"]}})
    assert [one["id"] for one in narrowed["slots"][0]["products"]] == ["boots"]
    page = (await shop.ask("home-popular")).json()["slots"][0]
    assert (page["heading"], page["layout"], len(page["products"])) == ("New in the shop", "carousel", 3)


async def test_b8_a_key_that_may_only_read_changes_nothing(shop: ShopClient, other_shop: ShopClient) -> None:
    await done(shop, "draft", HOT)
    for verb, body in (("publish", {"id": "hot"}), ("diff", {"id": "hot"}), ("preview", {"id": "hot"})):
        check_problem(await act(other_shop, verb, body), 404)
        answer = await shop.page.post(f"/v1/placements:{verb}", json=body)
        check_problem(answer, 401)


async def test_b10_versions_are_without_gaps_and_the_last_one_is_in_force_whatever_is_done(shop: ShopClient) -> None:
    dice, seen = random.Random(7), list[Any]()
    for _ in range(60):
        verb = dice.choice(["put", "draft", "draft", "publish", "publish", "discard", "rollback", "delete"])
        document = {**HOT, "limit": dice.randint(1, 3), "heading": dice.choice("AB")}
        if verb == "put":
            await shop.api.put("/v1/placements/hot", json=document)
        elif verb == "delete":
            await shop.api.delete("/v1/placements/hot")
        elif verb == "rollback":
            await act(shop, verb, {"id": "hot", "version": dice.randint(1, 8)})
        else:
            answer = await act(shop, verb, document if verb == "draft" else {"id": "hot"})
            assert answer.status_code in (200, 204, 404, 409), answer.text
        kept, found = (await versions(shop))[::-1], await in_force(shop)
        assert [one["version"] for one in kept] == list(range(1, len(kept) + 1))
        assert kept[: len(seen)] == seen, "what was once written stays"
        seen = kept
        expected = kept[-1]["document"] if kept else None
        assert expected == (None if found is None else {name: found[name] for name in Placement.__struct_fields__})
    assert len(seen) > 15
    assert {one["act"] for one in seen} == {"store", "publish", "rollback", "delete"}


LOCALES = st.sampled_from(["en", "zh", "de-AT"])
PLACEMENTS = st.builds(
    Placement, id=st.just("x"), strategy=st.sampled_from(["new", "popular"]), heading=st.text(max_size=3),
    headings=st.dictionaries(LOCALES, st.text(min_size=1, max_size=3)), layout=st.sampled_from(["grid", "carousel"]),
    fields=st.permutations(CARD).map(tuple), limit=st.integers(1, 3), strict=st.booleans(),
)  # fmt: skip


@given(PLACEMENTS, PLACEMENTS)
def test_b10_a_diff_says_all_that_differs_and_nothing_else(before: Placement, after: Placement) -> None:
    changed = {one.field for one in list_changes(before, after)}
    names = {
        name
        for name in Placement.__struct_fields__
        if name != "headings" and getattr(before, name) != getattr(after, name)
    }
    locales = {
        f"headings.{one}" for one in ("en", "zh", "de-AT") if before.headings.get(one) != after.headings.get(one)
    }
    assert changed == names | locales
    assert (not changed) == (before == after)


async def test_b10_two_shops_have_their_own_drafts_and_versions(shop: ShopClient, other_shop: ShopClient) -> None:
    assert shop.keys.tenant_id != other_shop.keys.tenant_id
    assert isinstance(shop.keys.tenant_id, UUID)
    for one, heading in ((shop, "Mine"), (other_shop, "Theirs")):
        await done(one, "draft", {**HOT, "heading": heading})
        await done(one, "publish", {"id": "hot"})
    assert [(await versions(one))[0]["document"]["heading"] for one in (shop, other_shop)] == ["Mine", "Theirs"]
    assert STANDARD["home-popular"].heading == "Popular now"
