"""Placements: the named places in a shop's pages, and what each shows. The standard ones are there from the start."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Annotated, Literal, get_args

from msgspec import Meta, Struct

from infra.database import Connection
from infra.errors import FieldError, Invalid, NotFound
from tenants.attributes import Locale
from tenants.expressions import Condition, WrongExpression, compile_expression
from tenants.fields import Moment, ShortText
from tenants.locales import check_locales, choose_text
from tenants.shop_documents import delete_document, find_document, list_documents, refuse_too_many, upsert_documents
from tenants.upserts import Upserted

Strategy = Literal[
    "for_you",
    "discover",
    "buy_again",
    "similar",
    "bought_together",
    "trending",
    "popular",
    "new",
    "recently_viewed",
    "made_for_you",
    "collections",
    "campaigns",
]
PlacementName = Annotated[
    str, Meta(min_length=1, max_length=100, description="A placement's name, as pages ask for it.")
]
Share = Annotated[float, Meta(ge=0, le=1)]
Layout = Literal["carousel", "grid"]
Field = Literal["image", "brand", "title", "price", "reason"]
CARD: tuple[Field, ...] = get_args(Field)
"""What a card may show, in the order in which it does."""


class Placement(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a place shows, and how."""

    id: PlacementName
    strategy: Strategy
    fallbacks: Annotated[
        tuple[Strategy, ...], Meta(max_length=5, description="What it shows, in turn, when that is not enough.")
    ] = ()
    heading: Annotated[ShortText, Meta(description="The words above it.")] = ""
    headings: Annotated[
        dict[Locale, Annotated[ShortText, Meta(min_length=1)]],
        Meta(max_length=50, description="Other words for pages in these locales (zh also serves zh-CN)."),
    ] = {}
    layout: Layout = "carousel"
    fields: Annotated[
        tuple[Field, ...], Meta(min_length=1, max_length=len(CARD), description="What its cards show.")
    ] = ("image", "brand", "title", "price")
    limit: Annotated[int, Meta(ge=1, le=50, description="Products shown when a page does not say how many.")] = 12
    diversity: Annotated[Share, Meta(description="0: by score alone. 1: as different from one another as can be.")] = 0
    rotation: Annotated[Share, Meta(description="How much of the list changes from day to day. 0: nothing.")] = 0
    strict: Annotated[
        bool, Meta(description="true: rather empty than filled from other sources than the strategy's own.")
    ] = False
    filter: Annotated[
        Condition | None, Meta(description="Only products for which this holds, as of a rule `only`.")
    ] = None
    exclude_purchased: bool = False

    def __post_init__(self) -> None:
        if len(set(self.chain)) < len(self.chain):
            raise ValueError("fallbacks must differ from one another and from the strategy")
        if len(set(self.fields)) < len(self.fields):
            raise ValueError("fields must differ from one another")
        if not {"image", "title"} & {*self.fields}:
            raise ValueError("fields must hold image or title: a card without both names no product")
        check_locales(self.headings, name="locales of headings")

    @property
    def chain(self) -> tuple[Strategy, ...]:
        """Its strategies, the first one first."""
        return (self.strategy, *self.fallbacks)

    @property
    def shown(self) -> tuple[Field, ...]:
        """Its fields in the order of a card."""
        return _in_order(self.fields)

    def heading_in(self, locale: str) -> str:
        """The words above it on a page of this locale."""
        return choose_text(self.headings, locale, default=self.heading)


@lru_cache(maxsize=1024)
def _in_order(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    return tuple(field for field in CARD if field in fields)


class StoredPlacement(Placement, frozen=True, kw_only=True):
    """A placement as it is in force."""

    standard: Annotated[bool, Meta(description="true: as shipped. Store it to change it; delete that to go back.")]
    created_at: Moment | None
    updated_at: Moment | None


class _Kept(Placement, frozen=True, kw_only=True):
    """One that the merchant stored."""

    created_at: Moment
    updated_at: Moment


class PlacementIsStandard(Invalid):
    """A standard placement cannot be deleted."""

    code = "placement_is_standard"
    hint = "Store it with another strategy to change it; a place that no page asks for costs nothing."


STANDARD: Mapping[str, Placement] = {
    one.id: one
    for one in (
        Placement(id="cart-for-you", strategy="for_you", heading="Before you go", headings={"zh": "结账前看看"}),
        Placement(id="home-for-you", strategy="for_you", heading="Picked for you", headings={"zh": "为您推荐"}),
        Placement(
            id="home-made-for-you",
            strategy="made_for_you",
            heading="Made for you",
            headings={"zh": "为您定制"},
            strict=True,
        ),
        Placement(id="home-popular", strategy="popular", heading="Popular now", headings={"zh": "近期热销"}),
        Placement(
            id="product-similar", strategy="similar", heading="You may also like", headings={"zh": "您可能也喜欢"}
        ),
    )
}


async def upsert_placements(conn: Connection, placements: Sequence[Placement]) -> Upserted:
    """Store each as given, in full; names must differ. One whose filter cannot be used is refused.

    Raises TooManyDocuments.
    """
    refuse_too_many("placements", len(placements))
    refused = await asyncio.to_thread(find_wrong_placements, placements)
    stored = await upsert_documents(conn, "placements", [one for one in placements if one.id not in refused])
    return replace(stored, refused=refused)


async def get_placement(conn: Connection, name: str) -> StoredPlacement:
    """Raises NotFound."""
    found = await find_document(conn, "placements", name, _Kept)
    if found is not None:
        return _stored(found)
    if name not in STANDARD:
        raise _no_placement(name)
    return _stored(STANDARD[name])


async def list_placements(conn: Connection, *, after: str, limit: int) -> Sequence[StoredPlacement]:
    """By name, starting behind `after` ('' from the start), the standard ones among them."""
    kept = await list_documents(conn, "placements", _Kept, after=after, limit=limit)
    known = {one.id: one for one in STANDARD.values() if one.id > after} | {one.id: one for one in kept}
    return [_stored(known[name]) for name in sorted(known)][:limit]


async def delete_placement(conn: Connection, name: str) -> None:
    """Forget it; a standard one is as shipped again. Raises NotFound, and PlacementIsStandard when it already is."""
    if not await delete_document(conn, "placements", name):
        raise PlacementIsStandard(f"{name!r} is as shipped.") if name in STANDARD else _no_placement(name)


async def read_placements(conn: Connection) -> Mapping[str, Placement]:
    """All that are in force, by name."""
    kept: list[_Kept] = await list_documents(conn, "placements", _Kept)
    return {**STANDARD, **{one.id: one for one in kept}}


def _stored(placement: Placement) -> StoredPlacement:
    fields = {name: getattr(placement, name) for name in Placement.__struct_fields__}
    standard = not isinstance(placement, _Kept)
    return StoredPlacement(
        **fields,
        standard=standard,
        created_at=getattr(placement, "created_at", None),
        updated_at=getattr(placement, "updated_at", None),
    )


def find_wrong_placements(placements: Sequence[Placement]) -> dict[str, FieldError]:
    """By id, what is wrong with the filters that cannot be used."""
    refused = {}
    for placement in placements:
        try:
            if placement.filter is not None:
                compile_expression(placement.filter)
        except WrongExpression as wrong:
            refused[placement.id] = FieldError("filter", str(wrong))
    return refused


def _no_placement(name: str) -> NotFound:
    return NotFound(f"There is no placement {name!r}.", hint="GET /v1/placements lists them.")
