"""What holds for every answer, whatever the shop, the shopper and the page."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from recommender.serving.live_tenant import LiveTenant
from recommender.serving.needs import Comparison, Need, Needs
from recommender.serving.orders import Orders
from recommender.serving.session import Session
from tenants.placements import Placement, Strategy
from tests.serving.shops import NOW, make_model, open_live, product
from widgets.slots import Slot, Viewer, fill

IDS = tuple(f"p{number:02}" for number in range(24))
STRATEGIES: tuple[Strategy, ...] = (
    "for_you", "discover", "buy_again", "similar", "bought_together", "trending", "popular", "new", "recently_viewed",
)  # fmt: skip
SOME = st.lists(st.sampled_from(IDS), unique=True, max_size=6).map(tuple)
SESSIONS = st.builds(Session, viewed=SOME, carted=SOME, bought=SOME)
SLOTS = st.lists(
    st.builds(
        Slot,
        name=st.sampled_from([f"{strategy}-{place}" for strategy in STRATEGIES for place in ("plain", "varied")]),
        product=st.sampled_from([None, *IDS, "unknown"]),
        exclude=SOME,
        limit=st.integers(1, 30),
    ),
    min_size=1,
    max_size=4,
)


def _needs(fields: list[str], values: st.SearchStrategy[str] | st.SearchStrategy[float], *compare: str) -> Any:
    return st.builds(Need, field=st.sampled_from(fields), value=values, compare=st.sampled_from(compare))


NEEDS: st.SearchStrategy[Need] = st.one_of(
    _needs(["brand"], st.sampled_from(["Acme", "Bolt"]), "is", "is_not"),
    _needs(["categories"], st.sampled_from(["Shoes", "Tools"]), "has", "has_not"),
    _needs(["price_minor", "attributes.width"], st.floats(0, 3000), "at_least", "at_most", "is", "is_not"),
)


def shop() -> LiveTenant:
    products = [
        product(
            one,
            brand=("Acme", "Bolt", "")[number % 3],
            categories=(("Shoes",), ("Tools", "Shoes"), ())[number % 3],
            price_minor=number * 100,
            attributes={"width": number * 10.0} if number % 4 else {"width": "wide"},
            offered=number % 5 != 0,
        )
        for number, one in enumerate(IDS)
    ]
    lists = {"ann": IDS[3:17], "bo": IDS[::-1]}
    beside = {one: IDS[number % 7 :: 3] for number, one in enumerate(IDS)}
    model = make_model(
        IDS[:20], {name: [one for one in listed if one in IDS[:20]] for name, listed in lists.items()},
        bought={"ann": IDS[3:9]}, buy_again={"ann": IDS[5:8]}, durable=IDS[:6],
        similar={one: [other for other in beside[one] if other in IDS[:20] and other != one] for one in IDS[:20]},
        together={one: [other for other in beside[one] if other in IDS[:20] and other != one] for one in IDS[:20]},
    )  # fmt: skip
    made = open_live(products, model)
    plain = [Placement(id=f"{one}-plain", strategy=one) for one in STRATEGIES]
    varied = [Placement(id=f"{one}-varied", strategy=one, diversity=0.7, rotation=0.5) for one in STRATEGIES]
    made.placements = {one.id: one for one in plain + varied}
    return made


LIVE = shop()


def shown(slots: list[Slot], viewer: Viewer, *, live: LiveTenant = LIVE, now: float = NOW) -> list[list[str]]:
    answer = msgspec.json.decode(fill(live, Orders(), tuple(slots), viewer, now=now))
    return [[card["id"] for card in slot["products"]] for slot in answer["slots"]]


@given(SLOTS, st.sampled_from(["ann", "bo", "cy", None]), SESSIONS)
def test_no_product_stands_in_two_places_and_none_that_is_excluded_or_does_not_sell(
    slots: list[Slot], shopper: str | None, session: Session
) -> None:
    answered = shown(slots, Viewer(shopper, session))
    everything = [one for listed in answered for one in listed]
    assert len(everything) == len(set(everything))
    assert all(int(one[1:]) % 5 for one in everything)
    for slot, listed in zip(slots, answered, strict=True):
        assert len(listed) <= (slot.limit or 0)
        assert not {*slot.exclude, slot.product} & {*listed}


@given(SLOTS, st.sampled_from(["ann", "bo", None]), SESSIONS)
def test_the_same_model_shopper_and_time_give_the_same_answer(
    slots: list[Slot], shopper: str | None, session: Session
) -> None:
    viewer = Viewer(shopper, session)
    assert shown(slots, viewer) == shown(slots, viewer, live=shop())


@given(st.lists(NEEDS, min_size=1, max_size=3), st.sampled_from(["ann", None]), SESSIONS, st.sampled_from(STRATEGIES))
def test_r7_no_product_is_shown_that_does_not_meet_a_stated_need(
    needs: list[Need], shopper: str | None, session: Session, strategy: Strategy
) -> None:
    slot = Slot(name=f"{strategy}-plain", needs=tuple(needs), limit=30)
    for one in shown([slot], Viewer(shopper, session))[0]:
        document = LIVE.catalogue.document(LIVE.catalogue.rows[one])
        assert all(_meets(document, need) for need in needs)


@given(NEEDS)
def test_r7_everything_that_meets_a_need_can_be_reached(need: Need) -> None:
    wanted = {
        one
        for one in IDS
        if int(one[1:]) % 5 and Needs((need,)).met_by(LIVE.catalogue.document(LIVE.catalogue.rows[one]))
    }
    assert set(shown([Slot(name="new-plain", needs=(need,), limit=30)], Viewer(None, Session()))[0]) == wanted


def _meets(document: object, need: Need) -> bool:
    """Said once more, in the plainest way."""
    assert isinstance(document, dict)
    found = document["attributes"].get("width") if need.field == "attributes.width" else document[need.field]
    tests: dict[Comparison, object] = {
        "is": found == need.value,
        "is_not": found != need.value,
        "at_least": isinstance(found, int | float) and isinstance(need.value, float) and found >= need.value,
        "at_most": isinstance(found, int | float) and isinstance(need.value, float) and found <= need.value,
        "has": isinstance(found, list) and need.value in found,
        "has_not": isinstance(found, list) and need.value not in found,
    }
    return bool(tests[need.compare])
