"""Campaign sheets, written: how many of each variant are to be made, and what is made to order piece by piece.

The maker needs no names, addresses or prices, so none come in here; for the merchant pieces say whose they are.
"""

import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

import xlsxwriter

from tenants.campaign_demand import DemandCell, MadeKey
from tenants.campaign_pieces import Piece
from tenants.campaigns import StoredCampaign
from tenants.export import make_csv
from tenants.made_preorders import MadePreorder

COLUMNS: Final[Mapping[str, int]] = {
    "campaign": 18, "product": 18, "title": 32, "variant": 18, "variant_title": 24, "size": 10, "options": 32,
    "status": 14, "ship_from": 12, "ship_until": 12, "units": 10,
}  # fmt: skip
"""Each with its width in characters."""
PIECE_COLUMNS: Final = (
    "campaign", "piece", "shopper", "person", "product", "title", "quantity", "status", "configuration", "ship_from",
    "ship_until", "kind", "name", "label", "side", "value", "unit",
)  # fmt: skip
WHOSE: Final = ("shopper", "person")
"""Columns that no supplier needs. A piece is named by its preorder, whose id says nothing."""
NOT_TO_BE_MADE: Final = "unpaid"
"""The status of units that stay behind when production begins: their money could not be had."""
SHEET_TYPES: Final = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

Row = Mapping[str, str | int]


def make_campaign_csv(campaign: StoredCampaign, cells: Sequence[DemandCell]) -> str:
    """A row for each variant, or choice of options, and status; with the mark by which spreadsheets know UTF-8."""
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


def make_pieces_csv(campaign: StoredCampaign, pieces: Sequence[Piece], *, shoppers: bool) -> str:
    """A row for each option, and for each side of a measure, of each piece. `shoppers`: with whose it is."""
    columns = [name for name in PIECE_COLUMNS if shoppers or name not in WHOSE]
    rows = [{name: row[name] for name in columns} for piece in pieces for row in _piece_rows(campaign, piece)]
    return "\ufeff" + make_csv(rows, columns=columns)


def _piece_rows(campaign: StoredCampaign, piece: Piece) -> Iterator[Row]:
    made = piece.made
    common: Row = {
        "campaign": campaign.id,
        "piece": str(made.preorder_id),
        "shopper": made.shopper_id or "",
        "person": made.person_id or "",
        "product": made.product_id,
        "title": made.product_title,
        "quantity": made.quantity,
        "status": _status(made),
        "configuration": made.configuration_id,
        "ship_from": "" if campaign.ship_from is None else campaign.ship_from.isoformat(),
        "ship_until": "" if campaign.ship_until is None else campaign.ship_until.isoformat(),
    }
    for option in piece.options:
        yield {**common, **_cells("option", option.option, option.label, value=option.value)}
    for measure in piece.measures:
        for side, value in measure.millimetres.items():
            yield {**common, **_cells("measure", measure.key, measure.label, side=side, value=value, unit="mm")}


def _cells(kind: str, name: str, label: str, *, side: str = "", value: str, unit: str = "") -> Row:
    return {"kind": kind, "name": name, "label": label, "side": side, "value": value, "unit": unit}


def _rows(campaign: StoredCampaign, cells: Sequence[DemandCell]) -> Sequence[Row]:
    """Units of all live preorders: their sum is the demand board's."""
    units, told = Counter[tuple[MadeKey, str]](), dict[tuple[MadeKey, str], DemandCell]()
    for cell in cells:
        key = cell.key, _status(cell)
        units[key] += cell.units
        told[key] = cell
    return [_row(campaign, told[key], key[1], units[key]) for key in units]


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


def _status(one: DemandCell | MadePreorder) -> str:
    dropped = one.payment == "dropped" and one.fulfilment in ("joined", "confirmed")
    return NOT_TO_BE_MADE if dropped else one.fulfilment
