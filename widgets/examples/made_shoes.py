"""Made shoes: what Long Step makes to order, by which measures, and a shopper whose feet it knows, in our API's shape.

Every shoe for grown feet is made to order with the same questions; what differs is where the answers begin. The shopper
S001 is on record with both feet and her initials; S002 has never been measured.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from widgets.examples.shoe_drawings import COLOURS
from widgets.examples.shoemaker import CURRENCY, SHOES, SHOES_BY_ID, Row, Shoe

RECORDED: Final = "S001"
MEASURED_AT: Final = datetime(2026, 9, 12, 10, 30, tzinfo=UTC)
CHINESE: Final = {
    "stitched cloth": "手纳布底", "rubber": "橡胶底", "leather": "皮底", "crepe": "绉胶底",
    "ink black": "墨黑", "indigo": "靛蓝", "vermilion": "朱红", "jade": "玉绿", "oatmeal": "燕麦",
    "plum purple": "梅紫", "grey flannel": "灰法兰绒", "rose": "玫瑰",
    "plain": "无刺绣", "peony": "牡丹", "cloud": "祥云", "plum": "梅花", "bamboo": "竹", "crane": "仙鹤",
}  # fmt: skip
SOLE_PRICES: Final = {"stitched cloth": 2_400, "rubber": 0, "leather": 1_600, "crepe": 1_000}
"""Minor units upon the base price, by sole."""
MOTIF_PRICES: Final = {"plain": 0, "cloud": 1_800, "bamboo": 1_800, "plum": 2_200, "crane": 2_800, "peony": 3_200}
FEET: Final = {"foot_length": ("24.35", "24.50"), "ball_girth": ("23.10", "23.40")}
"""Left and right in centimetres."""


def measurement_sets() -> tuple[str, ...]:
    """For `POST /v1/measurement-definitions:standard`."""
    return ("foot",)


def is_made(product_id: str) -> bool:
    """Whether a shoe is made to order. Children's are not: they would have outgrown it."""
    return product_id in SHOES_BY_ID and SHOES_BY_ID[product_id].style != "child"


def option_documents() -> Iterator[Row]:
    """A document a shoe, for `PUT /v1/option-documents/{id}` and then `:publish`."""
    return (_document(shoe) for shoe in SHOES if is_made(shoe.id))


def consents() -> Iterator[tuple[str, Row]]:
    """Shopper id and decision: the recorded shopper agreed that her measurements are kept."""
    said = {"purpose": "measurements", "granted": True, "source": "in the shop", "text_version": "fitting-card-3"}
    yield RECORDED, {**said, "at": _moment()}


def measurement_profiles() -> Iterator[Row]:
    """Both feet of the recorded shopper, measured in the shop; for `PUT /v1/measurement-profiles/{id}`."""
    values = [
        {"key": key, "side": side, "value": value, "unit": "cm"}
        for key, sides in FEET.items()
        for side, value in zip(("left", "right"), sides, strict=True)
    ]
    about = {"kind": "foot", "basis": "body", "source": "staff", "measured_by": "Master Shen"}
    yield {"id": f"{RECORDED}-feet", "shopper_id": RECORDED, **about, "measured_at": _moment(), "values": values}


def wishes() -> Iterator[tuple[str, Row]]:
    """Shopper id and what to put in unasked; for `PUT /v1/wishes/{shopper}`."""
    yield RECORDED, {"preferences": {"initials": "AL"}, "special_needs": []}


def work_calendar() -> Row:
    """For `PUT /v1/work-calendar`: five days a week in the workshop's own time zone."""
    return {"time_zone": "America/New_York", "country": "US", "cut_off": "15:00", "confirm_by": "08:00"}


def _document(shoe: Shoe) -> Row:
    embroidered = [motif for motif in MOTIF_PRICES if motif != "plain"]
    return {
        "id": f"made-{shoe.id}",
        "products": [shoe.id],
        "currency": CURRENCY,
        "base_lead_days": 8,
        "options": [
            _choice("sole", "Sole", "鞋底", _beside(SOLE_PRICES, shoe.sole), shoe.sole),
            _width(),
            _choice("colour", "Colour", "颜色", dict.fromkeys(COLOURS, 0), shoe.colour),
            _choice("embroidery", "Embroidery", "刺绣", _beside(MOTIF_PRICES, shoe.motif), shoe.motif, lead_days=3),
            _thread(),
            _initials(),
            _measure("foot_length", "Foot length", "脚长", 2_000, 3_100),
            _measure("ball_girth", "Ball girth", "跖围", 1_700, 3_000),
        ],
        "rules": [
            {
                "id": "thread-with-embroidery",
                "kind": "show",
                "when": {"option": "embroidery", "is": embroidered},
                "then": {"option": "thread"},
            },
            {
                "id": "no-extra-wide-leather",
                "kind": "exclude",
                "when": {"option": "sole", "is": ["leather"]},
                "then": {"option": "width", "is": ["extra-wide"]},
                "message": {
                    "en": "A leather sole is cut no wider than wide.",
                    "zh": "皮底最宽只做到加宽。",
                },
            },
        ],
    }


def _choice(
    name: str, label: str, chinese: str, prices: dict[str, int], default: str, *, lead_days: int = 0
) -> dict[str, Any]:
    """One of several; a value that costs the same as the shown shoe's has no price, and adds no days."""
    return {
        "kind": "choice",
        "id": name,
        "label": {"en": label, "zh": chinese},
        "required": True,
        "default": _id(default),
        "values": [
            {
                "id": _id(value),
                "label": {"en": value.capitalize(), "zh": CHINESE[value]},
                **({"price": _fixed(price)} if price else {}),
                **({"lead_days": lead_days} if lead_days and value not in (default, "plain") else {}),
            }
            for value, price in prices.items()
        ],
    }


def _width() -> Row:
    widths = (
        ("regular", "Regular", "标准", 0),
        ("wide", "Wide", "加宽", 800),
        ("extra-wide", "Extra wide", "特宽", 1_200),
    )
    values = [
        {"id": name, "label": {"en": label, "zh": chinese}, **({"price": _fixed(price)} if price else {})}
        for name, label, chinese, price in widths
    ]
    label = {"en": "Width", "zh": "宽度"}
    return {"kind": "choice", "id": "width", "label": label, "required": True, "default": "regular", "values": values}


def _thread() -> Row:
    values = [
        {"id": "silk", "label": {"en": "Silk", "zh": "丝线"}},
        {"id": "gold", "label": {"en": "Gold thread", "zh": "金线"}, "price": _fixed(1_400), "lead_days": 1},
    ]
    label = {"en": "Thread", "zh": "绣线"}
    return {"kind": "choice", "id": "thread", "label": label, "required": True, "default": "silk", "values": values}


def _initials() -> Row:
    return {
        "kind": "text",
        "id": "initials",
        "label": {"en": "Initials inside the heel", "zh": "后跟内侧姓名缩写"},
        "max_length": 3,
        "characters": ["letters"],
        "personal": "initials",
        "price": {"kind": "per_unit", "amount_minor": 300},
        "lead_days": 1,
    }


def _measure(key: str, label: str, chinese: str, least: int, most: int) -> Row:
    """`least` and `most` that the workshop has lasts for, in tenths of a millimetre."""
    sides = {"kind": "measurement", "id": key, "key": key, "sided": "each", "min": least, "max": most}
    return {**sides, "label": {"en": label, "zh": chinese}, "required": True}


def _beside(prices: Mapping[str, int], shown: str) -> dict[str, int]:
    """What each costs more than the one that the shoe is shown with."""
    return {name: price - prices[shown] for name, price in prices.items()}


def _fixed(amount_minor: int) -> Row:
    return {"kind": "fixed", "amount_minor": amount_minor}


def _id(value: str) -> str:
    return value.replace(" ", "-")


def _moment() -> str:
    return MEASURED_AT.strftime("%Y-%m-%dT%H:%M:%SZ")
