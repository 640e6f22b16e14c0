"""Notice letters: a notice as text and as HTML, in the language of the terms that were agreed to."""

from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from api.notice_words import ENDS, Language, LetterKind, LetterWords, language_of
from api.public.preorder_page import format_moment, format_money
from api.public.preorder_words import words_in
from tenants.notice_sending import Letter
from tenants.preorder_views import PreorderView

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)


@dataclass(frozen=True, slots=True)
class Written:
    """A letter, ready to be sent, and what is kept of it: without its link's secret and the long terms."""

    subject: str
    text: str
    html: str
    evidence: str


def write_letter(letter: Letter, *, url: str, address: str) -> Written:
    """`url` opens the preorder's page, `address` is the same without its secret."""
    view, language = letter.view, language_of(letter.view.terms_locale)
    kind: LetterKind = letter.kind
    if view.delay is not None and kind == "delayed" and view.delay.needs == "silence":
        kind = "delayed_silence"
    words, facts = language.kinds[kind], _facts(letter, language)
    said = [one for one in (paragraph.format(**facts) for paragraph in words.paragraphs) if one]
    subject = words.subject.format(**facts)
    goods = f"{facts['title']} / {_goods(view)}"
    lines = [*said, f"{language.order}: {goods}\n{language.total}: {facts['total']}"]
    agreed = _agreed(view, language) if kind == "joined" else []
    end = [language.service.format(**facts), _seller(view)]
    html = _templates.get_template("notice.html").render(
        language=language, said=said, goods=goods, total=facts["total"], words=words, url=url, agreed=agreed, end=end
    )
    return Written(
        subject=subject,
        text=_join(lines, words, url, [f"{title}\n{text}" for title, text in agreed], end),
        html=html,
        evidence=_join(lines, words, address, [title for title, _ in agreed], end),
    )


def _join(lines: list[str], words: LetterWords, url: str, agreed: list[str], end: list[str]) -> str:
    return "\n\n".join([*lines, f"{words.link}:\n{url}", *agreed, *end]) + "\n"


def _facts(letter: Letter, language: Language) -> dict[str, str]:
    """All that a text may tell. What is owed and paid is as of now."""
    view, delay = letter.view, letter.view.delay
    amounts = {
        "total": view.total_minor,
        "paid": view.paid_minor,
        "left": view.total_minor - view.paid_minor,
        "owed_back": view.owed_back_minor,
        "returned": view.returned_minor,
    }
    return {
        **{name: format_money(minor, view.currency) for name, minor in amounts.items()},
        "title": view.campaign_title or view.campaign_id,
        "seller": view.seller.name,
        "day": letter.occasion,
        "payment": words_in(view.terms_locale).payment[view.payment],
        "ship_from": _day(view.ship_from),
        "ship_until": _day(view.ship_until),
        "ends": "" if view.ends_at is None else ENDS[language.lang].format(ends_at=format_moment(view.ends_at)),
        "from_day": "" if delay is None else str(delay.from_day),
        "to_day": "" if delay is None else str(delay.to_day),
        "until": "" if delay is None else format_moment(delay.answer_until),
    }


def _goods(view: PreorderView) -> str:
    name = view.product_title or view.product_id
    return f"{name}{f', {view.variant_id}' if view.variant_id else ''} × {view.quantity}"


def _agreed(view: PreorderView, language: Language) -> list[tuple[str, str]]:
    """The terms, on something that lasts, as the law wants it."""
    return [
        (f"{language.terms} {view.terms_version}, {format_moment(view.agreed_at)}", view.terms),
        (language.withdrawal, view.withdrawal_notice),
    ]


def _seller(view: PreorderView) -> str:
    return "\n".join(one for one in (view.seller.name, view.seller.address, view.seller.email) if one)


def _day(day: object) -> str:
    return "–" if day is None else str(day)
