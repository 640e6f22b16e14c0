"""Wire: what a page may send and what it gets. Bodies may come as text/plain, so that no preflight is needed."""

from typing import Annotated

from msgspec import Meta, Struct

from recommender.serving.cards import ShownCard
from recommender.serving.strategies import Source
from recommender.serving.words import Language
from tenants.attributes import Locale
from tenants.events import ClientEventType
from tenants.fields import ExternalId, Moment, ShortText
from tenants.options import Region
from tenants.placements import Field, Layout
from widgets.slots import Slot

MAX_BODY = 64_000
TYPES = ("application/json", "text/plain")

PublishableKey = Annotated[str, Meta(max_length=200, description="The key of the page, lb_pk_….")]
Token = Annotated[str, Meta(min_length=1, max_length=4000, description="A shopper token that your server signed.")]
VisitorId = Annotated[str, Meta(min_length=8, max_length=100, description="A random id of this browser.")]


class ProvenIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who asks, where only a proven shopper may."""

    key: PublishableKey
    token: Token


class SlotsIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All places of a page in one request."""

    key: PublishableKey
    slots: Annotated[tuple[Slot, ...], Meta(min_length=1, max_length=50)]
    token: Token | None = None
    visitor: VisitorId | None = None
    region: Annotated[Region | None, Meta(description="Where it is to be sent: what is made may differ.")] = None
    locale: Annotated[Locale, Meta(description="What the page speaks (BCP 47).")] = "en"
    personalised: Annotated[bool, Meta(description="false: the same answer as for a stranger, whoever asks.")] = True


class PageIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All places of a page for nobody in particular."""

    slots: Annotated[tuple[Slot, ...], Meta(min_length=1, max_length=50)]
    region: Annotated[Region | None, Meta(description="Where it is to be sent: what is made may differ.")] = None
    locale: Annotated[Locale, Meta(description="What the page speaks (BCP 47).")] = "en"


class SlotOut(Struct, frozen=True, kw_only=True):
    """One place, filled."""

    name: str
    strategy: str
    source: Source
    why: Annotated[str | None, Meta(description="Why there is nothing to show, or null.")]
    heading: str
    layout: Layout
    fields: Annotated[tuple[Field, ...], Meta(description="What a card shows, in this order.")]
    locale: Annotated[Language, Meta(description="Of our own words in it; the shop's may be in another.")]
    products: tuple[ShownCard, ...]


class SlotsOut(Struct, frozen=True, kw_only=True):
    """The places in the order in which they were asked for."""

    model: Annotated[str | None, Meta(description="The model version that served, or null before the first one.")]
    slots: tuple[SlotOut, ...]


class ClientEvent(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something that a page saw. It never counts as a purchase."""

    id: Annotated[str, Meta(min_length=8, max_length=100, description="Random and new for each event.")]
    type: ClientEventType
    product: ExternalId | None = None
    slot: ShortText | None = None
    at: Moment | None = None


class EventsIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A beacon: what happened on a page since the last one."""

    key: PublishableKey
    events: Annotated[tuple[ClientEvent, ...], Meta(min_length=1, max_length=100)]
    token: Token | None = None
    visitor: VisitorId | None = None


class EventsOut(Struct, frozen=True, kw_only=True):
    """How many events were new."""

    accepted: int
    duplicate: int
