"""Row-level security at work: what the app's own role sees and may write."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from infra.database import Connection
from infra.ids import new_id
from infra.settings import Settings
from recommender.training_tasks import open_task
from tests.campaigns.merchant import join, launch
from tests.experiments.lab import fill_experiment_tables
from tests.options.shoes import choice, publish_at
from tests.options.shoes import document as option_document
from tests.record_book.shoemaker import fill_record_book
from tests.support.shop import ShopClient, event, order
from tests.tenants.faults import list_tenant_tables


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[Connection]:
    """A bare connection of the app's role: no tenant, no system."""
    conn: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(settings.database_url)
    yield conn
    await conn.close()


async def fill_every_table(shop: ShopClient) -> None:
    await shop.stock("p1")
    for kind, document in (("orders", order("o1", ["p1"], shopper_id="s1")), ("events", event("e1"))):
        answer = await shop.push(kind, [document], **{"Idempotency-Key": "k1"} if kind == "orders" else {})
        assert answer.json()["created"] == 1
    await fill_profile_tables(shop)
    await fill_identity_tables(shop)
    await fill_privacy_tables(shop)
    await fill_import_tables(shop)
    await fill_size_tables(shop)
    await fill_made_to_order_tables(shop)
    await fill_record_book(shop, "s0")
    await fill_campaign_tables(shop)
    await fill_payment_tables(shop)
    await fill_notice_tables(shop)
    await fill_webhook_tables(shop)
    await shop.push("rules", [{"id": "r1", "action": "hide", "products": ["p1"]}])
    await shop.push("placements", [{"id": "home", "strategy": "new"}])
    assert (await shop.api.put("/v1/theme", json={"gap": "8px"})).status_code == 200
    await shop.api.post("/v1/placements:draft", json={"id": "home", "strategy": "popular"})
    await fill_experiment_tables(shop, "s0")
    await shop.api.put("/v1/attribution-settings", json={"click_days": 5})
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        await conn.execute("insert into model_versions (version_id, status) values ($1, 'failed')", new_id())
        await open_task(conn, new_id())
        await conn.execute(_POOL)
        await conn.execute(_CHOICE, new_id())


async def fill_webhook_tables(shop: ShopClient) -> None:
    await shop.api.put("/v1/webhooks/w1", json={"id": "w1", "url": "https://shop.example/hook"})
    assert (await shop.api.post("/v1/webhooks:test", json={"id": "w1"})).status_code == 200


async def fill_profile_tables(shop: ShopClient) -> None:
    await shop.push("attributes", [{"id": "size", "type": "number"}])
    await shop.push("people", [{"id": "c1", "shopper_id": "s1", "relation": "child"}])
    await shop.api.put("/v1/attributes:settings", json={"strict": ["person"]})


async def fill_identity_tables(shop: ShopClient) -> None:
    await shop.push("shoppers", [{"id": "s0", "email": "s0@x.example"}])
    await shop.api.put("/v1/identifier-kinds", json={"items": [{"kind": "phone", "priority": 3, "limit": 2}]})
    assert (await shop.api.post("/v1/merges", json={"keep": "s0", "absorb": "s1"})).status_code == 200


async def fill_privacy_tables(shop: ShopClient) -> None:
    consent = {"purpose": "contact", "granted": True, "at": "2026-03-02T12:00:00Z", "source": "account"}
    for address, document in (
        ("consents/s0", consent),
        ("contact-preferences/s0", {"sms": False}),
        ("privacy-settings", {"personalised_by_default": True}),
        ("retention-rules", {"events": 100}),
        ("vertical", {"vertical": "shoes", "shares_statistics": True}),
    ):
        assert (await shop.api.put(f"/v1/{address}", json=document)).status_code == 200
    assert (await shop.api.post("/v1/exports", json={"shopper_id": "s0"})).status_code == 200
    assert (await shop.api.post("/v1/erasures", json={"email": "gone@x.example"})).status_code == 200


async def fill_payment_tables(shop: ShopClient) -> None:
    """One row each, as after a payment that was disputed and given back."""
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        await conn.execute(_ACCOUNTS, f"acct_{shop.tenant_id}")
        await conn.execute(_PAID)


_POOL = "insert into consumption_pools values (current_tenant(), 'p1', 5, 1, 1, 1, 1, 1, 1)"

_CHOICE = """
insert into replenishment_choices (choice_id, shopper_id, product_id, act, said_at)
select $1, shopper_id, 'p1', 'stop', now()
from shoppers
limit 1
"""

_ACCOUNTS = """
with route as (insert into stripe_accounts (account_id) values ($1)),
retries as (insert into payment_retries (every_hours, for_days) values (1, 1))
insert into payment_accounts (account_id, livemode, created_at) values ($1, false, now())
"""

_PAID = """
with paid as (select preorder_id, now() as at from preorders limit 1),
known as (insert into preorder_payments (preorder_id, account_id) select preorder_id, 'acct_1' from paid),
charged as (
    insert into charges (
        preorder_id, purpose, attempt, road, account_id, amount_minor, fee_minor, currency, status, created_at,
        settled_at
    )
    select preorder_id, 'upfront', 1, 'checkout', 'acct_1', 10, 0, 'EUR', 'succeeded', at, at
    from paid
    returning charge_key, preorder_id
),
refunded as (
    insert into refunds (charge_key, number, preorder_id, amount_minor, currency, reason, created_at)
    select charge_key, 1, preorder_id, 10, 'EUR', 'owed', now()
    from charged
),
disputed as (
    insert into disputes (dispute_id, preorder_id, charge_key, amount_minor, currency, reason, status, opened_at)
    select 'dp_1', preorder_id, charge_key, 10, 'EUR', 'fraudulent', 'won', now()
    from charged
)
insert into stripe_events (event_id, type, account_id, livemode, created_at, received_at, fact)
values ('evt_1', 'account.updated', 'acct_1', false, now(), now(), '{}')
"""


async def fill_import_tables(shop: ShopClient) -> None:
    feed = {"url": "https://feeds.shop.example/products.csv", "kind": "products"}
    assert (await shop.api.put("/v1/feeds/nightly", json=feed)).status_code == 200
    waiting = await shop.api.post("/v1/imports", params={"kind": "products"}, content="id,title\nx,Mug\n")
    import_id = UUID(waiting.json()["import_id"])
    # What a worker writes while it reads the file.
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        await conn.execute(
            "insert into import_rejects (import_id, number, line, field, reason) values ($1, 1, 2, 'price', 'missing')",
            import_id,
        )
        await conn.execute("insert into import_seen (import_id, document_id) values ($1, 'x')", import_id)


async def fill_size_tables(shop: ShopClient) -> None:
    ranges = [{"key": "foot_length", "min": 250, "max": 255}]
    assert (
        await shop.push("size-charts", [{"id": "c1", "unit": "mm", "rows": [{"size": "40", "ranges": ranges}]}])
    ).is_success
    voice = {"id": "f1", "product_id": "p1", "size": "40", "verdict": "small", "source": "return", "shopper_id": "s0"}
    assert (await shop.push("fit-feedback", [voice])).json()["created"] == 1
    audience = {"kind": "shoppers", "shoppers": ["s0"]}
    limited = {"id": "c1", "products": ["p1"], "audience": audience}
    assert (await shop.push("collections", [limited])).json()["created"] == 1


async def fill_made_to_order_tables(shop: ShopClient) -> None:
    assert (await shop.api.put("/v1/work-calendar", json={})).status_code == 200
    asked = await shop.api.post("/v1/special-requests", json={"shopper_id": "s0", "text": "Please."})
    assert asked.status_code == 200
    assert (await shop.api.put("/v1/quote-settings", json={})).status_code == 200
    await publish_at(shop, option_document([choice("colour", "red", default="red")], id="d1", products=["p1"]))
    quoted = (await shop.api.post("/v1/quotes", json={"product_id": "p1", "shopper_id": "s0"})).json()
    line = {"product_id": "p1", "quantity": 1, "unit_price_minor": 1000, "quote_id": quoted["quote_id"]}
    made = order("o1", [], shopper_id="s0") | {"lines": [line]}
    assert (await shop.api.put("/v1/orders/o1", json=made)).status_code == 200


async def fill_campaign_tables(shop: ShopClient) -> None:
    await launch(shop, products=[{"product_id": "p1", "made": True}])
    quoted = (await shop.api.post("/v1/quotes", json={"product_id": "p1", "shopper_id": "s0"})).json()
    preorder = await join(shop, shopper_id="s0", quote_id=quoted["quote_id"])
    assert (await shop.api.post("/v1/preorders:link", json={"id": preorder["preorder_id"]})).status_code == 200
    assert (await shop.api.post("/v1/campaigns:interest", json={"id": "c1", "shopper_id": "s0"})).status_code == 200


async def fill_notice_tables(shop: ShopClient) -> None:
    """Joining has written a notice."""
    assert (await shop.api.put("/v1/notice-settings", json={})).status_code == 200
    late = str((shop.service.clock() + timedelta(days=70)).date())
    delayed = await shop.api.post("/v1/campaigns:dates", json={"id": "c1", "reason": "late", "ship_until": late})
    assert delayed.status_code == 200


async def parents(app: Connection) -> list[str]:
    return [table for table in await list_tenant_tables(app) if not table[-2:].isdigit()]


async def count(conn: Connection, table: str) -> int:
    number: int = await conn.fetchval(f"select count(*) from {table}")
    return number


async def test_without_a_tenant_the_app_sees_no_row(shop: ShopClient, app: Connection) -> None:
    await fill_every_table(shop)
    tables = await list_tenant_tables(app)

    assert [table for table in tables if await count(app, table)] == []
    async with app.transaction():
        await app.execute("select set_config('app.tenant_id', '', true)")
        assert [table for table in tables if await count(app, table)] == []
    async with shop.service.db.system() as conn:
        assert [table for table in tables if await count(conn, table)] == ["stripe_accounts", "tenants"]


async def test_a_tenant_sees_its_own_rows_and_none_of_another(
    shop: ShopClient, other_shop: ShopClient, app: Connection
) -> None:
    await fill_every_table(shop)
    await fill_every_table(other_shop)

    for table in await parents(app):
        async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
            seen = {row[0] for row in await conn.fetch(f"select distinct tenant_id from {table}")}
        assert seen == {shop.keys.tenant_id}, table


async def test_a_partition_asked_by_name_keeps_its_policy(shop: ShopClient, other_shop: ShopClient) -> None:
    await fill_every_table(shop)
    async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
        part = await conn.fetchval("select tableoid::regclass::text from order_lines")
        assert await count(conn, part) == 1
    async with shop.service.db.tenant(other_shop.keys.tenant_id) as conn:
        assert await count(conn, part) == 0


async def test_a_tenant_cannot_write_rows_of_another(shop: ShopClient, other_shop: ShopClient, app: Connection) -> None:
    await fill_every_table(shop)
    other = other_shop.keys.tenant_id

    for table in await list_tenant_tables(app):
        with pytest.raises(asyncpg.PostgresError) as refused:
            async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
                await conn.execute(f"insert into {table} (tenant_id) values ($1)", other)
        # A partition that is not the tenant's refuses the row before the policy is asked.
        assert isinstance(refused.value, asyncpg.InsufficientPrivilegeError | asyncpg.CheckViolationError), table
    for table in await parents(app):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
                await conn.execute(f"update {table} set tenant_id = $1", other)


async def test_a_tenant_changes_and_deletes_no_rows_of_another(shop: ShopClient, other_shop: ShopClient) -> None:
    await fill_every_table(other_shop)
    for table in ("products", "orders", "order_lines", "events", "shoppers", "api_keys", "members", "model_versions"):
        async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
            done = await conn.execute(f"delete from {table} where tenant_id = $1", other_shop.keys.tenant_id)
        assert done == "DELETE 0", table


async def test_an_order_cannot_point_at_a_shopper_of_another_tenant(shop: ShopClient, other_shop: ShopClient) -> None:
    await fill_every_table(shop)
    await fill_every_table(other_shop)
    async with shop.service.db.tenant(other_shop.keys.tenant_id) as conn:
        theirs = await conn.fetchval("select shopper_id from shoppers")

    with pytest.raises(asyncpg.ForeignKeyViolationError):
        async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
            await conn.execute("update orders set shopper_id = $1", theirs)
