"""/public/v1/again: what a proven shopper will need again soon, and what they say of being reminded of it.

Nothing of it is answered to a stranger, nor to a shopper who does not want to be recognised.
"""

from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from functools import partial
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from api.bodies import decode_one
from api.public.addresses import make_address
from api.public.answers import PublicAnswer
from api.public.page import Page, open_page
from api.public.personal import read_mine
from api.public.proven import name_proven, open_proven
from api.public.wire import ProvenIn, PublishableKey, Token
from api.state import State
from api.writes import settle
from infra.database import Connection
from infra.errors import Conflict, NotFound
from recommender.serving.cards import Card
from recommender.serving.catalogue import NOWHERE
from recommender.serving.live_tenant import LiveTenant
from recommender.serving.strategies import Source
from recommender.supplies import Supply, list_supplies
from tenants.fields import ExternalId, Moment
from tenants.replenishment import choose, undo_choice
from tenants.shoppers import find_shopper_id
from tenants.shown_tokens import Place, day_of

PLACEMENT = "again"
"""What rules of a placement of this name say holds here too; sales are credited to it."""
SOURCE: Source = "buy_again"

Horizon = Annotated[int, Meta(ge=0, le=180, description="Days ahead that count as soon.")]


class AgainNotAllowed(Conflict):
    """This shopper does not want to be recognised."""

    code = "not_recognised"
    hint = "Without consent to personalisation nothing is shown and nothing kept. again:undo works all the same."


class AgainIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whose list, and how much of it."""

    key: PublishableKey
    token: Token
    limit: Annotated[int, Meta(ge=1, le=50)] = 12
    horizon_days: Horizon = 14


class ProductIn(ProvenIn, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A product that the shopper bought."""

    product: ExternalId


class SnoozeIn(ProductIn, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The same, and for how long it is not to be shown."""

    days: Annotated[int, Meta(ge=1, le=180)] = 7


class AgainItem(Card, frozen=True, kw_only=True):
    """A card, and when what the shopper has of it runs out."""

    token: Annotated[str, Meta(description="Tells where it was shown; hand it back with what is done with it.")]
    variant: Annotated[str | None, Meta(description="Of the last purchase.")]
    quantity: Annotated[int, Meta(description="Bought last.")]
    last_bought_on: date
    runs_out_on: date
    earliest_on: Annotated[date, Meta(description="Between this day and latest_on with one chance in two.")]
    latest_on: date


class AgainOut(Struct, frozen=True, kw_only=True):
    """What runs out first first."""

    known: Annotated[bool, Meta(description="false: this shopper does not want to be recognised.")]
    today: date
    items: tuple[AgainItem, ...]


class ChosenOut(Struct, frozen=True, kw_only=True):
    """How a product stands now."""

    product: str
    standing: Literal["snoozed", "stopped", "listed"]
    until: Moment | None = None


async def list_again(state: State, body: bytes) -> PublicAnswer:
    """Due products that the shop sells now and that can be put into a cart as they are."""
    wish, now = decode_one(body, _list), state.clock()
    page = await open_page(state, key=wish.key, token=wish.token, visitor=None, now=now.timestamp())
    items: tuple[AgainItem, ...] = ()
    if page.shopper_id is not None:
        async with state.db.tenant(page.tenant_id) as conn:
            items = await _list_items(conn, page.live, page.shopper_id, wish, now)
    out = AgainOut(known=page.shopper_id is not None, today=now.date(), items=items)
    return PublicAnswer(msgspec.json.encode(out))


async def snooze(state: State, body: bytes) -> PublicAnswer:
    """Not to be shown for some days."""
    wish, now = decode_one(body, _snooze), state.clock()
    page = await _recognise(state, wish, now)
    until = now + timedelta(days=wish.days)

    async def keep(conn: Connection, shopper: str) -> ChosenOut:
        await choose(conn, await name_proven(conn, shopper), wish.product, "snooze", until=until, now=now)
        return ChosenOut(product=wish.product, standing="snoozed", until=until)

    return await _settle(state, page.tenant_id, partial(keep, shopper=page.shopper_id or ""))


async def stop(state: State, body: bytes) -> PublicAnswer:
    """Not used any more; not shown until it is bought again."""
    wish, now = decode_one(body, _product), state.clock()
    page = await _recognise(state, wish, now)

    async def keep(conn: Connection, shopper: str) -> ChosenOut:
        await choose(conn, await name_proven(conn, shopper), wish.product, "stop", now=now)
        return ChosenOut(product=wish.product, standing="stopped")

    return await _settle(state, page.tenant_id, partial(keep, shopper=page.shopper_id or ""))


async def undo(state: State, body: bytes) -> PublicAnswer:
    """As if nothing had been said of it. Harmless to repeat, and open to who does not want to be recognised."""
    wish = decode_one(body, _product)
    proven = await open_proven(state, key=wish.key, token=wish.token, now=state.clock())

    async def forget(conn: Connection) -> ChosenOut:
        shopper_id = await find_shopper_id(conn, proven.shopper_id)
        if shopper_id is not None:
            await undo_choice(conn, shopper_id, wish.product)
        return ChosenOut(product=wish.product, standing="listed")

    return await _settle(state, proven.tenant_id, forget)


async def _list_items(
    conn: Connection, live: LiveTenant, shopper: str, wish: AgainIn, now: datetime
) -> tuple[AgainItem, ...]:
    shopper_id = await find_shopper_id(conn, shopper)
    if shopper_id is None:
        return ()
    supplies = await list_supplies(conn, shopper_id, horizon_days=wish.horizon_days, now=now)
    mine = await read_mine(conn, live, shopper_id, now=now)
    mask = live.mask(PLACEMENT, now.timestamp(), mine)
    rows = [(one, live.row_of(one.product_id)) for one in supplies if one.standing == "due"]
    shown = [(one, row) for one, row in rows if row != NOWHERE and mask[row] and one.product_id not in live.documents][
        : wish.limit
    ]
    place = Place(day_of(now.timestamp()), PLACEMENT, SOURCE, SOURCE)
    tokens = live.tokens.make(place, [one.product_id for one, _ in shown])
    return tuple(_item(live, one, row, token.decode()) for (one, row), token in zip(shown, tokens, strict=True))


def _item(live: LiveTenant, supply: Supply, row: int, token: str) -> AgainItem:
    card = msgspec.json.decode(live.catalogue.cards[row] + b"}", type=Card)
    return AgainItem(
        **msgspec.structs.asdict(card), token=token, variant=supply.variant_id, quantity=supply.quantity,
        last_bought_on=supply.last_bought_on, runs_out_on=supply.runs_out_on, earliest_on=supply.earliest_on,
        latest_on=supply.latest_on,
    )  # fmt: skip


async def _recognise(state: State, wish: ProductIn, now: datetime) -> Page:
    """Raises AgainNotAllowed, for what is said here is kept to personalise."""
    page = await open_page(state, key=wish.key, token=wish.token, visitor=None, now=now.timestamp())
    if page.shopper_id is None:
        raise AgainNotAllowed("This shopper does not want to be recognised.")
    return page


async def _settle(state: State, tenant_id: UUID, effect: Callable[[Connection], Awaitable[ChosenOut]]) -> PublicAnswer:
    async def once() -> ChosenOut:
        async with state.db.tenant(tenant_id) as conn:
            return await effect(conn)

    return PublicAnswer(msgspec.json.encode(await settle(once)))


_list = msgspec.json.Decoder(AgainIn)
_snooze = msgspec.json.Decoder(SnoozeIn)
_product = msgspec.json.Decoder(ProductIn)

PUBLIC_AGAIN = [
    *make_address(
        "/public/v1/again:list", list_again, "List what a shopper will need again", body=AgainIn, answer=AgainOut
    ),
    *make_address(
        "/public/v1/again:snooze", snooze, "Show a product again later",
        body=SnoozeIn, answer=ChosenOut, also=(NotFound, Conflict),
    ),
    *make_address(
        "/public/v1/again:stop", stop, "Say that a product is not used any more",
        body=ProductIn, answer=ChosenOut, also=(NotFound, Conflict),
    ),
    *make_address(
        "/public/v1/again:undo", undo, "Take back a snooze or a stop", body=ProductIn, answer=ChosenOut
    ),
]  # fmt: skip
