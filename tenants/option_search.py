"""Option search: whether something can be ordered by a document, and whether each of its values can be chosen.

Backtracking over the cells of the options (`tenants.option_cells`), each set of linked options by itself, in the order
in which they are decided. A domain is a bit mask, a rule a table of masks, and what an assignment leaves of its
neighbours' domains is looked at at once. Bounded: a document that needs more steps is refused, not guessed about.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from infra.errors import FieldError
from tenants.option_cells import Cells, make_cells
from tenants.option_plan import Plan, PlannedOption, PlannedRule
from tenants.option_settling import breaks
from tenants.option_values import Value
from tenants.options import Period

STEPS = 50_000
"""Assignments that one document may take, about a second."""
MOST_NAMED = 20
"""Values that are named in one refusal; of the first few it is said by which rules."""
MOST_BLAMED = 5
Assignment = Mapping[str, Value | None]
"""An answer to each option that is shown, None for none."""
World = frozenset[tuple[str, str | None]]
"""What is closed in some region at some time: options (without a value) and values."""


class SearchTooLong(Exception):
    """The bound was hit."""


@dataclass(slots=True)
class Budget:
    """Steps that are left."""

    steps: int = STEPS

    def spend(self, steps: int = 1) -> None:
        """Raises SearchTooLong."""
        self.steps -= steps
        if self.steps < 0:
            raise SearchTooLong


@dataclass(frozen=True, slots=True)
class _Variable:
    """An option: its cells are no answer, the values, and not shown, from the lowest bit on."""

    one: PlannedOption
    values: tuple[Value, ...]
    domain: int
    """What it can be at all."""
    shows: tuple[PlannedRule, ...]
    value_shows: Mapping[Value, tuple[PlannedRule, ...]]

    @property
    def hidden(self) -> int:
        return 1 << (len(self.values) + 1)

    def answers(self) -> Iterator[Value | None]:
        """By cell."""
        yield None
        yield from self.values
        yield None

    def cell(self, value: Value) -> int:
        return 1 << (self.values.index(value) + 1)


@dataclass(frozen=True, slots=True)
class _Link:
    """A rule between two variables: for each cell of the one, which cells of the other go along."""

    other: str
    table: tuple[int, ...]


class Space:
    """All configurations of a plan in one world."""

    def __init__(
        self, plan: Plan, world: Collection[tuple[str, str | None]], budget: Budget, *, left_out: Collection[str] = ()
    ) -> None:
        budget.spend(len(plan.options) + len(plan.all_rules))
        rules = [rule for rule in plan.all_rules if rule.id not in left_out]
        cells = make_cells(plan.document, plan.all_rules)
        self._variables = {one.id: _variable(one, cells, world, rules) for one in plan.options}
        self._links: dict[str, list[_Link]] = {name: [] for name in self._variables}
        for rule in rules:
            self._link(rule)
        self.groups = _groups(self._variables, rules)

    def values(self, option: str) -> tuple[Value, ...]:
        """Those that it has in this world."""
        variable = self._variables[option]
        return tuple(value for value in variable.values if variable.domain & variable.cell(value))

    def solve(self, group: Sequence[str], fixed: Mapping[str, Value | None], budget: Budget) -> Assignment | None:
        """A complete, consistent choice of these linked options with these answers, if there is one. An option
        that is not shown is left out of it. Raises SearchTooLong."""
        domains = {name: self._variables[name].domain for name in group}
        for name, value in fixed.items():
            domains[name] &= 1 if value is None else self._variables[name].cell(value)
        if not all(domains.values()) or not self._narrow(domains, list(group)):
            return None
        return self._search(list(group), 0, domains, {}, budget)

    def _link(self, rule: PlannedRule) -> None:
        when, then = self._variables[rule.when], self._variables[rule.then]
        table = _table(rule, when, then)
        if table is not None:
            back = tuple(
                sum(1 << place for place, mask in enumerate(table) if mask >> cell & 1)
                for cell in range(len(then.values) + 2)
            )
            self._links[rule.when].append(_Link(rule.then, table))
            self._links[rule.then].append(_Link(rule.when, back))

    def _search(
        self, order: list[str], place: int, domains: dict[str, int], chosen: dict[str, Value | None], budget: Budget
    ) -> Assignment | None:
        if place == len(order):
            return chosen
        name = order[place]
        variable = self._variables[name]
        mask = domains[name] & self._shown_mask(variable, chosen)
        for cell, value in enumerate(variable.answers()):
            bit = 1 << cell
            if not mask & bit:
                continue
            budget.spend()
            narrowed = {**domains, name: bit}
            if self._narrow(narrowed, [name]):
                more = chosen if bit == variable.hidden else {**chosen, name: value}
                found = self._search(order, place + 1, narrowed, more, budget)
                if found is not None:
                    return found
        return None

    def _narrow(self, domains: dict[str, int], changed: list[str]) -> bool:
        """Take from the domains what goes with nothing that is left of a neighbour's; False when one becomes empty."""
        while changed:
            name = changed.pop()
            mask = domains[name]
            for link in self._links[name]:
                left = domains[link.other] & _reach(link.table, mask)
                if left == domains[link.other]:
                    continue
                if not left:
                    return False
                domains[link.other] = left
                changed.append(link.other)
        return True

    def _shown_mask(self, variable: _Variable, chosen: Assignment) -> int:
        """The cells that its show rules leave it, when all on which they depend is chosen."""
        if variable.shows and not any(rule.holds(chosen.get(rule.when)) for rule in variable.shows):
            return variable.hidden
        mask = ~variable.hidden if variable.shows else -1
        for value, rules in variable.value_shows.items():
            if not any(rule.holds(chosen.get(rule.when)) for rule in rules):
                mask &= ~variable.cell(value)
        return mask


def find_unreachable(plan: Plan, now: datetime) -> list[FieldError]:
    """What can never be chosen, and where or when nothing can be ordered at all."""
    try:
        return list(_find_unreachable(plan, now, Budget()))
    except SearchTooLong:
        said = (
            "the rules are too entangled to be checked: fewer rules, or fewer options that they join, can be published"
        )
        return [FieldError("rules", said)]


def _find_unreachable(plan: Plan, now: datetime, budget: Budget) -> Iterator[FieldError]:
    worlds = _worlds(plan, now)
    if not worlds:
        yield FieldError("valid_until", "is over: nothing could be ordered by this document")
        return
    spaces: dict[World, Space] = {}
    reached: dict[str, set[Value]] = {one.id: set() for one in plan.options}
    for region, moments in worlds.items():
        done = False
        for world in moments:
            if world not in spaces:
                spaces[world] = Space(plan, world, budget)
                done |= _reach_all(spaces[world], reached, budget)
            else:
                done |= _solvable(spaces[world], budget)
        if not done:
            yield _nothing(region, plan, spaces[moments[0]], budget)
    unreached = [(one, value) for one in plan.options for value in _unreached(one, reached[one.id], plan)]
    blaming = Budget()
    for number, (one, value) in enumerate(unreached[:MOST_NAMED]):
        yield _never(one, value, plan, list(spaces.values()), blaming if number < MOST_BLAMED else None)


def _reach_all(space: Space, reached: dict[str, set[Value]], budget: Budget) -> bool:
    """Look for a configuration with each value that none had before; whether there is any configuration."""
    found = [(group, space.solve(group, {}, budget)) for group in space.groups]
    if any(assignment is None for _, assignment in found):
        return False
    for group, assignment in found:
        _mark(assignment, reached)
        for name in group:
            for value in space.values(name):
                if value not in reached[name]:
                    _mark(space.solve(group, {name: value}, budget), reached)
    return True


def _solvable(space: Space, budget: Budget) -> bool:
    return all(space.solve(group, {}, budget) is not None for group in space.groups)


def _mark(assignment: Assignment | None, reached: dict[str, set[Value]]) -> None:
    for name, value in (assignment or {}).items():
        if value is not None:
            reached[name].add(value)


def _unreached(one: PlannedOption, reached: set[Value], plan: Plan) -> list[Value | None]:
    """Values of a choice; None for an option that can never have an answer at all."""
    if not reached:
        return [None]
    return [value for value in one.values if value not in reached]


def _never(
    one: PlannedOption, value: Value | None, plan: Plan, spaces: Sequence[Space], budget: Budget | None
) -> FieldError:
    """Why, as far as there is a budget for it."""
    place = plan.document.options.index(one.option)
    field = f"options[{place}]" if value is None else f"options[{place}].values[{list(one.values).index(str(value))}]"
    what = f"{one.id!r} can never be answered" if value is None else f"{value!r} of {one.id!r} can never be chosen"
    if not any(value in space.values(one.id) if value is not None else space.values(one.id) for space in spaces):
        return FieldError(field, f"{what}: where and when the document is offered, this is not")
    blamed = "" if budget is None else _blame(one.id, value, plan, budget)
    return FieldError(field, f"{what}, because of {blamed}" if blamed else what)


def _nothing(region: str | None, plan: Plan, space: Space, budget: Budget) -> FieldError:
    where = "" if not plan.limited else f" in {region}" if region else " where no region of the document applies"
    for group in space.groups:
        if space.solve(group, {}, budget) is None:
            names = ", ".join(repr(name) for name in group)
            return FieldError("options", f"nothing complete can be chosen{where}: {names} leave no way to answer all")
    return FieldError("options", f"nothing complete can be chosen{where}")


def _blame(name: str, value: Value | None, plan: Plan, budget: Budget) -> str:
    """A least set of rules that together rule it out: each one of them could be taken away to allow it. '' when that
    takes too long to find."""
    try:
        blamed = _least(name, value, plan, budget)
    except SearchTooLong:
        return ""
    if not blamed:
        return ""
    return f"the rule {blamed[0]}" if len(blamed) == 1 else f"the rules {', '.join(blamed)}"


def _least(name: str, value: Value | None, plan: Plan, budget: Budget) -> list[str]:
    group = next(group for group in Space(plan, (), budget).groups if name in group)
    suspects = [rule.id for rule in plan.all_rules if rule.when in group]
    innocent: list[str] = []
    for suspect in suspects:
        if not _allows(plan, [*innocent, suspect], name, value, budget):
            innocent.append(suspect)
    return [repr(suspect) for suspect in suspects if suspect not in innocent]


def _allows(plan: Plan, left_out: Collection[str], name: str, value: Value | None, budget: Budget) -> bool:
    space = Space(plan, (), budget, left_out=left_out)
    group = next(group for group in space.groups if name in group)
    wanted = space.values(name) if value is None else (value,)
    return any(space.solve(group, {name: one}, budget) is not None for one in wanted)


def _worlds(plan: Plan, now: datetime) -> dict[str | None, list[World]]:
    """By region (None for any that nothing names): what is closed at each moment from now on, the first one first."""
    document = plan.document
    parts: list[Period] = [document, *(part for _, _, part in plan.limited)]
    bounds = {moment for part in parts for moment in (part.valid_from, part.valid_until) if moment and moment > now}
    moments = [moment for moment in sorted({now, *bounds}) if document.offered_at(moment)]
    named = sorted({region for part in parts for region in part.regions})
    regions = [region for region in (None, *named) if document.offered_in(region)]
    if not moments:
        return {}
    return {region: _distinct(_closed(plan, region, moment) for moment in moments) for region in regions}


def _closed(plan: Plan, region: str | None, moment: datetime) -> World:
    return frozenset(
        (name, value) for name, value, part in plan.limited if not (part.offered_in(region) and part.offered_at(moment))
    )


def _distinct(worlds: Iterable[World]) -> list[World]:
    return list(dict.fromkeys(worlds))


def _variable(
    one: PlannedOption, cells: Cells, world: Collection[tuple[str, str | None]], rules: Sequence[PlannedRule]
) -> _Variable:
    values = cells[one.id]
    kept = {rule.id for rule in rules}
    shows = tuple(rule for rule in one.shows if rule.id in kept)
    hidden = 1 << (len(values) + 1)
    if (one.id, None) in world:
        return _Variable(one, values, hidden, (), {})
    domain = (0 if one.required else 1) | (hidden if shows else 0)
    for cell, value in enumerate(values, start=1):
        if (one.id, value) not in world:
            domain |= 1 << cell
    by_value = {value: tuple(rule for rule in found if rule.id in kept) for value, found in one.value_shows.items()}
    return _Variable(one, values, domain, shows, {value: found for value, found in by_value.items() if found})


def _table(rule: PlannedRule, when: _Variable, then: _Variable) -> tuple[int, ...] | None:
    """For each cell of `when` the cells of `then`; None where one rule alone decides nothing."""
    everything = (1 << (len(then.values) + 2)) - 1
    if rule.kind != "show":
        good = sum(then.cell(value) for value in then.values if not breaks(rule, value)) | then.hidden
        held, free = good | (rule.kind == "exclude"), everything
    elif not rule.values and then.shows == (rule,):
        held, free = everything & ~then.hidden, then.hidden
    elif rule.values and all(then.value_shows.get(value) == (rule,) for value in rule.values):
        held, free = everything, everything & ~sum(then.cell(value) for value in rule.values)
    else:
        return None
    return tuple(held if rule.holds(value) else free for value in when.answers())


def _reach(table: tuple[int, ...], mask: int) -> int:
    """All that goes along with some cell of the mask."""
    reach = 0
    while mask:
        low = mask & -mask
        reach |= table[low.bit_length() - 1]
        mask ^= low
    return reach


def _groups(variables: Mapping[str, _Variable], rules: Iterable[PlannedRule]) -> list[tuple[str, ...]]:
    """Options that rules link, each group in the order in which its options are decided."""
    leader = {name: name for name in variables}

    def find(name: str) -> str:
        while leader[name] != name:
            name = leader[name]
        return name

    for rule in rules:
        leader[find(rule.when)] = find(rule.then)
    groups: dict[str, list[str]] = {}
    for name in variables:
        groups.setdefault(find(name), []).append(name)
    return [tuple(group) for group in groups.values()]
