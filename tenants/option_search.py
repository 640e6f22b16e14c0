"""Option search: whether something can be ordered by a document, and whether each of its values can be chosen.

Backtracking over the cells of the options (`tenants.option_cells`), each set of linked options by itself, the option
with the fewest cells left first. A domain is a bit mask, a rule a table of masks, and what an assignment leaves of the
others is followed to its end at once. Bounded: a document that needs more steps is refused, not guessed about.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from infra.errors import FieldError
from tenants.option_cells import Cells, make_cells
from tenants.option_plan import Plan, PlannedOption, PlannedRule
from tenants.option_settling import breaks
from tenants.option_values import Value
from tenants.options import Period

STEPS = 3_000_000
"""Cells that may be looked at for one document: about a second."""
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
    """A rule between two options: what is left of the other one when only cells of `holding` are left of this one."""

    other: str
    holding: int
    held: int
    free: int

    def reach(self, mask: int) -> int:
        return self.free if mask & ~self.holding else self.held


@dataclass(frozen=True, slots=True)
class _Show:
    """All rules that show one option, or one value of it: at least one of their conditions must hold."""

    then: str
    cell: int
    """The value's; 0 for the option as a whole, which is then shown whenever one holds."""
    whens: tuple[tuple[str, int], ...]
    """Options, and the cells of each for which the rule's condition holds."""


class Space:
    """All configurations of a plan in one world."""

    def __init__(
        self, plan: Plan, world: Collection[tuple[str, str | None]], budget: Budget, *, left_out: Collection[str] = ()
    ) -> None:
        rules = [rule for rule in plan.all_rules if rule.id not in left_out]
        cells = make_cells(plan.document, plan.all_rules)
        self._variables = {one.id: _variable(one, cells, world, rules) for one in plan.options}
        self._links: dict[str, list[_Link]] = {name: [] for name in self._variables}
        self._shows: dict[str, list[_Show]] = {name: [] for name in self._variables}
        budget.spend(sum(map(len, cells.values())))
        for rule in rules:
            if rule.kind != "show":
                self._link(rule, budget)
        for variable in self._variables.values():
            self._link_shows(variable)
        self.groups = _groups(self._variables, rules)

    def values(self, option: str) -> tuple[Value, ...]:
        """Those that it has in this world."""
        variable = self._variables[option]
        return tuple(value for cell, value in enumerate(variable.values, start=1) if variable.domain >> cell & 1)

    def solve(self, group: Sequence[str], fixed: Mapping[str, Value | None], budget: Budget) -> Assignment | None:
        """A complete, consistent choice of these linked options with these answers, if there is one. An option
        that is not shown is left out of it. Raises SearchTooLong."""
        domains = {name: self._variables[name].domain for name in group}
        for name, value in fixed.items():
            domains[name] &= 1 if value is None else self._variables[name].cell(value)
        if not all(domains.values()) or not self._narrow(domains, list(group), budget):
            return None
        return self._search(domains, budget)

    def _link(self, rule: PlannedRule, budget: Budget) -> None:
        when, then = self._variables[rule.when], self._variables[rule.then]
        good = sum(then.cell(value) for value in then.values if not breaks(rule, value)) | then.hidden
        held, free = good | (rule.kind == "exclude"), 2 * then.hidden - 1
        holding = _holding(rule, when)
        budget.spend(len(when.values) + len(then.values))
        self._links[rule.when].append(_Link(rule.then, holding, held, free))
        # The other way round: what does not go along with the condition is left when it does not hold.
        self._links[rule.then].append(
            _Link(rule.when, free & ~held, 2 * when.hidden - 1 & ~holding, 2 * when.hidden - 1)
        )

    def _link_shows(self, variable: _Variable) -> None:
        groups = {0: variable.shows} | {variable.cell(value): rules for value, rules in variable.value_shows.items()}
        for cell, rules in groups.items():
            if rules:
                whens = tuple((rule.when, _holding(rule, self._variables[rule.when])) for rule in rules)
                show = _Show(variable.one.id, cell, whens)
                for name in {show.then, *(when for when, _ in whens)}:
                    self._shows[name].append(show)

    def _search(self, domains: dict[str, int], budget: Budget) -> Assignment | None:
        """The domains must have been narrowed."""
        open_ones = [(mask.bit_count(), name) for name, mask in domains.items() if mask & (mask - 1)]
        if not open_ones:
            return self._read(domains)
        name = min(open_ones)[1]
        mask = domains[name]
        while mask:
            bit = mask & -mask
            mask ^= bit
            budget.spend(len(domains))
            narrowed = {**domains, name: bit}
            if self._narrow(narrowed, [name], budget):
                found = self._search(narrowed, budget)
                if found is not None:
                    return found
        return None

    def _read(self, domains: Mapping[str, int]) -> Assignment:
        found: dict[str, Value | None] = {}
        for name, mask in domains.items():
            variable = self._variables[name]
            if mask != variable.hidden:
                found[name] = None if mask == 1 else variable.values[mask.bit_length() - 2]
        return found

    def _narrow(self, domains: dict[str, int], changed: list[str], budget: Budget) -> bool:
        """Take from the domains what goes with nothing that is left of the others; False when one becomes empty."""
        while changed:
            name = changed.pop()
            budget.spend(1 + len(self._links[name]) + len(self._shows[name]))
            left = [(link.other, link.reach(domains[name])) for link in self._links[name]]
            for show in self._shows[name]:
                left += self._narrow_show(show, domains)
            for other, mask in left:
                before = domains[other]
                after = before & mask
                if not after:
                    return False
                if after != before:
                    domains[other] = after
                    changed.append(other)
        return True

    def _narrow_show(self, show: _Show, domains: Mapping[str, int]) -> list[tuple[str, int]]:
        """What the rules leave of the option that they show, and of those on which that depends."""
        then, hidden = domains[show.then], self._variables[show.then].hidden
        possible = [(name, mask) for name, mask in show.whens if domains[name] & mask]
        if show.cell:
            if not possible:
                return [(show.then, ~show.cell)]
            return possible if then == show.cell and len(possible) == 1 else []
        if not possible:
            return [(show.then, hidden)]
        if then == hidden:
            return [(name, ~mask) for name, mask in show.whens]
        if not then & hidden:
            return possible if len(possible) == 1 else []
        return [(show.then, ~hidden)] if any(not domains[name] & ~mask for name, mask in possible) else []


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
    stuck: list[FieldError] = []
    for region, moments in worlds.items():
        done = False
        for world in moments:
            if world not in spaces:
                spaces[world] = Space(plan, world, budget)
                done |= _reach_all(spaces[world], reached, budget)
            else:
                done |= _solvable(spaces[world], budget)
        if not done:
            stuck.append(_nothing(region, plan, moments[0], spaces[moments[0]], budget))
    yield from stuck[:MOST_NAMED]
    if len(stuck) == len(worlds):
        return
    unreached = [(one, value) for one in plan.options for value in _unreached(one, reached[one.id], plan)]
    blaming = Budget()
    for number, (one, value) in enumerate(unreached[:MOST_NAMED]):
        yield _never(one, value, plan, spaces, blaming if number < MOST_BLAMED else None)


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
    one: PlannedOption, value: Value | None, plan: Plan, spaces: Mapping[World, Space], budget: Budget | None
) -> FieldError:
    """Why, as far as there is a budget for it."""
    place = plan.document.options.index(one.option)
    field = f"options[{place}]" if value is None else f"options[{place}].values[{list(one.values).index(str(value))}]"
    what = f"{one.id!r} can never be answered" if value is None else f"{value!r} of {one.id!r} can never be chosen"
    offering = next((world for world, space in spaces.items() if _has(space, one.id, value)), None)
    if offering is None:
        return FieldError(field, f"{what}: where and when the document is offered, this is not")
    if budget is None:
        return FieldError(field, what)
    group = next(group for group in spaces[offering].groups if one.id in group)
    left = budget

    def allows(space: Space, group: Sequence[str]) -> bool:
        wanted = space.values(one.id) if value is None else (value,)
        return any(space.solve(group, {one.id: each}, left) is not None for each in wanted)

    blamed = _blame(group, plan, offering, allows, left)
    return FieldError(field, f"{what}, because of {blamed}" if blamed else what)


def _has(space: Space, option: str, value: Value | None) -> bool:
    return bool(space.values(option)) if value is None else value in space.values(option)


def _nothing(region: str | None, plan: Plan, world: World, space: Space, budget: Budget) -> FieldError:
    where = "" if not plan.limited else f" in {region}" if region else " where no region of the document applies"
    stuck = next(group for group in space.groups if space.solve(group, {}, budget) is None)
    said = f"nothing complete can be chosen{where}: there is no way to answer {', '.join(map(repr, stuck))}"
    blamed = _blame(stuck, plan, world, lambda space, group: space.solve(group, {}, budget) is not None, budget)
    return FieldError("options", f"{said}, because of {blamed}" if blamed else said)


def _blame(
    group: Sequence[str], plan: Plan, world: World, allows: Callable[[Space, Sequence[str]], bool], budget: Budget
) -> str:
    """A least set of rules of these options that together rule it out: each one of them could be taken away to allow
    it. '' when there is none, or when that takes too long to find."""
    suspects = [rule.id for rule in plan.all_rules if rule.when in group]
    innocent: list[str] = []
    try:
        for suspect in suspects:
            if not allows(Space(plan, world, budget, left_out=[*innocent, suspect]), group):
                innocent.append(suspect)
    except SearchTooLong:
        return ""
    blamed = [repr(suspect) for suspect in suspects if suspect not in innocent]
    return f"the rule{'s' if len(blamed) > 1 else ''} {', '.join(blamed)}" if blamed else ""


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


def _holding(rule: PlannedRule, when: _Variable) -> int:
    """The cells for which the rule's condition holds."""
    return sum(1 << cell for cell, value in enumerate(when.answers()) if rule.holds(value))


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
