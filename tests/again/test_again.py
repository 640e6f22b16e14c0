"""What a shopper will need again: through the page's addresses and the server's."""

from datetime import date, timedelta
from uuid import uuid4

import pytest

from api.worker import build_worker
from recommender.jobs import TRAIN_TENANT
from tenants.jobs import POOL_CONSUMPTION
from tenants.retention import delete_expired
from tenants.shown_tokens import Shown, read_shown_tokens
from tests.again.household import APRIL, EXAMPLE, ask, buy, ids, listed, pool, supplies, today
from tests.attribution.desk import open_desk
from tests.identity.merchant import merge, undo
from tests.privacy.people import decide, erase, export
from tests.support.polling import until
from tests.support.problems import check_problem
from tests.support.shop import ShopClient

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")


async def test_i6_soap_bought_on_three_days_runs_out_on_the_first_of_may(store: ShopClient) -> None:
    await buy(store, "ada", EXAMPLE)
    with today(store.service, APRIL):
        (item,) = await listed(store, "ada")
        told = (await supplies(store, "ada"))["soap"]
    assert item["runs_out_on"] == "2025-05-01"
    assert item["earliest_on"] < "2025-05-01" < item["latest_on"]
    assert (item["id"], item["title"], item["quantity"], item["price_minor"]) == ("soap", "Product soap", 20, 1000)
    assert told["units_per_day"] == pytest.approx(1 / 3)
    assert (told["runs_out_on"], told["standing"], told["purchases"]) == ("2025-05-01", "due", 3)


async def test_b10_what_is_bought_after_a_click_in_the_list_is_credited_to_it(store: ShopClient) -> None:
    await buy(store, "ada", EXAMPLE)
    await buy(store, "ada", EXAMPLE, "rice")
    desk = await open_desk(store)
    with today(store.service, APRIL):
        items = {item["id"]: item for item in await listed(store, "ada")}
        deeds = [
            {"id": f"{kind}-{product}", "type": kind, "token": items[product]["token"]}
            for kind, product in (("impression", "soap"), ("click", "soap"), ("cart", "rice"))
        ]
        told = await desk.beacon(*deeds, token=store.token("ada"))
    assert (told["accepted"], told.get("uncredited")) == (3, None)
    await buy(store, "ada", {APRIL + timedelta(days=1): 2})
    await buy(store, "ada", {APRIL + timedelta(days=1): 3}, "rice")
    april = {"from": "2025-04-01", "to": "2025-04-30"}
    assert await desk.earned(**april) == {"again": (500, 0)}
    assert await desk.earned(**april, by="product") == {"rice": (300, 0), "soap": (200, 0)}
    shown = (await desk.report(**april))["deeds"]
    assert shown == [{"key": "again", "impressions": 1, "clicks": 1, "adds": 1}]


async def test_b10_the_tokens_of_the_list_say_where_it_stood(store: ShopClient) -> None:
    await buy(store, "ada", EXAMPLE)
    await buy(store, "ada", EXAMPLE, "rice")
    async with store.service.db.tenant(store.keys.tenant_id) as conn:
        tokens = await read_shown_tokens(conn)
    with today(store.service, APRIL):
        items = await listed(store, "ada", limit=2)
    read = [tokens.read(item["token"]) for item in items]
    assert read == [
        (item["id"], Shown(placement="again", position=n, strategy="buy_again", source="buy_again", day=APRIL))
        for n, item in enumerate(items, start=1)
    ]


async def test_i6_a_wholesalers_day_is_answered_too(store: ShopClient) -> None:
    line = {"product_id": "soap", "quantity": 1_000_000, "unit_price_minor": 1}
    for n in range(3):
        await buy(store, "ada", {date(2025, 3, 2): 1}, id=f"big-{n}", lines=[line] * 1000)
    await buy(store, "ada", EXAMPLE)
    with today(store.service, APRIL):
        assert (await supplies(store, "ada"))["soap"]["quantity"] == 10**9


async def test_i6_it_disappears_on_purchase(store: ShopClient) -> None:
    await buy(store, "ada", EXAMPLE)
    with today(store.service, APRIL):
        assert await ids(store, "ada") == ["soap"]
        await buy(store, "ada", {APRIL: 1})
        assert await ids(store, "ada", horizon_days=180) == []
        assert (await supplies(store, "ada"))["soap"]["standing"] == "later"


@pytest.mark.parametrize(("day", "horizon", "due"), [(1, 14, False), (16, 14, False), (17, 14, True), (1, 30, True)])
async def test_i6_it_is_due_within_the_horizon(store: ShopClient, day: int, horizon: int, due: bool) -> None:
    await buy(store, "ada", EXAMPLE)
    with today(store.service, date(2025, 4, day)):
        assert (await ids(store, "ada", horizon_days=horizon) == ["soap"]) is due


async def test_i6_what_is_overdue_for_too_long_is_no_longer_shown(store: ShopClient) -> None:
    await buy(store, "ada", EXAMPLE)
    with today(store.service, date(2025, 5, 20)):
        assert await ids(store, "ada") == ["soap"]
    with today(store.service, date(2025, 10, 1)):
        assert await ids(store, "ada") == []
        assert (await supplies(store, "ada"))["soap"]["standing"] == "lapsed"


async def test_i6_cancelled_and_returned_orders_do_not_count(store: ShopClient) -> None:
    await buy(store, "ada", dict.fromkeys(list(EXAMPLE)[:1], 10))
    await buy(store, "ada", {list(EXAMPLE)[1]: 10}, status="cancelled")
    await buy(store, "ada", {list(EXAMPLE)[2]: 20}, status="returned")
    assert await supplies(store, "ada") == {}


async def test_i6_two_purchases_go_by_what_others_do_and_one_goes_by_it_alone(store: ShopClient) -> None:
    """Ten others use one in ten days, more or less."""
    start, since = date(2025, 1, 1), (0, 4, 19, 27, 42, 50)
    for n in range(10):
        await buy(store, f"other-{n}", {start + timedelta(days=since[k] + n % 3): 1 for k in range(6)})
    await buy(store, "two", {start: 1, start + timedelta(days=30): 1})
    await buy(store, "one", {start: 2})
    with today(store.service, date(2025, 3, 1)):
        alone = (await supplies(store, "two"))["soap"]
        assert await supplies(store, "one") == {}
        assert await pool(store, date(2025, 3, 20)) == 1
        together, single = (await supplies(store, "two"))["soap"], (await supplies(store, "one"))["soap"]
    assert (alone["runs_out_on"], alone["pooled"]) == ("2025-03-02", False)
    assert "2025-02-08" < together["runs_out_on"] < "2025-03-01"
    assert together["pooled"]
    assert "2025-01-18" <= single["runs_out_on"] <= "2025-01-24"


async def test_i6_a_product_that_few_have_bought_twice_is_not_pooled(store: ShopClient) -> None:
    for n in range(4):
        await buy(store, f"other-{n}", EXAMPLE)
    for n in range(9):
        await buy(store, f"once-{n}", {date(2025, 1, 1): 1})
    assert await pool(store, APRIL) == 0


async def test_i6_who_objects_to_being_recognised_is_not_pooled_nor_answered(store: ShopClient) -> None:
    for n in range(5):
        await buy(store, f"other-{n}", EXAMPLE)
    assert await pool(store, APRIL) == 1
    await decide(store, "other-0", granted=False)
    assert await pool(store, APRIL) == 0
    with today(store.service, APRIL):
        assert await ids(store, "other-1") == ["soap"]
        answer = (await ask(store, "list", "other-0")).json()
        assert (answer["known"], answer["items"]) == (False, [])
        refused = await ask(store, "snooze", "other-0", product="soap")
        told = await store.api.get("/v1/replenishment/other-0")
    assert refused.status_code == 409
    assert refused.json()["type"].endswith("/not_recognised")
    assert (told.json()["personalised"], told.json()["items"]) == (False, [])


async def test_i6_the_pool_is_what_the_maths_says_over_the_same_purchases(store: ShopClient) -> None:
    start, gaps = date(2025, 1, 1), [(10, 2), (20, 1), (5, 3)]
    for n in range(5):
        day, bought = start, {}
        for days, units in gaps:
            bought[day] = units
            day += timedelta(days=days + n)
        await buy(store, f"s{n}", bought | {day: 7})
    await pool(store, APRIL)
    async with store.service.db.tenant(store.keys.tenant_id) as conn:
        row = await conn.fetchrow("select * from consumption_pools")
    per_unit = [sum(days + n for days, _ in gaps) / 6 for n in range(5)]
    mean = sum(per_unit) / 5
    scatter = sum(((days + n) / per_unit[n] - units) ** 2 for n in range(5) for days, units in gaps)
    assert row is not None
    assert (row["shoppers"], row["returning_share"]) == (5, 1.0)
    assert row["mean_days"] == pytest.approx(mean)
    assert row["variance"] == pytest.approx(sum((one - mean) ** 2 for one in per_unit) / 4)
    assert row["mean_inverse_units"] == pytest.approx(1 / 6)
    assert row["scatter"] == pytest.approx(scatter)
    assert row["weight"] == pytest.approx(5 * sum(units * (1 - units / 6) for _, units in gaps))


async def test_i6_a_snooze_hides_it_for_a_while_and_can_be_taken_back(store: ShopClient) -> None:
    await buy(store, "ada", EXAMPLE)
    with today(store.service, APRIL):
        chosen = await ask(store, "snooze", "ada", product="soap", days=3)
        assert (chosen.json()["standing"], chosen.json()["until"][:10]) == ("snoozed", "2025-04-23")
        assert await ids(store, "ada") == []
        assert (await supplies(store, "ada"))["soap"]["standing"] == "snoozed"
        assert (await ask(store, "undo", "ada", product="soap")).json()["standing"] == "listed"
        assert await ids(store, "ada") == ["soap"]
        assert (await ask(store, "undo", "ada", product="soap")).status_code == 200
        await ask(store, "snooze", "ada", product="soap", days=3)
    with today(store.service, date(2025, 4, 24)):
        assert await ids(store, "ada") == ["soap"]


async def test_i6_what_is_not_used_any_more_stays_away_until_it_is_bought_again(store: ShopClient) -> None:
    await buy(store, "ada", EXAMPLE)
    with today(store.service, APRIL):
        assert (await ask(store, "stop", "ada", product="soap")).json()["standing"] == "stopped"
        assert await ids(store, "ada") == []
    with today(store.service, date(2025, 5, 2)):
        assert (await supplies(store, "ada"))["soap"]["standing"] == "stopped"
    await buy(store, "ada", {date(2025, 5, 3): 20})
    with today(store.service, date(2025, 7, 1)):
        assert await ids(store, "ada") == ["soap"]


async def test_i6_only_what_the_shopper_bought_can_be_snoozed(store: ShopClient) -> None:
    await buy(store, "ada", EXAMPLE)
    for act in ("snooze", "stop"):
        for shopper, product in (("ada", "rice"), ("ada", "nothing"), ("nobody", "soap")):
            with today(store.service, APRIL):
                answer = await ask(store, act, shopper, product=product)
            assert answer.status_code == 404, answer.text
            assert answer.json()["type"].endswith("/not_bought")


@pytest.mark.parametrize(
    ("what", "wrong", "field"),
    [
        ("list", {"limit": 0}, "limit"),
        ("list", {"horizon_days": 181}, "horizon_days"),
        ("snooze", {"product": "soap", "days": 0}, "days"),
        ("snooze", {"product": ""}, "product"),
        ("stop", {"product": 3}, "product"),
    ],
)
async def test_i6_wrong_questions_are_refused_with_the_field(
    store: ShopClient, what: str, wrong: dict[str, object], field: str
) -> None:
    answer = await ask(store, what, "ada", **wrong)
    assert check_problem(answer, 422)["errors"][0]["field"] == field


@pytest.mark.parametrize("what", ["list", "snooze", "stop", "undo"])
async def test_i6_without_a_good_token_nothing_is_told_or_kept(
    store: ShopClient, other_shop: ShopClient, what: str
) -> None:
    await buy(store, "ada", EXAMPLE)
    more = {} if what == "list" else {"product": "soap"}
    key = {"key": store.keys.publishable.secret}
    for token in ({}, {"token": "none"}, {"token": other_shop.token("ada")}, {"shopper_id": "ada"}):
        answer = await store.page.post(f"/public/v1/again:{what}", json=key | token | more)
        assert answer.status_code in (401, 422), answer.text
        assert "soap" not in answer.text


@pytest.mark.parametrize("horizon", ["-1", "181", "9999", "x", "1.5", "²"])
async def test_i6_the_servers_horizon_is_a_number_of_days(store: ShopClient, horizon: str) -> None:
    await buy(store, "ada", EXAMPLE)
    answer = await store.api.get("/v1/replenishment/ada", params={"horizon_days": horizon})
    assert check_problem(answer, 422)["errors"][0]["field"] == "horizon_days"


async def test_i6_what_the_shop_does_not_sell_now_is_not_listed(store: ShopClient) -> None:
    await buy(store, "ada", EXAMPLE)
    await buy(store, "ada", EXAMPLE, "rice")
    await buy(store, "ada", EXAMPLE, "tea")
    with today(store.service, APRIL):
        assert await ids(store, "ada") == ["rice", "soap", "tea"]
        assert await ids(store, "ada", limit=2) == ["rice", "soap"]
        await store.stock("rice", stock_quantity=0)
        await store.stock("tea", status="hidden")

        async def only_soap() -> bool:
            return await ids(store, "ada") == ["soap"]

        await until(only_soap, seconds=5)


async def test_i6_merged_shoppers_have_one_history_and_keep_their_own_choices(store: ShopClient) -> None:
    days = list(EXAMPLE)
    await buy(store, "ada", {days[0]: 10, days[2]: 20})
    await buy(store, "old", {days[1]: 10})
    await buy(store, "old", EXAMPLE, "rice")
    with today(store.service, APRIL):
        await ask(store, "stop", "old", product="rice")
        merged = await merge(store, "ada", "old")
        for shopper in ("ada", "old"):
            told = await supplies(store, shopper)
            assert (told["soap"]["purchases"], told["soap"]["runs_out_on"]) == (3, "2025-05-01")
            assert told["rice"]["standing"] == "stopped"
        await ask(store, "snooze", "old", product="soap")
        assert (await undo(store, merged)).status_code == 200
        assert (await supplies(store, "old"))["rice"]["standing"] == "stopped"
        assert (await supplies(store, "ada"))["soap"]["standing"] != "snoozed"


async def test_b7_choices_are_exported_and_gone_after_an_erase(store: ShopClient) -> None:
    shopper = f"id-{uuid4().hex}"
    await buy(store, shopper, EXAMPLE)
    with today(store.service, APRIL):
        await ask(store, "stop", shopper, product="soap")
    archive = await export(store, shopper)
    held = [name for name in archive.namelist() if "replenishment_choices" in name]
    assert len(held) == 1
    assert b",soap,stop," in archive.read(held[0])
    await erase(store, shopper_id=shopper)
    async with store.service.db.tenant(store.keys.tenant_id) as conn:
        assert await conn.fetchval("select count(*) from replenishment_choices") == 0
    with today(store.service, APRIL):
        answer = await ask(store, "list", shopper)
        assert answer.json()["items"] == []
        assert (await ask(store, "stop", shopper, product="soap")).status_code in (409, 422)


async def test_b7_what_was_said_of_reminders_goes_when_it_is_old(store: ShopClient) -> None:
    await buy(store, "ada", EXAMPLE)
    with today(store.service, APRIL):
        await ask(store, "stop", "ada", product="soap")
        now = store.service.clock()
    async with store.service.db.tenant(store.keys.tenant_id) as conn:
        kind = "replenishment_choices"
        assert await delete_expired(conn, kind, now=now + timedelta(days=1094), batch=10) == 0
        assert await delete_expired(conn, kind, now=now + timedelta(days=1096), batch=10) == 1


async def test_i6_another_shops_shopper_of_the_same_id_has_a_list_of_their_own(
    store: ShopClient, other_shop: ShopClient
) -> None:
    await other_shop.stock("soap")
    await buy(store, "ada", EXAMPLE)
    await buy(other_shop, "ada", {date(2025, 1, 1): 1, date(2025, 4, 19): 1})
    with today(store.service, APRIL):
        await ask(store, "stop", "ada", product="soap")
        assert (await supplies(other_shop, "ada"))["soap"]["standing"] == "later"
        assert await ids(other_shop, "ada") == []


async def test_i6_every_training_puts_the_pools_together_anew(store: ShopClient) -> None:
    """The jobs have the real time."""
    day = store.service.clock().date()
    for n in range(5):
        bought = {day - timedelta(days=days): units for days, units in ((120, 10), (90, 10), (60, 20))}
        await buy(store, f"other-{n}", bought, "tea")
    await buy(store, "one", {day - timedelta(days=25): 10}, "tea")
    worker = build_worker(store.service.settings)
    await worker.tasks[TRAIN_TENANT].func(tenant_id=store.tenant_id)
    async with store.service.db.tenant(store.keys.tenant_id) as conn:
        asked = await conn.fetchval(_POOL_JOBS, store.tenant_id)
    assert asked == 1
    await worker.tasks[POOL_CONSUMPTION].func(tenant_id=store.tenant_id)
    told = (await supplies(store, "one"))["tea"]
    assert (told["pooled"], told["runs_out_on"]) == (True, str(day + timedelta(days=5)))


_POOL_JOBS = """
select count(*)
from procrastinate_jobs
where task_name = 'pool_consumption' and args ->> 'tenant_id' = $1 and status = 'todo'
"""
