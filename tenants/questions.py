"""Questions: the one missing attribute that a shopper is asked for at a visit."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from uuid import UUID

from msgspec import Struct

from tenants.attributes import AttributeDefinition, AttributeType
from tenants.consent import Purpose


class Question(Struct, frozen=True, kw_only=True):
    """What to ask, and what an answer may be."""

    attribute: str
    type: AttributeType
    choices: tuple[str, ...]
    unit: str
    text: str
    locale: str
    """The text's."""


def choose_question(
    missing: Sequence[AttributeDefinition],
    *,
    shopper_id: UUID,
    day: date,
    locale: str,
    allowed_purposes: Collection[Purpose],
) -> Question | None:
    """One of the missing attributes, or None when there is none to ask.

    Only those with a text, and with a purpose that the shopper consented to (`none` needs no consent). The same the
    whole day, the next one the day after; shoppers start at different ones, so that a shop learns of all alike.
    """
    asked = [one for one in missing if one.ask_text and (one.purpose == "none" or one.purpose in allowed_purposes)]
    if not asked:
        return None
    chosen = asked[(day.toordinal() + shopper_id.int) % len(asked)]
    spoken = choose_locale(chosen.ask_text, locale)
    return Question(
        attribute=chosen.id,
        type=chosen.type,
        choices=chosen.choices,
        unit=chosen.unit,
        text=chosen.ask_text[spoken],
        locale=spoken,
    )


def choose_locale(texts: Mapping[str, str], locale: str) -> str:
    """The locale itself, else its language in any region, else English, else the first by name. Texts must exist."""
    language = locale.lower().partition("-")[0]

    def distance(one: str) -> tuple[bool, bool, bool, bool, str]:
        said = one.lower()
        base = said.partition("-")[0]
        return said != locale.lower(), said != language, base != language, base != "en", said

    return min(texts, key=distance)
