"""Words: all that we say on a shop's page ourselves, in one language. `words_en`, `words_zh` are those there are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "zh"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Sentences of one language."""

    language: Language
    reasons: Mapping[str, str]
    """By the reason's code; `{}` is the title of another product."""
    headings: Mapping[str, str]
    """By source: what stands above products that a placement shows instead of its own."""
    none: Mapping[str, str]
    """By strategy: why it has nothing to show."""
    no_placement: str
    empty_catalogue: str
    needs_unmet: str
    """Nothing meets what the shopper said that they need."""
    narrowed_away: str
    """Nothing is of the page's category, or priced in its currency."""
    nothing_on_sale: str
    made_in_a_day: str
    made_in_days: str
    """`{}` is a number other than one."""

    def made_in(self, days: int) -> str:
        """That a product is made to the shopper's measure, and how long that takes."""
        return self.made_in_a_day if days == 1 else self.made_in_days.format(days)
