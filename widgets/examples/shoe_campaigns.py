"""Campaigns of Long Step's: two shoes that are only made when enough are wanted, one of them to measure."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from widgets.examples.shoemaker import Row

SELLER: Final = {"name": "Long Step", "address": "7 Last Lane, Brooklyn, NY", "email": "hello@longstep.invalid"}
TERMS: Final = {
    "en": "A pair is made for you when enough are wanted by the end. If not, you get back all that you paid.",
    "zh": "截止时数量足够，我们便为您制作；否则退还您支付的全部款项。",
}
MADE_WITHDRAWAL: Final = {
    "en": "These are made to your own feet, so they cannot be given back for a mere change of mind. Until the campaign"
    " ends you may cancel at no cost.",
    "zh": "本鞋按您的脚型定制，不适用无理由退货；活动截止前可免费取消。",
}
WITHDRAWAL: Final = {
    "en": "You may withdraw within 14 days of getting the shoes, without giving a reason.",
    "zh": "收到鞋后14天内可无理由退货。",
}


def campaigns(now: datetime) -> Iterator[Row]:
    """For `PUT /v1/campaigns/{id}`, then `:publish`. The dates, and so the ids, depend on the day."""
    yield _campaign(
        f"snow-plum-{now:%Y%m%d}", {"product_id": "LS-402", "made": True}, MADE_WITHDRAWAL, now, days=5,
        title={"en": "Snow Plum Boot, the winter batch", "zh": "雪梅靴冬季批次"},
        description={
            "en": "Quilted in one batch, each pair to its own feet. Your card is charged once the batch is certain.",
            "zh": "同批缝制，每双按脚型定制。确定生产后才会扣款。",
        },
        minimum_units=12, caps={"total": 40, "per_order": 2}, show_remaining=True,
        payment={"mode": "card_saved", "charge_within_days": 14},
    )  # fmt: skip
    yield _campaign(
        f"tiger-{now:%Y%m%d}", _sized("LS-601", range(20, 28)), WITHDRAWAL, now, days=14,
        title={"en": "Tiger Shoes for the new year", "zh": "新年虎头鞋"},
        description={"en": "Embroidered before the new year. The first twenty pairs cost a tenth less."},
        minimum_units=30, caps={"total": 120, "per_order": 3}, tiers=[{"units": 20, "discount_basis_points": 1_000}],
        payment={"mode": "deposit", "deposit_basis_points": 2_000},
    )  # fmt: skip


def _sized(product_id: str, sizes: range) -> Row:
    return {"product_id": product_id, "variants": [f"{product_id}-{size}" for size in sizes]}


def _campaign(name: str, product: Row, withdrawal: Row, now: datetime, *, days: int, **about: Any) -> Row:
    ends = (now + timedelta(days=days)).replace(minute=0, second=0, microsecond=0)
    return {
        "id": name,
        "products": [product],
        "starts_at": (now - timedelta(hours=1)).isoformat(),
        "ends_at": ends.isoformat(),
        "ship_from": str((ends + timedelta(days=30)).date()),
        "ship_until": str((ends + timedelta(days=45)).date()),
        "terms": TERMS,
        "terms_version": "2026-11",
        "cancellation": {"until": "close"},
        "seller": SELLER,
        "checklist": {"total_price_clear": True, "withdrawal_notice": withdrawal},
        **about,
    }
