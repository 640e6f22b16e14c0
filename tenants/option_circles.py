"""Option circles: rules of which each needs the next one's answer, so that nobody knows where to begin.

Followed are values, not options: that a sole needs a width, and another width another sole, is no circle. But whether
options are shown must be decidable one after the other, so among show rules options are followed, too.
"""

from graphlib import CycleError, TopologicalSorter

from infra.errors import FieldError
from tenants.option_cells import Cells, make_cells
from tenants.option_plan import PlannedRule, plan_rules
from tenants.option_values import Value
from tenants.options import OptionDocument

Answer = tuple[str, Value | None]
"""An option and one answer to it, None for none."""


def find_circle(document: OptionDocument) -> FieldError | None:
    """The first circle among rules that show or require. The form of the document must have been checked."""
    rules = [rule for rule in plan_rules(document) if rule.kind != "exclude"]
    cells = make_cells(document, rules)
    # From an answer to the rules that it brings into force, from a rule to the answers of which it speaks.
    sorter: TopologicalSorter[Answer | int | str] = TopologicalSorter()
    for place, rule in enumerate(rules):
        sorter.add(place, *((rule.when, value) for value in (None, *cells[rule.when]) if rule.holds(value)))
        for answer in _spoken_of(rule, cells):
            sorter.add(answer, place)
        if rule.kind == "show":
            sorter.add(place, rule.when)
            sorter.add(rule.then, place)
    try:
        sorter.prepare()
    except CycleError as circle:
        return _name_circle([rules[node] for node in circle.args[1] if isinstance(node, int)], document)
    return None


def _spoken_of(rule: PlannedRule, cells: Cells) -> list[Answer]:
    values: tuple[Value | None, ...] = tuple(
        value for value in cells[rule.then] if value in rule.values or not rule.values
    )
    # Whether an option is shown decides about having no answer, too.
    return [(rule.then, value) for value in ((None, *values) if rule.kind == "show" else values)]


def _name_circle(rules: list[PlannedRule], document: OptionDocument) -> FieldError:
    named = list(dict.fromkeys(rule.id for rule in rules))
    places = {rule.id: place for place, rule in enumerate(document.rules)}
    ids = ", ".join(repr(name) for name in named)
    return FieldError(
        f"rules[{places[named[0]]}]", f"the rules {ids} go in a circle: each waits for the next one's answer"
    )
