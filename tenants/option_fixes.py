"""Option fixes: one change by the shopper that really takes an issue away, tried before it is said."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from tenants.fields import Scalar
from tenants.option_settling import Problem, Question, Settled, breaks, find_problems, settle
from tenants.option_values import Value, show_answer
from tenants.options import ChoiceOption

MOST_VALUES = 3
"""That a fix names."""
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
    also: tuple[Change, ...] = field(default=())


def find_fix(problem: Problem, question: Question, settled: Settled, problems: list[Problem]) -> Fix | None:
    """The least change that ends this problem and brings no new conflict; None when there is none."""
    if problem.code == "not_offered":
        return None
    if problem.code in ("missing_measurement", "out_of_range"):
        return _measure(problem, question)
    known = [name for name in reversed(problem.options) if name in question.plan.by_id]
    if not known:
        return Fix(problem.options[0], "remove")
    hard = {one.key for one in problems if one.hard}
    for name in known if problem.code != "hidden" else problem.options:
        if (fix := _change(name, problem, question, settled, hard)) is not None:
            return fix
    return None


def _measure(problem: Problem, question: Question) -> Fix:
    name = problem.options[0]
    optional = not question.plan.by_id[name].required
    return Fix(name, "remove" if optional and problem.code == "out_of_range" else "measure")


def _change(
    name: str, problem: Problem, question: Question, settled: Settled, hard: set[tuple[str, ...]]
) -> Fix | None:
    """A change of this option's answer."""
    free = question.plan.by_id[name].option.kind in ("text", "number")
    if free and problem.code == "missing" and name == problem.options[-1]:
        return Fix(name, "answer")
    good: list[Value] = []
    for value in _candidates(name, question, settled):
        if _helps(name, value, problem, question, settled, hard):
            good.append(value)
        if len(good) == MOST_VALUES:
            break
    if good:
        option = question.plan.by_id[name].option
        return Fix(name, "choose", tuple(show_answer(option, value) for value in good))
    return Fix(name, "remove") if _helps(name, None, problem, question, settled, hard) else None


def _candidates(name: str, question: Question, settled: Settled) -> Iterator[Value]:
    """Other values of a choice that are offered here and now."""
    option = question.plan.by_id[name].option
    if isinstance(option, ChoiceOption) and (name, None) not in question.closed:
        present = settled.answers.get(name)
        for value in option.values:
            if value.id != present and (name, value.id) not in question.closed:
                yield value.id


def _helps(
    name: str, value: Value | None, problem: Problem, question: Question, settled: Settled, hard: set[tuple[str, ...]]
) -> bool:
    if problem.code == "missing" and problem.rule is None and value is not None:
        quick = _goes_along(name, value, question, settled)
        if quick is not None:
            return quick
    changed = question.answering(name, value)
    after = {one.key: one.hard for one in find_problems(changed, settle(changed))}
    return problem.key not in after and all(key in hard for key, is_hard in after.items() if is_hard)


def _goes_along(name: str, value: Value, question: Question, settled: Settled) -> bool | None:
    """Whether an answer to an option that had none breaks no rule; None when that takes a closer look."""
    if name in question.plan.deciding or value in settled.shown[name].value_shows:
        return None
    for rule in question.plan.touching.get(name, ()):
        answers = settled.answers
        when = value if rule.when == name else answers.get(rule.when)
        then = value if rule.then == name else answers.get(rule.then)
        if rule.then in settled.shown and rule.holds(when) and breaks(rule, then):
            return None
    return True
