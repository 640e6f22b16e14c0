"""Stamps: each card of a slot gets its token, by which what a shopper does with it finds back to the slot."""

from collections.abc import Iterable

from recommender.serving.live_tenant import LiveTenant
from recommender.serving.picking import Picked
from tenants.placements import Placement
from tenants.shown_tokens import Place, day_of


def stamp(
    live: LiveTenant,
    placement: Placement,
    picked: Picked,
    cards: Iterable[bytes],
    *,
    now: float,
    experiment: str | None = None,
    arm: str | None = None,
) -> list[bytes]:
    """The same cards with a token, still open at their end. An answer that is remembered for a day keeps its tokens."""
    place = Place(day_of(now), placement.id, placement.strategy, picked.source, experiment, arm)
    tokens = live.tokens.make(place, [live.catalogue.ids[row] for row in picked.rows])
    return [b'%s,"token":"%s"' % (card, token) for card, token in zip(cards, tokens, strict=True)]
