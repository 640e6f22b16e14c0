"""Campaign sheets, written: how many of each variant are to be made, as CSV and for a spreadsheet.

The maker needs no names, addresses or prices, so none come in here.
"""

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import xlsxwriter

from tenants.campaign_demand import DemandCell
from tenants.campaigns import StoredCampaign
from tenants.export import make_csv

COLUMNS: Final[Mapping[str, int]] = {
    "campaign": 18, "product": 18, "title": 32, "variant": 18, "variant_title": 24, "size": 10, "options": 32,
    "status": 14, "ship_from": 12, "ship_until": 12, "units": 10,
}  # fmt: skip
"""Each with its width in characters."""
NOT_TO_BE_MADE: Final = "unpaid"
"""The status of units that stay behind when production begins: their money could not be had."""
SHEET_TYPES: Final = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

Row = Mapping[str, str | int]


def make_campaign_csv(campaign: StoredCampaign, cells: Sequence[DemandCell]) -> str:
    """A row for each variant and status; with the mark by which spreadsheets know UTF-8."""
    return "\ufeff" + make_csv(_rows(campaign, cells), columns=list(COLUMNS))


def make_campaign_xlsx(campaign: StoredCampaign, cells: Sequence[DemandCell], *, now: datetime) -> bytes:
    """The same as a workbook of one sheet. Texts are texts there, whatever they start with."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.set_properties({"title": "Production", "created": now})
    sheet = book.add_worksheet("Production")
    bold = book.add_format({"bold": True})
    for place, (name, width) in enumerate(COLUMNS.items()):
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, name, bold)
    for number, row in enumerate(_rows(campaign, cells), start=1):
        for place, value in enumerate(row.values()):
            if isinstance(value, int):
                sheet.write_number(number, place, value)
            else:
                sheet.write_string(number, place, value)
    sheet.freeze_panes(1, 0)
    book.close()
    return buffer.getvalue()


def _rows(campaign: StoredCampaign, cells: Sequence[DemandCell]) -> Sequence[Row]:
    """Units of all live preorders: their sum is the demand board's."""
    units, told = Counter[tuple[str, str | None, str]](), dict[tuple[str, str | None, str], DemandCell]()
    for cell in cells:
        key = cell.product_id, cell.variant_id, _status(cell)
        units[key] += cell.units
        told[key] = cell
    return [_row(campaign, told[key], key[2], units[key]) for key in units]


def _row(campaign: StoredCampaign, cell: DemandCell, status: str, units: int) -> Row:
    values: tuple[str | int, ...] = (
        campaign.id,
        cell.product_id,
        cell.title,
        cell.variant_id or "",
        cell.variant_title,
        cell.size or "",
        "; ".join(f"{name}: {value}" for name, value in cell.options.items()),
        status,
        "" if campaign.ship_from is None else campaign.ship_from.isoformat(),
        "" if campaign.ship_until is None else campaign.ship_until.isoformat(),
        units,
    )
    return dict(zip(COLUMNS, values, strict=True))


def _status(cell: DemandCell) -> str:
    dropped = cell.payment == "dropped" and cell.fulfilment in ("joined", "confirmed")
    return NOT_TO_BE_MADE if dropped else cell.fulfilment
