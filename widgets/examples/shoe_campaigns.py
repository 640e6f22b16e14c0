"""Campaigns of Long Step's: two shoes that are only made when enough shoppers want them, in our API's shape."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from widgets.examples.shoemaker import Row

SELLER: Final = {"name": "Long Step", "address": "7 Last Lane, Brooklyn, NY", "email": "hello@longstep.invalid"}
TERMS: Final = {
    "en": "A pair is made for you when enough are wanted by the end. If not, you get back all that you paid.",
    "zh": "截止时数量足够，我们便为您制作；否则退还您支付的全部款项。",
}
WITHDRAWAL: Final = {
    "en": "You may withdraw within 14 days of getting the shoes, without giving a reason.",
    "zh": "收到鞋后14天内可无理由退货。",
}


def campaigns(now: datetime) -> Iterator[Row]:
    """For `PUT /v1/campaigns/{id}`, then `:publish`. The dates, and so the ids, depend on the day."""
    yield _campaign(
        f"snow-plum-{now:%Y%m%d}", "LS-402", range(36, 44), now, days=5,
        title={"en": "Snow Plum Boot, the winter batch", "zh": "雪梅靴冬季批次"},
        description={"en": "Dyed and quilted in one batch. Your card is charged only when the batch is certain."},
        minimum_units=12, caps={"total": 40, "per_order": 2}, show_remaining=True,
        payment={"mode": "card_saved", "charge_within_days": 14},
    )  # fmt: skip
    yield _campaign(
        f"tiger-{now:%Y%m%d}", "LS-601", range(20, 28), now, days=14,
        title={"en": "Tiger Shoes for the new year", "zh": "新年虎头鞋"},
        description={"en": "Embroidered before the new year. The first twenty pairs cost a tenth less."},
        minimum_units=30, caps={"total": 120, "per_order": 3}, tiers=[{"units": 20, "discount_basis_points": 1_000}],
        payment={"mode": "deposit", "deposit_basis_points": 2_000},
    )  # fmt: skip


def _campaign(name: str, product_id: str, sizes: range, now: datetime, *, days: int, **about: Any) -> Row:
    ends = (now + timedelta(days=days)).replace(minute=0, second=0, microsecond=0)
    return {
        "id": name,
        "products": [{"product_id": product_id, "variants": [f"{product_id}-{size}" for size in sizes]}],
        "starts_at": (now - timedelta(hours=1)).isoformat(),
        "ends_at": ends.isoformat(),
        "ship_from": str((ends + timedelta(days=30)).date()),
        "ship_until": str((ends + timedelta(days=45)).date()),
        "terms": TERMS,
        "terms_version": "2026-11",
        "cancellation": {"until": "close"},
        "seller": SELLER,
        "checklist": {"total_price_clear": True, "withdrawal_notice": WITHDRAWAL},
        **about,
    }
