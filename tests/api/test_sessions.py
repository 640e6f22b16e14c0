"""Sessions: what somebody did counts in the next answer, whichever process gives it, and for whom it must not, it does
not. Two processes here are two services, or two states as a service holds them, on one Valkey."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import uuid4

import httpx2
import pytest
from redis.asyncio import Redis

from api.sessions import VIEWED, Deed, owner
from api.state import State, open_state
from infra.settings import Settings
from recommender.serving.session import NOTHING, Session
from tests.support.polling import until
from tests.support.processes import run_lastbook
from tests.support.service import Service
from tests.support.shop import Document, ShopClient, event, open_test_shop, order

BEER, TEA = [f"beer-{n}" for n in range(8)], [f"tea-{n}" for n in range(8)]

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")


@pytest.fixture(scope="module")
async def here(service: Service) -> AsyncIterator[ShopClient]:
    """A trained shop where beer sells more than tea, asked through one process."""
    shop = await open_test_shop(service)
    async with shop.api, shop.page:
        await shop.stock(*BEER, *TEA)
        await shop.sell(
            {f"beer-{n}": [*BEER[n % 4 :], BEER[0]] for n in range(12)} | {f"tea-{n}": TEA[n % 4 :] for n in range(8)}
        )
        assert (await shop.train()).status == "active"
        yield shop


@pytest.fixture(scope="module")
async def there(here: ShopClient) -> AsyncIterator[ShopClient]:
    """The same shop, asked through another process."""
    with run_lastbook(here.service.settings) as serving:
        async with httpx2.AsyncClient(base_url=serving.public_url, trust_env=False, timeout=60) as page:
            yield replace(here, page=page)


@dataclass(frozen=True)
class Reader:
    """What one process makes of a shopper's or a visitor's session."""

    state: State
    shop: ShopClient

    async def shopper(self, name: str) -> Session:
        return await self._read("shopper", name)

    async def visitor(self, name: str) -> Session:
        return await self._read("visitor", name)

    async def _read(self, kind: str, name: str) -> Session:
        owners = [owner(self.shop.keys.tenant_id, "shopper" if kind == "shopper" else "visitor", name)]
        return self.state.sessions.find(owners) or await self.state.sessions.read(owners)


@pytest.fixture(scope="module")
async def states(settings: Settings) -> AsyncIterator[tuple[State, State]]:
    async with open_state(settings) as first, open_state(settings) as second:
        yield first, second


@pytest.fixture
async def readers(states: tuple[State, State], shop: ShopClient) -> list[Reader]:
    """Two processes that remember what they have read."""
    return [Reader(state, shop) for state in states]


async def tell(shop: ShopClient, kind: str, *products: str, shopper: str | None = None, visitor: str = "") -> None:
    events = [{"id": uuid4().hex, "type": kind, "product": product} for product in products]
    body: Document = {"key": shop.keys.publishable.secret, "events": events}
    body |= {"visitor": visitor} if visitor else {}
    body |= {"token": shop.token(shopper)} if shopper else {}
    answer = await shop.page.post("/public/v1/events", json=body)
    assert answer.status_code == 202, answer.text


async def source(shop: ShopClient, **viewer: str) -> str:
    answer = await shop.ask("home-for-you", **viewer)
    assert answer.status_code == 200, answer.text
    found: str = answer.json()["slots"][0]["source"]
    return found


async def is_from(shop: ShopClient, wanted: str, **viewer: str) -> bool:
    return await source(shop, **viewer) == wanted


def viewed(product_id: str) -> Deed:
    """Just now."""
    return Deed(VIEWED, product_id, datetime.now(UTC).timestamp())


def anybody() -> str:
    return f"visitor-{uuid4().hex}"


async def keys_of(shop: ShopClient) -> set[str]:
    """Everything that Redis holds of the shop, without the tenant's part."""
    assert shop.service.settings.redis_url is not None
    async with Redis.from_url(shop.service.settings.redis_url, decode_responses=True) as redis:
        start = f"{{t:{shop.tenant_id}}}:"
        return {name.removeprefix(start) async for name in redis.scan_iter(f"{start}*")}


@pytest.mark.parametrize("kind", ["view", "click", "cart"])
async def test_r3_what_a_visitor_does_changes_the_answer_of_another_process_within_a_second(
    here: ShopClient, there: ShopClient, kind: str
) -> None:
    visitor = anybody()
    await until(partial(is_from, there, "popular", visitor=visitor))
    before = await there.shown(visitor=visitor)

    await tell(here, kind, "tea-1", visitor=visitor)

    await until(partial(is_from, there, "session", visitor=visitor), seconds=1)
    after = await there.shown(visitor=visitor)
    assert {*after[:5]} < {*TEA}
    assert after[:5] != before[:5]
    assert await here.shown(visitor=visitor) == after
    assert await source(there, visitor=anybody()) == "popular"


async def test_r3_a_shoppers_phone_and_laptop_share_a_session(here: ShopClient, there: ShopClient) -> None:
    shopper = f"new-{uuid4().hex}"
    await until(partial(is_from, there, "popular", shopper=shopper, visitor=anybody()))

    await tell(here, "view", "tea-1", shopper=shopper, visitor=anybody())

    await until(partial(is_from, there, "session", shopper=shopper, visitor=anybody()), seconds=1)


async def test_r3_what_a_visitor_did_counts_as_soon_as_the_shopper_is_known(
    here: ShopClient, there: ShopClient
) -> None:
    shopper, visitor = f"new-{uuid4().hex}", anybody()
    await tell(here, "view", "tea-1", visitor=visitor)

    await until(partial(is_from, there, "session", shopper=shopper, visitor=visitor), seconds=1)
    assert await source(there, shopper=shopper) == "popular"


async def test_what_a_shopper_did_is_not_shown_to_who_uses_the_browser_next(here: ShopClient) -> None:
    shopper, visitor = f"new-{uuid4().hex}", anybody()
    await tell(here, "view", "tea-1", shopper=shopper, visitor=visitor)

    assert await source(here, shopper=shopper, visitor=visitor) == "session"
    assert await source(here, visitor=visitor) == "popular"
    assert await source(here, shopper=f"new-{uuid4().hex}", visitor=visitor) == "popular"


async def test_both_sessions_are_joined_the_latest_first(shop: ShopClient, readers: list[Reader]) -> None:
    visitor = anybody()
    await tell(shop, "view", "p1", "p2", visitor=visitor)
    await tell(shop, "view", "p3", "p1", shopper="ann", visitor=visitor)
    await tell(shop, "cart", "p2", visitor=visitor)
    await tell(shop, "view", "p4", visitor=visitor)

    both = [owner(shop.keys.tenant_id, "shopper", "ann"), owner(shop.keys.tenant_id, "visitor", visitor)]
    for reader in readers:
        joined = Session(viewed=("p4", "p1", "p3", "p2"), carted=("p2",))
        assert await reader.state.sessions.read(both) == joined
        assert reader.state.sessions.find(both) in (joined, None)
        assert await reader.shopper("ann") == Session(viewed=("p1", "p3"))


async def test_a_session_holds_the_latest_twenty_of_a_kind(shop: ShopClient, readers: list[Reader]) -> None:
    visitor, products = anybody(), [f"p{n}" for n in range(30)]
    await tell(shop, "cart", "first", visitor=visitor)
    await tell(shop, "view", *products, visitor=visitor)

    assert await readers[0].visitor(visitor) == Session(tuple(reversed(products[-20:])), ("first",))


async def test_events_of_two_processes_at_once_are_all_kept(shop: ShopClient, readers: list[Reader]) -> None:
    name = owner(shop.keys.tenant_id, "visitor", anybody())
    for n in range(10):
        for reader in readers:
            await reader.state.sessions.browse({name: [viewed(f"{n}-{readers.index(reader)}")]})

    found = await readers[0].state.sessions.read([name])
    assert {*found.viewed} == {f"{n}-{which}" for n in range(10) for which in (0, 1)}


async def test_what_was_done_half_an_hour_ago_is_over(shop: ShopClient, readers: list[Reader]) -> None:
    visitor = anybody()
    shop.service.clock.ahead = -timedelta(minutes=31)
    try:
        await tell(shop, "view", "old", visitor=visitor)
    finally:
        shop.service.clock.ahead = timedelta()
    await tell(shop, "view", "new", visitor=visitor)

    assert await readers[0].visitor(visitor) == Session(("new",))


async def test_a_slot_asks_redis_only_for_what_changed(here: ShopClient) -> None:
    visitor = anybody()
    await tell(here, "view", "tea-1", visitor=visitor)
    assert here.service.settings.redis_url is not None
    listener = Redis.from_url(here.service.settings.redis_url, decode_responses=True)

    async def commands_of_ten() -> list[str]:
        async with listener.monitor() as monitor:
            for _ in range(10):
                assert await source(here, visitor=visitor) == "session"
            end = uuid4().hex
            await listener.echo(end)
            seen = list[str]()
            async for command in monitor.listen():
                if end in str(command["command"]):
                    return [one for one in seen if visitor in one]
                seen.append(str(command["command"]))
        raise AssertionError("the monitor ended before its echo")

    async def none() -> bool:
        return await commands_of_ten() == []

    async with listener:
        await until(none)


async def test_r3_what_a_shopper_buys_is_known_to_all_processes_at_once(
    shop: ShopClient, readers: list[Reader]
) -> None:
    now = shop.service.clock()
    bought = order("o1", ["kettle", "cup"], shopper_id="ann", ordered_at=now - timedelta(hours=1))
    for reader in readers:
        assert await reader.shopper("ann") == NOTHING

    assert (await shop.api.put("/v1/orders/o1", json=bought)).status_code == 200
    await shop.push("orders", [order("o2", ["pan"], shopper_id="ann", ordered_at=now)])

    for reader in readers:
        await until(partial(has_bought, reader, "ann", {"kettle", "cup", "pan"}), seconds=1)
        assert (await reader.shopper("ann")).bought[0] == "pan"

    await shop.api.put("/v1/orders/o1", json=bought | {"status": "returned"})
    for reader in readers:
        await until(partial(has_bought, reader, "ann", {"pan"}), seconds=1)


async def has_bought(reader: Reader, shopper: str, products: set[str]) -> bool:
    return {*(await reader.shopper(shopper)).bought} == products


async def test_r3_what_a_merchants_server_saw_counts_as_what_a_page_told(
    shop: ShopClient, readers: list[Reader]
) -> None:
    visitor, now = anybody(), shop.service.clock()
    by_ann = {"shopper_id": "ann", "visitor_id": visitor}
    events = [
        event("e1", product_id="p1", occurred_at=(now - timedelta(minutes=3)).isoformat(), **by_ann),
        event("e2", product_id="p2", occurred_at=(now - timedelta(minutes=1)).isoformat(), **by_ann),
        event("e3", product_id="p3", occurred_at=(now - timedelta(minutes=2)).isoformat(), type="cart", **by_ann),
        event("e4", product_id="p4", occurred_at=now.isoformat(), visitor_id=visitor),
        event("old", product_id="p5", occurred_at=(now - timedelta(hours=1)).isoformat(), **by_ann),
        event("other", product_id="p6", occurred_at=now.isoformat(), type="wishlist", **by_ann),
        event("nobody", product_id="p7", occurred_at=now.isoformat()),
    ]
    assert (await shop.push("events", events)).json()["created"] == 7

    for reader in readers:
        assert await reader.shopper("ann") == Session(viewed=("p2", "p1"), carted=("p3",))
        assert await reader.visitor(visitor) == Session(viewed=("p4",))


async def test_b7_a_servers_events_of_an_erased_persons_browser_make_no_session(shop: ShopClient) -> None:
    visitor, now = anybody(), shop.service.clock().isoformat()
    await shop.push("events", [event("e1", shopper_id="ann", visitor_id=visitor)])
    assert (await shop.api.post("/v1/erasures", json={"shopper_id": "ann"})).status_code == 200

    assert (await shop.push("events", [event("e2", visitor_id=visitor, occurred_at=now)])).json()["created"] == 1
    assert await keys_of(shop) == set()


async def test_old_orders_guests_and_what_was_known_are_not_told(shop: ShopClient, readers: list[Reader]) -> None:
    now = shop.service.clock()
    orders = [
        order("old", ["old"], shopper_id="ann", ordered_at=now - timedelta(days=36)),
        order("guest", ["guest"], ordered_at=now),
        order("gone", ["gone"], shopper_id="ann", ordered_at=now, status="cancelled"),
    ]
    assert (await shop.push("orders", orders)).json()["created"] == 3
    assert await keys_of(shop) == set()

    await shop.push("orders", [order("new", ["new"], shopper_id="ann", ordered_at=now)])
    assert await keys_of(shop) == {"bought:shopper:ann"}
    await readers[0].state.sessions.forget([owner(shop.keys.tenant_id, "shopper", "ann")])
    assert (await shop.push("orders", [order("new", ["new"], shopper_id="ann", ordered_at=now)])).json()["unchanged"]
    assert await keys_of(shop) == set()


async def test_of_a_large_call_the_latest_orders_are_told(shop: ShopClient) -> None:
    now = shop.service.clock()
    orders = [order(f"o{n}", ["p1"], shopper_id=f"s{n}", ordered_at=now - timedelta(minutes=n)) for n in range(300)]
    await shop.push("orders", orders)

    assert await keys_of(shop) == {f"bought:shopper:s{n}" for n in range(100)}


async def test_a_merged_shopper_has_one_session(shop: ShopClient, readers: list[Reader]) -> None:
    await shop.push("shoppers", [{"id": "ann"}, {"id": "old-ann"}])
    await shop.ask("home-for-you", shopper="ann")
    assert (await shop.api.post("/v1/merges", json={"keep": "ann", "absorb": "old-ann"})).status_code == 200

    await shop.push("orders", [order("o1", ["pan"], shopper_id="old-ann", ordered_at=shop.service.clock())])
    assert (await readers[0].shopper("ann")).bought == ("pan",)

    async def has_viewed() -> bool:
        await tell(shop, "view", "p1", shopper="old-ann")
        return (await readers[1].shopper("ann")).viewed == ("p1",)

    await until(has_viewed)


async def test_b7_of_who_withdrew_consent_nothing_is_written_and_nothing_read(here: ShopClient) -> None:
    shopper, visitor = "tea-7", anybody()
    now = here.service.clock()
    await until(partial(is_from, here, "model", shopper=shopper))
    await tell(here, "view", "tea-1", shopper=shopper)
    assert f"session:shopper:{shopper}" in await keys_of(here)
    consent = {"purpose": "personalisation", "granted": False, "at": now.isoformat(), "source": "account"}
    assert (await here.api.put(f"/v1/consents/{shopper}", json=consent)).status_code == 200
    await until(partial(is_from, here, "popular", shopper=shopper))

    await tell(here, "view", "tea-2", shopper=shopper, visitor=visitor)
    await here.push("orders", [order(f"o-{shopper}", ["tea-3"], shopper_id=shopper, ordered_at=now)])

    assert [name for name in await keys_of(here) if shopper in name or visitor in name] == []
    assert await source(here, shopper=shopper, visitor=visitor) == "popular"


@pytest.mark.parametrize("way", ["erasures", "shoppers"])
async def test_b7_the_sessions_of_who_is_erased_or_deleted_are_gone_everywhere(
    shop: ShopClient, readers: list[Reader], way: str
) -> None:
    now = shop.service.clock()
    await shop.push("shoppers", [{"id": "ann"}, {"id": "bob"}])
    for name in ("ann", "bob"):
        await shop.push("orders", [order(f"o-{name}", ["pan"], shopper_id=name, ordered_at=now)])
        await tell(shop, "view", "p1", shopper=name, visitor=f"visitor-of-{name}")
        await tell(shop, "view", "p2", visitor=f"visitor-of-{name}")
    of_bob = {"bought:shopper:bob", "session:shopper:bob", "session:visitor:visitor-of-bob"}
    assert await keys_of(shop) == of_bob | {name.replace("bob", "ann") for name in of_bob}
    for reader in readers:
        assert (await reader.shopper("ann")).bought == ("pan",)

    if way == "erasures":
        assert (await shop.api.post("/v1/erasures", json={"shopper_id": "ann"})).status_code == 200
    else:
        assert (await shop.api.delete("/v1/shoppers/ann")).status_code == 204

    assert await keys_of(shop) == of_bob
    for reader in readers:
        await until(partial(knows_nothing, reader, "ann"), seconds=1)


async def knows_nothing(reader: Reader, shopper: str) -> bool:
    return await reader.shopper(shopper) == NOTHING


async def test_a_process_that_lost_its_key_feed_remembers_nothing_until_it_hears_again(
    shop: ShopClient, readers: list[Reader]
) -> None:
    writer, reader = readers
    name = owner(shop.keys.tenant_id, "visitor", anybody())

    async def remembers() -> bool:
        await reader.state.sessions.read([name])
        return reader.state.sessions.find([name]) is not None

    assert shop.service.settings.redis_url is not None
    async with Redis.from_url(shop.service.settings.redis_url) as admin:
        for n in range(3):
            await until(remembers)
            assert await admin.client_kill_filter(_type="pubsub") >= 1
            await writer.state.sessions.browse({name: [viewed(f"p{n}")]})

            async def has_seen(product: str = f"p{n}") -> bool:
                seen = reader.state.sessions.find([name]) or await reader.state.sessions.read([name])
                return seen.viewed[0:1] == (product,)

            await until(has_seen, seconds=1)
    await until(remembers)
