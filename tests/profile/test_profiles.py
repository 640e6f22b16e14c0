"""Profiles through the front door: the score, what is missing and stale, and the one question of a visit (B6)."""

from datetime import timedelta

from tenants.consent import Consent, record_consent
from tenants.named import hold_named
from tests.profile.merchant import define, known, profile, tell
from tests.support.problems import check_problem
from tests.support.shop import Document, ShopClient

ASKED = {"required_for_completeness": True, "purpose": "none"}


async def question(shop: ShopClient, shopper: str = "s1") -> Document | None:
    asked: Document | None = (await profile(shop, shopper))["next_question"]
    return asked


async def attribute_asked(shop: ShopClient, shopper: str = "s1") -> str | None:
    asked = await question(shop, shopper)
    return None if asked is None else asked["attribute"]


async def test_b6_score_and_missing_fields_follow_the_weights(shop: ShopClient) -> None:
    await define(shop, "birthday", "date", required_for_completeness=True, weight=5)
    await define(shop, "size", "number", required_for_completeness=True, weight=2)
    await define(shop, "area", "place", required_for_completeness=True)
    await define(shop, "hobby", "text", weight=100)
    scores = []
    for attributes in ({}, {"size": 42}, {"size": None, "birthday": "1990-01-01"}, {"area": "NL", "size": 1.5}):
        await tell(shop, "s1", **attributes)
        scores.append((await profile(shop, "s1"))["completeness"])

    assert scores == [
        {"score": 0.0, "missing": ["birthday", "size", "area"], "stale": []},
        {"score": 2 / 8, "missing": ["birthday", "area"], "stale": []},
        {"score": 5 / 8, "missing": ["size", "area"], "stale": []},
        {"score": 3 / 8, "missing": ["birthday"], "stale": []},
    ]


async def test_b6_a_value_older_than_its_definition_that_does_not_fit_is_unknown(shop: ShopClient) -> None:
    await tell(shop, "s1", size="L")
    await define(shop, "size", "number", required_for_completeness=True)

    read = await profile(shop, "s1")
    assert read["completeness"]["missing"] == ["size"]
    assert [(one["value"], one["type"]) for one in read["attributes"]] == [("L", None)]


async def test_b6_an_attribute_older_than_the_tenants_limit_is_stale(shop: ShopClient) -> None:
    await define(shop, "size", "number", stale_after_days=30, unit="EU")
    await define(shop, "birthday", "date")
    await tell(shop, "s1", size=42, birthday="1990-01-01")
    clock = shop.service.clock
    stale = []
    try:
        for days in (29, 31):
            clock.ahead = timedelta(days=days)
            stale.append({name: one["stale"] for name, one in (await known(shop, "s1")).items()})
        listed = (await profile(shop, "s1"))["completeness"]["stale"]
    finally:
        clock.ahead = timedelta()

    assert stale == [{"birthday": False, "size": False}, {"birthday": False, "size": True}]
    assert listed == ["size"]


async def test_b6_one_missing_field_is_asked_a_day_and_all_in_turn(shop: ShopClient) -> None:
    names = ["a", "b", "c"]
    for name in names:
        await define(shop, name, "text", **ASKED, ask_text={"en": f"What is {name}?"})
    await tell(shop, "s1")
    clock = shop.service.clock
    asked = []
    try:
        for days in range(1, 7):
            clock.ahead = timedelta(days=days)
            asked.append(await attribute_asked(shop))
            assert await attribute_asked(shop) == asked[-1]
    finally:
        clock.ahead = timedelta()

    assert sorted(asked[:3], key=str) == names
    assert asked[3:] == asked[:3]


async def test_b6_a_known_field_is_never_asked_and_nothing_when_complete(shop: ShopClient) -> None:
    for name in ("a", "b", "c"):
        await define(shop, name, "text", **ASKED, ask_text={"en": f"What is {name}?"})
    told: dict[str, str] = {}
    for _ in range(3):
        await tell(shop, "s1", **told)
        asked = await attribute_asked(shop)
        assert asked is not None
        assert asked not in told
        told[asked] = "this"
    await tell(shop, "s1", **told)

    assert await question(shop) is None
    assert (await profile(shop, "s1"))["completeness"]["score"] == 1.0


async def test_b6_nothing_is_asked_for_a_purpose_without_consent(shop: ShopClient) -> None:
    await define(
        shop, "waist", "number", required_for_completeness=True, purpose="measurements", ask_text={"en": "Your waist?"}
    )
    await tell(shop, "s1")
    assert await question(shop) is None

    for granted, asked in ((True, "waist"), (False, None)):
        consent = Consent(purpose="measurements", granted=granted, at=shop.service.clock(), source="checkout")
        async with shop.service.db.tenant(shop.keys.tenant_id) as conn:
            await record_consent(conn, await hold_named(conn, "s1"), consent)
        assert await attribute_asked(shop) == asked


async def test_b6_a_field_without_a_text_or_not_required_is_never_asked(shop: ShopClient) -> None:
    await define(shop, "a", "text", **ASKED)
    await define(shop, "b", "text", purpose="none", ask_text={"en": "What is b?"})
    await tell(shop, "s1")

    assert await question(shop) is None


async def test_b6_the_question_is_in_the_shoppers_language(shop: ShopClient) -> None:
    texts = {"en": "Colour?", "de": "Farbe?", "pt-BR": "Cor?"}
    await define(shop, "colour", "choice", choices=["red", "blue"], **ASKED, ask_text=texts)
    asked = {}
    for number, locale in enumerate(("de-AT", "pt", "pt-BR", "en", "fi", "")):
        await shop.api.put(f"/v1/shoppers/s{number}", json={"id": f"s{number}", "locale": locale})
        spoken = await question(shop, f"s{number}")
        assert spoken is not None
        assert spoken["choices"] == ["red", "blue"]
        asked[locale] = spoken["text"], spoken["locale"]

    assert asked == {
        "de-AT": ("Farbe?", "de"),
        "pt": ("Cor?", "pt-BR"),
        "pt-BR": ("Cor?", "pt-BR"),
        "en": ("Colour?", "en"),
        "fi": ("Colour?", "en"),
        "": ("Colour?", "en"),
    }


async def test_b6_a_missing_shopper_has_no_profile(shop: ShopClient) -> None:
    check_problem(await shop.api.get("/v1/profiles/nobody"), 404)
