"""/public/v1/configure: a product as it would be made for whoever looks at it; price and days from the server alone."""

import msgspec

from api.bodies import decode_one
from api.configuring import configure_for
from api.public.addresses import make_address
from api.public.answers import PublicAnswer
from api.public.page import open_page
from api.public.wire import PublishableKey, Token
from api.state import State
from tenants.quotes import NotMadeToOrder
from widgets.configurator import Configured, Wished


class ConfigureIn(Wished, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What has been chosen so far, on a page."""

    key: PublishableKey
    token: Token | None = None


async def ask_configure(state: State, body: bytes) -> PublicAnswer:
    """Work out one answer. Nothing is stored; a quote is what holds a price."""
    asked = decode_one(body, _decoder)
    page = await open_page(state, key=asked.key, token=asked.token, visitor=None, now=state.clock().timestamp())
    configured = await configure_for(state, page.live, asked, page.shopper_id)
    return PublicAnswer(msgspec.json.encode(configured))


_decoder = msgspec.json.Decoder(ConfigureIn)

PUBLIC_CONFIGURE = make_address(
    "/public/v1/configure", ask_configure, "Work out a product that is made to order",
    body=ConfigureIn, answer=Configured, also=(NotMadeToOrder,),
)  # fmt: skip
