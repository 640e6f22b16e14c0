"""Option fixes: one change by the shopper that really takes an issue away, tried before it is said."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from tenants.fields import Scalar
from tenants.option_repairs import Repair, find_repair
from tenants.option_search import Budget, SearchTooLong
from tenants.option_settling import Problem, Question, Settled, breaks, find_problems, settle
from tenants.option_values import Value, show_answer
from tenants.options import ChoiceOption

MOST_VALUES = 3
"""That a fix names."""
STEPS = 20_000
"""Options that may be looked at to find fixes, for all issues of an answer together: some 50 ms at the worst."""
Act = Literal["choose", "remove", "answer", "measure"]


@dataclass(frozen=True, slots=True)
class Change:
    """One more answer to give along with a fix; null for none."""

    option: str
    value: Scalar


@dataclass(frozen=True, slots=True)
class Fix:
    """What to do about an issue.

    choose: answer the option with any one of `values`. remove: take its answer away (send null). answer: the shopper's
    own words or number are wanted. measure: the record lacks a measure, or has one that cannot be made. `also` has the
    changes that must be made along with it, which is rare.
    """

    option: str
    act: Act
    values: tuple[Scalar, ...] = ()
    also: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """What a fix starts from: the question as it is settled, its conflicts, and how much may still be tried."""

    question: Question
    settled: Settled
    hard: AbstractSet[tuple[str, ...]]
    """Keys of the conflicts."""
    budget: Budget


def find_fix(problem: Problem, standing: Standing) -> Fix | None:
    """The least change that ends this problem and brings no new conflict; None when there is none, or when what may be
    tried for all issues together is used up."""
    try:
        return _find_fix(problem, standing)
    except SearchTooLong:
        return None


def _find_fix(problem: Problem, standing: Standing) -> Fix | None:
    question = standing.question
    if problem.code == "not_offered":
        return None
    if problem.code in ("missing_measurement", "out_of_range"):
        return _measure(problem, question)
    known = [name for name in reversed(problem.options) if name in question.plan.by_id]
    if not known:
        return Fix(problem.options[0], "remove")
    for name in known if problem.code != "hidden" else problem.options:
        if (fix := _change(name, problem, standing)) is not None:
            return fix
    return _repair(problem, standing) or next(
        (Fix(name, "remove") for name in known if _helps(name, None, problem, standing)), None
    )


def _measure(problem: Problem, question: Question) -> Fix:
    name = problem.options[0]
    optional = not question.plan.by_id[name].required
    return Fix(name, "remove" if optional and problem.code == "out_of_range" else "measure")


def _change(name: str, problem: Problem, standing: Standing) -> Fix | None:
    """A change of this option's answer."""
    one = standing.question.plan.by_id[name]
    wanted = problem.code == "missing" or (problem.code == "wrong_value" and one.required)
    if one.option.kind in ("text", "number") and wanted and name == problem.options[-1]:
        return Fix(name, "answer")
    good = _easy_values(name, problem, standing) or _good_values(name, problem, standing)
    if good:
        return Fix(name, "choose", tuple(show_answer(one.option, value) for value in good))
    # An answer that is required is not taken away while something better may be found.
    gone = not one.required or problem.code == "hidden" or one.option.kind == "measurement"
    return Fix(name, "remove") if gone and _helps(name, None, problem, standing) else None


def _candidates(name: str, question: Question, settled: Settled) -> Iterator[Value]:
    """Other values of a choice that are offered here and now."""
    option = question.plan.by_id[name].option
    if isinstance(option, ChoiceOption) and (name, None) not in question.closed:
        present = settled.answers.get(name)
        for value in option.values:
            if value.id != present and (name, value.id) not in question.closed:
                yield value.id


def _easy_values(name: str, problem: Problem, standing: Standing) -> list[Value]:
    """Where nothing has been chosen yet: values that change nothing else, found without settling anew."""
    if problem.code != "missing" or problem.rule is not None:
        return []
    question, settled = standing.question, standing.settled
    easy = (value for value in _candidates(name, question, settled) if _goes_along(name, value, question, settled))
    return list(islice(easy, MOST_VALUES))


def _good_values(name: str, problem: Problem, standing: Standing) -> list[Value]:
    values = _candidates(name, standing.question, standing.settled)
    return list(islice((value for value in values if _helps(name, value, problem, standing)), MOST_VALUES))


def _helps(name: str, value: Value | None, problem: Problem, standing: Standing) -> bool:
    return _ends(problem, standing.question.answering(name, value), standing)


def _ends(problem: Problem, changed: Question, standing: Standing) -> bool:
    """Whether the problem is gone and there is no conflict that there was not before."""
    standing.budget.spend(len(changed.plan.options))
    after = {one.key: one.hard for one in find_problems(changed, settle(changed))}
    return problem.key not in after and all(key in standing.hard for key, is_hard in after.items() if is_hard)


def _repair(problem: Problem, standing: Standing) -> Fix | None:
    """Several changes at once."""
    repair = find_repair(standing.question, standing.settled, problem.options, standing.budget)
    for tried in () if repair is None else (_without_new_answers(repair, standing), repair):
        changed = standing.question
        for name, value in tried.changes.items():
            changed = changed.answering(name, value)
        if tried.changes and _ends(problem, changed, standing):
            return _say(tried, problem, standing.question)
    return None


def _without_new_answers(repair: Repair, standing: Standing) -> Repair:
    """What else is still to be chosen is often no part of the conflict."""
    question, settled = standing.question, standing.settled
    answered = {name for name in repair.changes if name in settled.answers or question.given.get(name) is not None}
    return Repair({name: value for name, value in repair.changes.items() if name in answered}, ())


def _say(repair: Repair, problem: Problem, question: Question) -> Fix:
    """The change that concerns the problem most comes first; the shopper's own words before all."""
    by_id = question.plan.by_id
    shown = {
        name: None if value is None else show_answer(by_id[name].option, value)
        for name, value in repair.changes.items()
    }
    wanted = (*repair.words, *reversed(problem.options), *shown)
    first = next(name for name in wanted if name in shown)
    also = tuple(Change(name, value) for name, value in shown.items() if name != first and name not in repair.words)
    if first in repair.words:
        return Fix(first, "answer", also=also)
    return Fix(first, "remove", also=also) if shown[first] is None else Fix(first, "choose", (shown[first],), also)


def _goes_along(name: str, value: Value, question: Question, settled: Settled) -> bool:
    """Whether an answer to an option that had none breaks no rule and shows or hides nothing."""
    decides = any(rule.holds(value) != rule.holds(None) for rule in question.plan.deciding[name])
    if decides or value in settled.shown[name].value_shows:
        return False
    for rule in question.plan.touching[name]:
        answers = settled.answers
        when = value if rule.when == name else answers.get(rule.when)
        then = value if rule.then == name else answers.get(rule.then)
        if rule.then in settled.shown and rule.holds(when) and breaks(rule, then):
            return False
    return True
