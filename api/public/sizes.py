"""/public/v1/size-advice: which size, for a page. From what is typed; from the record only for a proven shopper who
consents. The answer tells the size and no measurement."""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from api.bodies import decode_one
from api.public.answers import PublicAnswer
from api.public.page import Page, open_page
from api.public.personal import read_mine
from api.public.wire import PublishableKey, Token
from api.sizing import Typed, Wearer, answer_size
from api.state import State
from infra.database import Connection
from tenants.fields import ExternalId
from tenants.shoppers import find_shopper_id


class SizeAdviceIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which size of a product."""

    key: PublishableKey
    product: ExternalId
    token: Token | None = None
    person: Annotated[ExternalId | None, Meta(description="One of the people around the shopper of the token.")] = None
    measurements: Typed = ()


async def ask_size(state: State, body: bytes) -> PublicAnswer:
    """Advise; a product that pages do not know of is answered as one without a chart."""
    asked, now = decode_one(body, _decoder), state.clock()
    page = await open_page(state, key=asked.key, token=asked.token, visitor=None, now=now.timestamp())
    async with state.db.tenant(page.tenant_id) as conn:
        wearer = await _wearer(conn, page, asked.person)
        mine = await read_mine(conn, page.live, None if wearer is None else wearer.shopper_id, now=now)
        known = asked.product in page.live.catalogue.rows and page.live.may_name(asked.product, now.timestamp(), mine)
        found = await answer_size(
            conn, asked.product, asked.measurements, wearer, now=now, counts=False, hidden=not known
        )
    return PublicAnswer(msgspec.json.encode(found))


async def _wearer(conn: Connection, page: Page, person_id: str | None) -> Wearer | None:
    shopper_id = None if page.shopper_id is None else await find_shopper_id(conn, page.shopper_id)
    return None if shopper_id is None else Wearer(shopper_id, person_id)


_decoder = msgspec.json.Decoder(SizeAdviceIn)
