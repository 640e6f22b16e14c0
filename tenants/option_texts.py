"""Option texts: how an issue is said to a shopper where the merchant's rule has no words of its own."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from tenants.option_plan import Plan, PlannedRule
from tenants.option_settling import Code, Problem, Question, Settled
from tenants.option_values import Value, read_thousandths, show_answer
from tenants.options import NumberOption, Option, TextOption
from tenants.questions import choose_locale


def text_of(label: Mapping[str, str], locale: str, *, otherwise: str) -> str:
    """A label in the locale that is nearest, `otherwise` without any."""
    return label[_nearest(tuple(label), locale)] if label else otherwise


# A document's labels have the same few sets of locales.
@lru_cache(maxsize=1024)
def _nearest(locales: tuple[str, ...], locale: str) -> str:
    return choose_locale(dict.fromkeys(locales, ""), locale)


def label_of(option: Option, locale: str) -> str:
    return text_of(option.label, locale, otherwise=option.id)


def value_text(plan: Plan, option: str, value: Value, locale: str) -> str:
    """An answer as a shopper reads it."""
    one = plan.by_id[option]
    if isinstance(value, str) and value in one.values:
        return text_of(one.values[value].label, locale, otherwise=value)
    unit = f" {one.option.unit}" if isinstance(one.option, NumberOption) and one.option.unit else ""
    return f"{show_answer(one.option, value)}{unit}"


def say(name: str, locale: str, **parts: str) -> str:
    """A sentence of ours in the locale's language; English where we have none."""
    spoken = "zh" if locale.lower().partition("-")[0] == "zh" else "en"
    return _SENTENCES[name][spoken].format(**parts)


def describe_problem(problem: Problem, question: Question, settled: Settled, locale: str) -> str:
    """The merchant's message for a rule's problem, else a sentence that names every option concerned."""
    rule = problem.rule
    plan = question.plan
    if rule is not None:
        return describe_rule(problem.code, rule, plan, settled.answers, locale)
    if not problem.options or problem.options[0] not in plan.by_id:
        return say(problem.code, locale, option=problem.options[0] if problem.options else "")
    return _describe_option(problem, question, locale)


def _describe_option(problem: Problem, question: Question, locale: str) -> str:
    option = question.plan.by_id[problem.options[0]].option
    parts = {"option": label_of(option, locale)}
    if problem.code == "unavailable":
        return _describe_unavailable(option, question, locale)
    if problem.code != "wrong_value":
        return say(problem.code, locale, **parts)
    if isinstance(option, TextOption):
        parts["most"] = str(option.max_length)
    if isinstance(option, NumberOption):
        bounds = (("low", option.min), ("high", option.max), ("step", option.step))
        parts |= {name: _number(option, number) for name, number in bounds}
    return say(f"wrong_{option.kind}", locale, **parts)


def _describe_unavailable(option: Option, question: Question, locale: str) -> str:
    """Says why: the region, or the dates."""
    value = question.refused[option.id][1]
    label = label_of(option, locale)
    why = question.closed.get((option.id, None))
    if why is not None or value is None:
        return say(f"closed_{why or 'region'}", locale, what=label)
    what = f"{label}: {value_text(question.plan, option.id, value, locale)}"
    return say(f"closed_{question.closed[option.id, value]}", locale, what=what)


def describe_rule(code: Code, rule: PlannedRule, plan: Plan, answers: Mapping[str, Value], locale: str) -> str:
    """What the rule says to these answers, in the merchant's words if it has some."""
    if rule.rule.message:
        return text_of(rule.rule.message, locale, otherwise="")
    parts = {
        "when": label_of(plan.by_id[rule.when].option, locale),
        "then": label_of(plan.by_id[rule.then].option, locale),
        "said": _answer_text(plan, rule.when, answers, locale),
        "values": _list(plan, rule.then, sorted(rule.values, key=str), locale),
        "has": _answer_text(plan, rule.then, answers, locale),
    }
    required = "required_values" if rule.values else "required_any"
    return say(required if code == "missing" else code, locale, **parts)


def _answer_text(plan: Plan, option: str, answers: Mapping[str, Value], locale: str) -> str:
    value = answers.get(option)
    return "–" if value is None else value_text(plan, option, value, locale)


def _list(plan: Plan, option: str, values: Iterable[Value], locale: str) -> str:
    return ", ".join(value_text(plan, option, value, locale) for value in values)


def _number(option: NumberOption, number: float) -> str:
    return str(show_answer(option, read_thousandths(number) or 0))


_SENTENCES: Mapping[str, Mapping[str, str]] = {
    "unknown_option": {
        "en": "There is no option “{option}” here.",
        "zh": "这里没有选项“{option}”。",
    },
    "wrong_choice": {
        "en": "{option}: this is not one of its values.",
        "zh": "{option}：没有这个选择。",
    },
    "wrong_text": {
        "en": "{option}: up to {most} characters, of those that are allowed here.",
        "zh": "{option}：最多{most}个字符，且只能使用允许的字符。",
    },
    "wrong_number": {
        "en": "{option}: a number from {low} to {high} in steps of {step}.",
        "zh": "{option}：请输入{low}到{high}之间的数，间隔为{step}。",
    },
    "wrong_measurement": {
        "en": "{option} comes from the record of measurements and not from an answer.",
        "zh": "{option}取自尺寸记录，不能直接填写。",
    },
    "not_offered": {
        "en": "This product is not made to order here and now.",
        "zh": "此商品目前在此地区不接受定制。",
    },
    "closed_region": {
        "en": "{what} is not offered in this region.",
        "zh": "{what}在此地区不提供。",
    },
    "closed_not_yet": {
        "en": "{what} is not offered yet.",
        "zh": "{what}尚未开始提供。",
    },
    "closed_over": {
        "en": "{what} is no longer offered.",
        "zh": "{what}已不再提供。",
    },
    "hidden": {
        "en": "{then} does not go with {when} as it is ({said}).",
        "zh": "{when}为“{said}”时不能选择{then}。",
    },
    "require": {
        "en": "{when} ({said}) needs {then} to be: {values}. It is {has}.",
        "zh": "{when}（{said}）要求{then}为：{values}。目前为{has}。",
    },
    "exclude": {
        "en": "{when} ({said}) does not go together with {then} ({has}).",
        "zh": "{when}（{said}）与{then}（{has}）不能同时选择。",
    },
    "out_of_range": {
        "en": "{option}: the maker cannot make this measure.",
        "zh": "{option}：此尺寸超出可制作范围。",
    },
    "missing": {
        "en": "{option} is still to be chosen.",
        "zh": "请选择{option}。",
    },
    "missing_measurement": {
        "en": "{option} is not on record yet.",
        "zh": "尚无{option}的记录。",
    },
    "required_values": {
        "en": "{when} ({said}) needs {then}: {values}.",
        "zh": "{when}（{said}）需要选择{then}：{values}。",
    },
    "required_any": {
        "en": "{when} ({said}) needs {then}.",
        "zh": "{when}（{said}）需要填写{then}。",
    },
    "at_least_nothing": {
        "en": "A price is never below zero",
        "zh": "价格不低于零",
    },
    "measured": {
        "en": "made to the recorded measure",
        "zh": "按记录的尺寸制作",
    },
}
