"""Words of a preorder's page, by language."""

from collections.abc import Mapping
from dataclasses import dataclass

from tenants.preorder_states import Fulfilment, Payment


@dataclass(frozen=True, slots=True)
class Words:
    """What the page says around the merchant's own texts."""

    lang: str
    total: str
    deposit: str
    paid: str
    owed_back: str
    returned: str
    charge_on: str
    reserved_until: str
    ends_at: str
    ships: str
    seller: str
    pay: str
    later: str
    cancel: str
    cancelled: str
    fee: str
    free: str
    delay: str
    delay_silence: str
    delay_consent: str
    wait: str
    decline: str
    waits: str
    agreed: str
    terms: str
    withdrawal: str
    fulfilment: Mapping[Fulfilment, str]
    payment: Mapping[Payment, str]


ENGLISH = Words(
    lang="en",
    total="Total",
    deposit="Of which deposit",
    paid="Paid",
    owed_back="You get back",
    returned="Returned so far",
    charge_on="Charged on",
    reserved_until="Reserved until",
    ends_at="Campaign ends",
    ships="Ships",
    seller="Sold by",
    pay="Go on to the payment",
    later="Payments are out of reach for the moment. Your place is kept: please try again in a few minutes.",
    cancel="Cancel this preorder",
    cancelled="The preorder is cancelled.",
    fee="If you cancel now, this stays with the seller:",
    free="You may cancel now at no cost.",
    delay="It ships later",
    delay_silence="If you say nothing, you agree to the new date. You may answer until:",
    delay_consent="Without your answer it is cancelled, and all that you paid goes back to you. Please answer until:",
    wait="I wait",
    decline="Cancel it at no cost",
    waits="Thank you: you wait for the new date.",
    agreed="What you agreed to",
    terms="Terms, version",
    withdrawal="Your right to withdraw",
    fulfilment={
        "reserved": "Reserved for you",
        "joined": "You have joined",
        "confirmed": "It will be made",
        "in_production": "It is being made",
        "shipped": "It is on its way",
        "completed": "Delivered",
        "expired": "The reservation has ended",
        "cancelled": "Cancelled",
    },
    payment={
        "none": "Nothing has been paid yet.",
        "pending": "A payment has been started.",
        "card_saved": "Your card is saved; nothing has been charged.",
        "deposit_paid": "Your deposit is paid.",
        "charging": "Your card is being charged.",
        "action_required": "Your bank wants you to confirm the payment.",
        "failed": "The payment failed; it will be tried again.",
        "dropped": "The payment failed for good.",
        "paid": "Paid in full.",
        "refund_pending": "Your money is on its way back.",
        "refunded": "Your money was returned.",
        "partly_refunded": "A part of your money was returned.",
        "disputed": "The payment is disputed at your bank.",
    },
)

CHINESE = Words(
    lang="zh",
    total="总价",
    deposit="其中定金",
    paid="已付",
    owed_back="应退还",
    returned="已退还",
    charge_on="扣款日",
    reserved_until="保留至",
    ends_at="活动截止",
    ships="发货时间",
    seller="卖家",
    pay="去付款",
    later="暂时无法付款。您的名额已保留，请几分钟后再试。",
    cancel="取消预订",
    cancelled="预订已取消。",
    fee="现在取消，卖家保留：",
    free="现在可以免费取消。",
    delay="发货延期",
    delay_silence="如不答复，即表示您同意新的日期。答复截止：",
    delay_consent="如无您的答复，预订将取消，您已付的款项将全部退还。答复截止：",
    wait="我愿意等待",
    decline="免费取消",
    waits="谢谢，您同意等待新的日期。",
    agreed="您同意的内容",
    terms="条款，版本",
    withdrawal="您的撤回权",
    fulfilment={
        "reserved": "已为您保留",
        "joined": "您已参加",
        "confirmed": "确定生产",
        "in_production": "正在生产",
        "shipped": "已发货",
        "completed": "已送达",
        "expired": "保留已过期",
        "cancelled": "已取消",
    },
    payment={
        "none": "尚未付款。",
        "pending": "付款已开始。",
        "card_saved": "银行卡已保存，尚未扣款。",
        "deposit_paid": "定金已付。",
        "charging": "正在扣款。",
        "action_required": "银行需要您确认付款。",
        "failed": "付款失败，将再次尝试。",
        "dropped": "付款最终失败。",
        "paid": "已全额付款。",
        "refund_pending": "退款处理中。",
        "refunded": "已退款。",
        "partly_refunded": "已部分退款。",
        "disputed": "付款在银行处有争议。",
    },
)


def words_in(locale: str) -> Words:
    """Chinese for Chinese, English for all others."""
    return CHINESE if locale.lower().partition("-")[0] == "zh" else ENGLISH
