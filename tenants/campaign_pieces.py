"""Campaign pieces: what is made to order of a campaign, preorder by preorder, as it was frozen, for whoever makes it.

Who it is for stands in a piece for the merchant; what is written for a supplier leaves it out (`api.campaign_sheets`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from infra.database import Connection, Row
from tenants.made_preorders import MadePreorder, list_made_rows, make_preorder, may_reveal
from tenants.option_answers import SummaryLine
from tenants.option_documents import get_version
from tenants.option_plan import Plan
from tenants.preorder_states import LIVE
from tenants.production_sheets import SheetMeasure, tell_measures, tell_options


@dataclass(frozen=True, slots=True)
class Piece:
    """So many of one thing, by one shopper's choices and measures."""

    made: MadePreorder
    options: Sequence[SummaryLine]
    """In the maker's words."""
    measures: Sequence[SheetMeasure]
    """Without values where they may no longer be shown."""


async def list_pieces(conn: Connection, campaign_id: str, *, locale: str) -> Sequence[Piece]:
    """Of live preorders, the oldest first; empty also for a campaign that there is not.

    An erased shopper's are not there: only their units are, on the demand board.
    """
    rows = await list_made_rows(conn, campaign_id, LIVE)
    labels = await conn.fetchval(_LABELS)
    versions = {(row["document_id"], row["version"]) for row in rows}
    plans = {version: (await get_version(conn, *version)).plan for version in sorted(versions)}
    return [_piece(row, plans[row["document_id"], row["version"]], labels, locale) for row in rows]


def _piece(row: Row, plan: Plan, labels: Mapping[str, Mapping[str, str]], locale: str) -> Piece:
    made = make_preorder(row, reveal=may_reveal(row))
    return Piece(made, list(tell_options(made, plan, locale)), tell_measures(made.measurements, labels, locale))


_LABELS = "select coalesce(jsonb_object_agg(document_id, document -> 'label'), '{}') from measurement_definitions"
