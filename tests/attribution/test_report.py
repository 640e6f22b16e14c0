"""Report: its totals are those of plain SQL on the record, its rows add up to them, and each table is a CSV too."""

import csv
import io
import random
from datetime import timedelta

from infra.database import Row
from tests.attribution.desk import HOUR, NOON, REPORT, Desk
from tests.support.shop import Document, event, order

SHOPPERS, PRODUCTS, PLACEMENTS = [f"s{n}" for n in range(25)], [f"p{n}" for n in range(8)], ["home", "cart", "=search"]


async def live_a_month(desk: Desk) -> None:
    """Some 900 deeds and 300 orders of known shoppers, guests and browsers, in two currencies."""
    chance = random.Random(20)
    moments = [NOON + (chance.random() * 30 - 12) * timedelta(days=1) for _ in range(1200)]
    deeds: list[Document] = []
    for number, at in enumerate(moments[:900]):
        product, placement = chance.choice(PRODUCTS), chance.choice(PLACEMENTS)
        who = chance.choice([{"shopper_id": chance.choice(SHOPPERS)}, {"visitor_id": f"v{chance.randrange(9)}"}, {}])
        token = desk.token(product, placement, at=at) if chance.random() < 0.9 else "wrong"
        kind = chance.choice(["click", "cart", "impression", "impression", "view"])
        deeds.append(event(f"e{number}", type=kind, product_id=product, token=token, occurred_at=at.isoformat(), **who))
    assert (await desk.shop.push("events", deeds)).json()["created"] == 900
    sold = [
        order(
            f"o{number}",
            chance.sample(PRODUCTS, chance.randrange(1, 4)),
            ordered_at=at,
            shopper_id=chance.choice([*SHOPPERS, None]),
            status=chance.choice(["placed", "paid", "cancelled", "returned", "completed"]),
            currency=chance.choice(["EUR", "EUR", "USD"]),
        )
        for number, at in enumerate(moments[900:])
    ]
    assert (await desk.shop.push("orders", sold)).json()["created"] == 300
    for number in range(6):
        await desk.name(f"v{number}", SHOPPERS[number])


async def ask(desk: Desk, query: str) -> list[Row]:
    async with desk.shop.service.db.tenant(desk.shop.keys.tenant_id) as conn:
        return list(await conn.fetch(query))


def minor(report: Document, column: str) -> dict[str, int]:
    return {row["currency"]: row[column] for row in report["sales_totals"]}


async def test_b10_the_totals_are_those_of_plain_sql(desk: Desk) -> None:
    await live_a_month(desk)
    report = await desk.report()

    sold = await ask(desk, _SOLD)
    assert [(row["currency"], row["orders"], row["units"], row["revenue_minor"]) for row in report["sold"]] == [
        tuple(row) for row in sold
    ]
    clicked, viewed = await ask(desk, _CLICKED), await ask(desk, _VIEWED)
    assert minor(report, "clicked_revenue_minor") == {row["currency"]: row["revenue"] for row in clicked}
    assert minor(report, "clicked_orders") == {row["currency"]: row["orders"] for row in clicked}
    assert minor(report, "viewed_revenue_minor") == {row["currency"]: row["revenue"] for row in viewed}
    assert min(*minor(report, "clicked_orders").values(), *minor(report, "viewed_orders").values()) > 2
    deeds = report["deeds_total"]
    assert [deeds["impressions"], deeds["clicks"], deeds["adds"]] == [row["count"] for row in await ask(desk, _DEEDS)]


async def test_b10_the_rows_of_each_side_add_up_to_the_totals(desk: Desk) -> None:
    await live_a_month(desk)
    totals = (await desk.report())["sales_totals"], (await desk.report())["deeds_total"]
    for side, keys in (("placement", 3), ("product", 8), ("day", 28)):
        report = await desk.report(by=side)
        assert len({row["key"] for row in report["deeds"]}) == keys, side
        assert sorted(report["sales_totals"], key=str) == sorted(totals[0], key=str)
        assert report["deeds_total"] == totals[1]
        for column in ("clicked_units", "clicked_revenue_minor", "viewed_units", "viewed_revenue_minor"):
            sums = dict.fromkeys(minor(report, column), 0)
            for row in report["sales"]:
                sums[row["currency"]] += row[column]
            assert sums == minor(report, column), (side, column)
        for column in ("impressions", "clicks", "adds"):
            assert sum(row[column] for row in report["deeds"]) == report["deeds_total"][column]


async def test_b10_the_days_of_two_reports_are_those_of_the_one_over_both(desk: Desk) -> None:
    await live_a_month(desk)
    halves = [
        await desk.report(by="day", **{"from": first, "to": last})
        for first, last in (("2026-03-01", "2026-03-15"), ("2026-03-16", "2026-03-31"))
    ]

    assert [*halves[0]["sales"], *halves[1]["sales"]] == (await desk.report(by="day"))["sales"]


async def test_b10_every_table_is_a_csv(desk: Desk) -> None:
    await live_a_month(desk)
    for side in ("placement", "product", "day"):
        report = await desk.report(by=side)
        for table in ("sales", "deeds", "sold"):
            params = {**REPORT, "by": side, "format": "csv", "table": table}
            answer = await desk.shop.api.get("/v1/attribution/report", params=params)
            assert answer.headers["content-type"].startswith("text/csv")
            assert f"attribution-{table}.csv" in answer.headers["content-disposition"]
            rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
            assert rows == [{name: _cell(value) for name, value in row.items()} for row in report[table]]


async def test_b10_a_csv_of_nothing_has_its_columns(desk: Desk) -> None:
    answer = await desk.shop.api.get("/v1/attribution/report", params={**REPORT, "format": "csv"})

    assert answer.text.startswith("\ufeffkey,currency,clicked_orders,")
    assert answer.text.count("\n") == 1


async def test_b10_a_report_of_one_shop_knows_nothing_of_another(desk: Desk, other_shop: object) -> None:
    await desk.do("click", at=NOON - HOUR)
    await desk.buy()

    assert isinstance(other_shop, type(desk.shop))
    answer = await other_shop.api.get("/v1/attribution/report", params=REPORT)
    assert (answer.json()["sales"], answer.json()["deeds"], answer.json()["sold"]) == ([], [], [])


def _cell(value: object) -> str:
    """A spreadsheet must not take a placement's name for a formula."""
    return f"'{value}" if str(value).startswith("=") else str(value)


_MONTH = "between '2026-03-01' and '2026-03-31 23:59:59.999999'"
_SOLD = f"""
select currency, count(distinct order_id), sum(quantity), sum(quantity * unit_price_minor - discount_minor)
from orders join order_lines using (tenant_id, order_id)
where ordered_at {_MONTH} and status not in ('cancelled', 'returned')
group by currency order by currency
"""
# A line has a deed of this kind, whoever did it: by name, or at a browser that the shopper was named for.
_HAS = """
exists (
    select from events e
    where e.shown_state = 'good' and e.product_id = l.product_id and e.type in ({types})
        and e.occurred_at between o.ordered_at - interval '{hours} hours' and o.ordered_at
        and (
            (not e.by_visitor and e.shopper_id = o.shopper_id)
            or (e.by_visitor and e.visitor_id in (
                select value from shopper_identifiers i where i.kind = 'visitor' and i.shopper_id = o.shopper_id
            ))
        )
)
"""
_EARNED = f"""
select currency, count(distinct order_id) as orders, sum(quantity * unit_price_minor - discount_minor) as revenue
from orders o join order_lines l using (tenant_id, order_id)
where ordered_at {_MONTH} and status not in ('cancelled', 'returned') and {{what}}
group by currency
"""
_CLICK, _VIEW = _HAS.format(types="'click', 'cart'", hours=168), _HAS.format(types="'impression'", hours=24)
_CLICKED, _VIEWED = _EARNED.format(what=_CLICK), _EARNED.format(what=f"{_VIEW} and not {_CLICK}")
_DEEDS = f"""
select type, count(distinct (
    case when by_visitor then visitor_id when shopper_id is null then event_id else shopper_id::text end,
    product_id, placement, shown_on
))
from events
where shown_state = 'good' and type in ('impression', 'click', 'cart') and occurred_at {_MONTH}
group by type
order by case type when 'impression' then 1 when 'click' then 2 else 3 end
"""
