"""Option cells: for each option, answers that stand for all its answers as far as rules can tell them apart.

A choice has its values. A number has the points of its grid at and beside every bound that a rule names, a text has
texts of such lengths: between two bounds no rule sees a difference. A measure has one cell, that it is on record.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from tenants.option_plan import PlannedRule
from tenants.option_values import THOUSAND, Value, read_answer, read_thousandths
from tenants.options import ChoiceOption, NumberOption, Option, OptionDocument, TextOption

Cells = Mapping[str, tuple[Value, ...]]
_SAMPLES = "aA1-+"


def make_cells(document: OptionDocument, rules: Sequence[PlannedRule]) -> Cells:
    """By option; without the cell for no answer. A text that no answer can be has none."""
    return {option.id: tuple(_cells(option, rules)) for option in document.options}


def _cells(option: Option, rules: Sequence[PlannedRule]) -> Iterable[Value]:
    if isinstance(option, ChoiceOption):
        return (value.id for value in option.values)
    if isinstance(option, TextOption):
        return _texts(option, _bounds(option.id, rules))
    if isinstance(option, NumberOption):
        return _numbers(option, _bounds(option.id, rules))
    return (1,)


def _bounds(name: str, rules: Sequence[PlannedRule]) -> Iterator[int]:
    """In thousandths, all that rules name of an option."""
    for rule in rules:
        condition, target = rule.rule.when, rule.rule.then
        named = (*condition.values, condition.at_least, condition.at_most) if condition.option == name else ()
        for number in (*named, *(target.values if target.option == name else ())):
            found = read_thousandths(number)
            if found is not None:
                yield found


def _numbers(option: NumberOption, bounds: Iterable[int]) -> list[int]:
    low, high, step = (read_thousandths(number) or 0 for number in (option.min, option.max, option.step))
    last = (high - low) // step
    places = {0, last} | {(bound - low) // step + beside for bound in bounds for beside in (-1, 0, 1, 2)}
    return [low + place * step for place in sorted(places) if 0 <= place <= last]


def _texts(option: TextOption, bounds: Iterable[int]) -> list[str]:
    lengths = {1, option.max_length} | {bound // THOUSAND + beside for bound in bounds for beside in (-1, 0, 1, 2)}
    found = (_text(option, length) for length in sorted(lengths) if 1 <= length <= option.max_length)
    return [text for text in found if text is not None]


def _text(option: TextOption, length: int) -> str | None:
    """Some text of that length that is an answer."""
    for one in _SAMPLES + option.extra_characters:
        text = one * length
        if read_answer(option, text) == text:
            return text
    return None
