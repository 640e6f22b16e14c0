"""Words of the notices, by language and kind. Braces are filled from `api.notice_letters`; nobody else writes these."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tenants.notices import NoticeKind

LetterKind = NoticeKind | Literal["delayed_silence"]
"""A delay that silence accepts is told in other words."""


@dataclass(frozen=True, slots=True)
class LetterWords:
    """What one kind of notice says."""

    subject: str
    paragraphs: tuple[str, ...]
    link: str


@dataclass(frozen=True, slots=True)
class Language:
    """All kinds, and what stands around them."""

    lang: str
    order: str
    total: str
    terms: str
    withdrawal: str
    service: str
    kinds: Mapping[LetterKind, LetterWords]


_YOURS = "See your preorder, change or cancel it"
_TO_PAGE = "See your preorder"

ENGLISH = Language(
    lang="en",
    order="Your preorder",
    total="Total",
    terms="The terms that you agreed to, version",
    withdrawal="Your right to withdraw",
    service="You receive this message because of your preorder with {seller}. It is not advertising.",
    kinds={
        "joined": LetterWords(
            "You have joined: {title}",
            ("Your preorder is in.", "{payment}", "It is planned to ship from {ship_from} to {ship_until}."),
            _YOURS,
        ),
        "upcoming_charge": LetterWords(
            "On {day} your card will be charged: {title}",
            ("On {day}, {left} will be charged to the card that you saved, if the campaign comes about.",),
            _YOURS,
        ),
        "charged": LetterWords(
            "Payment received: {title}", ("Your card was charged. You have paid {paid} in all.",), _TO_PAGE
        ),
        "charge_failed": LetterWords(
            "The payment failed: {title}",
            (
                "Your card could not be charged. {left} are still to be paid.",
                "It will be tried again in the next days. To keep your place for certain, pay by the link below.",
            ),
            "Pay now, with this card or another",
        ),
        "action_required": LetterWords(
            "Please confirm your payment: {title}",
            ("Your bank wants you to confirm the payment of {left}.", "Please do so by the link below."),
            "Confirm the payment",
        ),
        "dropped": LetterWords(
            "Your preorder has ended: {title}",
            (
                "The payment failed for the last time, so your preorder was cancelled.",
                "What you get back of what you had paid: {owed_back}.",
            ),
            _TO_PAGE,
        ),
        "delayed": LetterWords(
            "Please answer by {until}: a later date for {title}",
            (
                "It will ship by {to_day}. You had agreed to {from_day}.",
                "Do you want to wait? Please answer by {until}.",
                "Without an answer your preorder is cancelled then, and all that you have paid goes back to you.",
            ),
            "Answer: wait, or cancel at no cost",
        ),
        "delayed_silence": LetterWords(
            "A later date for {title}",
            (
                "It will ship by {to_day}. You had agreed to {from_day}.",
                "If you want to wait, you need not do anything.",
                "If not, you may cancel until {until}, and all that you have paid goes back to you.",
            ),
            "Answer: wait, or cancel at no cost",
        ),
        "dates_changed": LetterWords(
            "New dates: {title}",
            ("The dates of the campaign have changed.", "It ships from {ship_from} to {ship_until}.", "{ends}"),
            _TO_PAGE,
        ),
        "shipped": LetterWords("On its way: {title}", ("Your preorder has been shipped.",), _TO_PAGE),
        "refunded": LetterWords(
            "Money returned: {title}",
            ("Of the {paid} that you paid, {returned} have been returned to you.",),
            _TO_PAGE,
        ),
        "cancelled": LetterWords(
            "Cancelled: {title}",
            ("Your preorder is cancelled.", "What you get back of what you had paid: {owed_back}."),
            _TO_PAGE,
        ),
        "campaign_failed": LetterWords(
            "It will not be made: {title}",
            (
                "Not enough shoppers joined, so the campaign has ended and your preorder is cancelled.",
                "Nothing more will be charged. What you get back of what you had paid: {owed_back}.",
            ),
            _TO_PAGE,
        ),
    },
)

CHINESE = Language(
    lang="zh",
    order="您的预订",
    total="总价",
    terms="您同意的条款，版本",
    withdrawal="您的撤回权",
    service="您收到此消息是因为您在 {seller} 有预订。这不是广告。",
    kinds={
        "joined": LetterWords(
            "您已参加：{title}",
            ("您的预订已生效。", "{payment}", "计划发货时间：{ship_from} 至 {ship_until}。"),
            "查看、更改或取消预订",
        ),
        "upcoming_charge": LetterWords(
            "将于 {day} 扣款：{title}",
            ("如活动成立，将于 {day} 从您保存的银行卡扣款 {left}。",),
            "查看、更改或取消预订",
        ),
        "charged": LetterWords("已收到付款：{title}", ("已从您的银行卡扣款。您共支付 {paid}。",), "查看预订"),
        "charge_failed": LetterWords(
            "付款失败：{title}",
            ("无法从您的银行卡扣款，仍需支付 {left}。", "未来几天将再次尝试。为确保名额，请通过下方链接付款。"),
            "立即付款，可使用此卡或其他卡",
        ),
        "action_required": LetterWords(
            "请确认付款：{title}", ("银行需要您确认 {left} 的付款。", "请通过下方链接确认。"), "确认付款"
        ),
        "dropped": LetterWords(
            "您的预订已结束：{title}",
            ("最后一次付款失败，您的预订已取消。", "您已付款项中将退还：{owed_back}。"),
            "查看预订",
        ),
        "delayed": LetterWords(
            "请在 {until} 前答复：{title} 延期",
            (
                "将在 {to_day} 前发货。您原先同意的日期是 {from_day}。",
                "您愿意等待吗？请在 {until} 前答复。",
                "如无答复，届时预订将取消，您已付的款项将全部退还。",
            ),
            "答复：等待，或免费取消",
        ),
        "delayed_silence": LetterWords(
            "{title} 延期",
            (
                "将在 {to_day} 前发货。您原先同意的日期是 {from_day}。",
                "如果您愿意等待，无需任何操作。",
                "如不愿意，您可以在 {until} 前取消，您已付的款项将全部退还。",
            ),
            "答复：等待，或免费取消",
        ),
        "dates_changed": LetterWords(
            "新的日期：{title}", ("活动日期已更改。", "发货时间：{ship_from} 至 {ship_until}。", "{ends}"), "查看预订"
        ),
        "shipped": LetterWords("已发货：{title}", ("您的预订已发货。",), "查看预订"),
        "refunded": LetterWords("已退款：{title}", ("您已付 {paid}，其中 {returned} 已退还。",), "查看预订"),
        "cancelled": LetterWords(
            "已取消：{title}", ("您的预订已取消。", "您已付款项中将退还：{owed_back}。"), "查看预订"
        ),
        "campaign_failed": LetterWords(
            "不会生产：{title}",
            ("参加人数不足，活动已结束，您的预订已取消。", "不会再扣款。您已付款项中将退还：{owed_back}。"),
            "查看预订",
        ),
    },
)

ENDS = {"en": "The campaign ends on {ends_at}.", "zh": "活动截止时间：{ends_at}。"}


def language_of(locale: str) -> Language:
    """Chinese for Chinese, English for all others."""
    return CHINESE if locale.lower().partition("-")[0] == "zh" else ENGLISH
