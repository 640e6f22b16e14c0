"""/public/v1/quotes: a page's price for what is made to order; what a shopper had made before, to have it again."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from api.bodies import decode_one
from api.public.addresses import make_address
from api.public.answers import PublicAnswer
from api.public.proven import name_proven, open_asker, open_proven
from api.public.wire import ProvenIn, PublishableKey, Token
from api.state import State
from api.writes import settle
from infra.database import Connection
from infra.errors import Conflict, NotFound
from tenants.attributes import Locale
from tenants.fields import ExternalId, MinorUnits, Quantity
from tenants.made_lines import MadeLine, list_own_lines
from tenants.named import hold_named
from tenants.options import Region
from tenants.quotes import Answers, Quote, QuoteWish, open_quote, read_made_by
from tenants.reorders import Again, reorder
from tenants.shoppers import find_shopper_id

MOST_SHOWN = 100


class PageQuoteIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What has been chosen. Without a token nothing is made to measure."""

    key: PublishableKey
    product: ExternalId
    token: Token | None = None
    answers: Answers = {}
    quantity: Quantity = 1
    person: Annotated[ExternalId | None, Meta(description="One of the shopper's people; unset: themselves.")] = None
    region: Region | None = None
    locale: Locale = "en"
    expected_price_minor: Annotated[MinorUnits | None, Meta(description="What was shown for one.")] = None


class PageReorderIn(Again, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One of the shopper's own lines."""

    key: PublishableKey
    token: Token
    order: ExternalId
    line: ExternalId


class OwnLines(Struct, frozen=True, kw_only=True):
    """What the shopper had made, the newest first, a hundred at the most; without measures."""

    items: tuple[MadeLine, ...]


async def ask_quote(state: State, body: bytes) -> PublicAnswer:
    """Compute a price on the server, and let it stand for a while."""
    said, now = decode_one(body, _quote), state.clock()
    asker = await open_asker(state, key=said.key, token=said.token, now=now)
    wish = QuoteWish(
        product_id=said.product,
        answers=said.answers,
        quantity=said.quantity,
        person_id=said.person,
        region=said.region,
        locale=said.locale,
        expected_price_minor=said.expected_price_minor,
    )

    async def effect(conn: Connection) -> Quote:
        named = None if asker.shopper_id is None else await name_proven(conn, asker.shopper_id)
        made_by = await read_made_by(conn, named, wish.person_id, now=now)
        return await open_quote(conn, wish, named, made_by, public=True, now=now)

    return await _do(state, asker.tenant_id, effect)


async def ask_reorder(state: State, body: bytes) -> PublicAnswer:
    """Quote again what the shopper had made before."""
    said, now = decode_one(body, _reorder), state.clock()
    proven = await open_proven(state, key=said.key, token=said.token, now=now)

    async def effect(conn: Connection) -> Quote:
        asker = await hold_named(conn, proven.shopper_id)
        return await reorder(conn, said.order, said.line, said, asker=asker, public=True, now=now)

    return await _do(state, proven.tenant_id, effect)


async def list_made(state: State, body: bytes) -> PublicAnswer:
    """What the shopper had made before."""
    said = decode_one(body, _own)
    proven = await open_proven(state, key=said.key, token=said.token, now=state.clock())
    async with state.db.tenant(proven.tenant_id) as conn:
        whose = await find_shopper_id(conn, proven.shopper_id)
        items = () if whose is None else await list_own_lines(conn, whose, limit=MOST_SHOWN)
    return PublicAnswer(msgspec.json.encode(OwnLines(items=tuple(items))))


async def _do(state: State, tenant_id: UUID, effect: Callable[[Connection], Awaitable[Quote]]) -> PublicAnswer:
    async def once() -> Quote:
        async with state.db.tenant(tenant_id) as conn:
            return await effect(conn)

    return PublicAnswer(msgspec.json.encode(await settle(once)))


_quote = msgspec.json.Decoder(PageQuoteIn)
_reorder = msgspec.json.Decoder(PageReorderIn)
_own = msgspec.json.Decoder(ProvenIn)
_ALSO = (NotFound, Conflict)

PUBLIC_QUOTES = [
    *make_address("/public/v1/quotes", ask_quote, "Quote a product that is made to order", body=PageQuoteIn,
                  answer=Quote, also=_ALSO),
    *make_address("/public/v1/quotes:reorder", ask_reorder, "Quote a line of the shopper's again", body=PageReorderIn,
                  answer=Quote, also=_ALSO),
    *make_address("/public/v1/made-orders", list_made, "See what the shopper had made", body=ProvenIn, answer=OwnLines),
]  # fmt: skip
