"""Production sheets, written: a page to print on A4, and a table for a spreadsheet."""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tenants.export import make_csv
from tenants.production_sheets import Sheet

HERE: Final = Path(__file__).parent
STYLE: Final = (HERE / "production_sheet.css").read_text(encoding="utf-8")
SHEET_POLICY: Final = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
    f" style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'"
)
"""Nothing but its own style: what a shopper wrote stays text."""
WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "sheet": "Production sheet", "order": "Order", "ordered": "Ordered", "confirm": "Confirm by",
        "ready": "Ready on", "status": "Status", "shopper": "Shopper", "for": "For", "options": "As chosen",
        "measures": "Measures in mm", "left": "Left", "right": "Right", "none": "", "needs": "Special needs",
        "masked": "Measures are not shown: the shopper no longer agrees that they are kept.",
        "exempt": "Made to this shopper's measures or wishes; no right of withdrawal, as was said before ordering.",
        "cut": "Started", "made": "Finished", "checked": "Checked", "pieces": "pcs", "region": "Region",
        "staff": "by staff", "self": "by the shopper", "scan": "by scan", "import": "imported",
        "order_source": "from an order",
        "placed": "placed", "paid": "paid", "shipped": "shipped", "completed": "completed", "cancelled": "CANCELLED",
        "returned": "returned", "of": "of", "no_measures": "No measures: made by the choices alone.", "notes": "Notes",
    },
    "zh": {
        "sheet": "生产单", "order": "订单", "ordered": "下单时间", "confirm": "确认截止", "ready": "完工日期",
        "status": "状态", "shopper": "顾客", "for": "穿着者", "options": "定制选项", "measures": "尺寸（毫米）",
        "left": "左", "right": "右", "none": "", "needs": "特殊要求", "masked": "顾客已不同意保留尺寸，故不显示。",
        "exempt": "按顾客尺寸或要求定制，不适用无理由退货，下单前已告知。", "cut": "开始", "made": "完成",
        "checked": "检验", "pieces": "件", "region": "地区", "staff": "店员测量", "self": "顾客自测", "scan": "扫描",
        "import": "导入", "order_source": "取自订单", "placed": "已下单", "paid": "已付款", "shipped": "已发货",
        "completed": "已完成", "cancelled": "已取消", "returned": "已退货", "of": "/",
        "no_measures": "无需尺寸，按所选定制。", "notes": "备注",
    },
}  # fmt: skip


def make_sheet_html(sheet: Sheet) -> str:
    """For a browser's print dialogue: a page of A4 a line."""
    words = WORDS["zh" if sheet.locale.lower().partition("-")[0] == "zh" else "en"]
    return _environment.get_template("production_sheet.html").render(sheet=sheet, words=words, style=STYLE)


def make_sheet_csv(sheet: Sheet) -> str:
    """A row for each option, for each side of a measure and for each special need; with the mark by which spreadsheets
    know UTF-8."""
    return "\ufeff" + make_csv(list(_rows(sheet)))


def _rows(sheet: Sheet) -> Iterator[dict[str, object]]:
    for line in sheet.lines:
        made = line.made
        common = {
            "order": sheet.order_id,
            "line": made.line_id,
            "product": made.product_id,
            "title": line.title,
            "quantity": made.quantity,
            "person": line.person,
            "configuration": made.configuration_id,
            "confirm_by": made.promise.confirm_by.isoformat(),
            "ready_on": made.promise.ready_on.isoformat(),
        }
        for option in line.options:
            yield common | _cells("option", option.option, option.label, value=option.value)
        for measure in line.measures:
            for side, value in measure.millimetres.items():
                yield common | _cells("measure", measure.key, measure.label, side=side, value=value, unit="mm")
        for number, need in enumerate(line.special_needs, start=1):
            yield common | _cells("special need", str(number), "", value=need)


def _cells(kind: str, name: str, label: str, *, side: str = "", value: str, unit: str = "") -> dict[str, object]:
    return {"kind": kind, "name": name, "label": label, "side": side, "value": value, "unit": unit}


_environment = Environment(
    loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
