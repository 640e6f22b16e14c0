"""Personal data: every table that holds something about a shopper, with how it is exported and how it is erased.

Export, erase and the schema test read this one list; a table with a `shopper_id` that is not in it fails the build.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from infra.database import Connection, Row

INTERNAL = frozenset({"tenant_id", "shopper_id", "digest", "changed_in", "sha256"})
"""Columns that say nothing to a person."""


@dataclass(frozen=True, slots=True)
class PersonalTable:
    """A table, which rows in it are a person's ($1: all shopper ids merged into one), and what becomes of them."""

    name: str
    erase: Literal["delete", "anonymise", "keep"]
    anonymised: str = ""
    """What an update sets, so that nobody can be told from the row."""
    where: str = "shopper_id = any($1::uuid[])"


_OF_PROFILE = "profile_id in (select profile_id from measurement_profiles where shopper_id = any($1::uuid[]))"

_OF_ORDER = "order_id in (select order_id from orders where orders.shopper_id = any($1::uuid[]))"
_OWN = """
(
    preorders.shopper_id = any($1::uuid[])
    or guest_email in (select email from shoppers where shoppers.shopper_id = any($1::uuid[]) and email_verified)
)
"""
"""Preorders of a shopper, with those that they made as a guest."""

# Children before parents; shoppers last, for every other table's rows are found through them.
PERSONAL_TABLES = (
    PersonalTable("order_lines", "keep", where=_OF_ORDER),
    PersonalTable("made_lines", "delete", where=_OF_ORDER),
    # The digest was made over the shopper's id; attributes may say anything, such as what to write on a present.
    PersonalTable("orders", "anonymise", "shopper_id = null, digest = '', attributes = null"),
    PersonalTable("events", "delete"),
    PersonalTable("consents", "delete"),
    PersonalTable("contact_preferences", "delete"),
    PersonalTable("special_requests", "delete"),
    PersonalTable("quotes", "delete"),
    PersonalTable("measurement_values", "delete", where=_OF_PROFILE),
    PersonalTable("measurement_versions", "delete", where=_OF_PROFILE),
    PersonalTable("measurement_profiles", "delete"),
    PersonalTable("wishes", "delete"),
    PersonalTable("people", "delete"),
    # What was said of the product stays, and no order that leads back to who said it.
    PersonalTable("fit_feedback", "anonymise", "shopper_id = null, order_id = null, digest = ''"),
    PersonalTable("collection_shoppers", "delete"),
    PersonalTable("shopper_identifiers", "delete"),
    PersonalTable("campaign_interest", "delete"),
    PersonalTable("replenishment_choices", "delete"),
    PersonalTable("preorder_links", "delete", where=f"preorder_id in (select preorder_id from preorders where {_OWN})"),
    # That it was said stays, and no longer to whom.
    PersonalTable(
        "notices",
        "anonymise",
        "recipient = null",
        where=f"preorder_id in (select preorder_id from preorders where {_OWN})",
    ),
    # What was paid and given back must be accounted for; Stripe's ids stand for the card and its owner.
    *(
        PersonalTable(name, "keep", where=f"preorder_id in (select preorder_id from preorders where {_OWN})")
        for name in ("preorder_payments", "refunds", "disputes", "charges", "preorder_delays")
    ),
    # What was made, paid and owed stays, without a name.
    PersonalTable("preorders", "anonymise", "shopper_id = null, guest_email = null", where=_OWN),
    # With its moves.
    PersonalTable("shopper_merges", "delete", where="kept_id = any($1::uuid[]) or absorbed_id = any($1::uuid[])"),
    # Its row goes when its file is gone: `jobs.finish_erasure`.
    PersonalTable("exports", "anonymise", "shopper_id = null"),
    PersonalTable("shoppers", "delete"),
)


async def read_rows(conn: Connection, table: PersonalTable, shopper_ids: Sequence[UUID]) -> list[dict[str, object]]:
    """What we hold about the person there, without internal columns."""
    rows = await conn.fetch(f"select * from {table.name} where {table.where}", shopper_ids)
    return [_readable(row) for row in rows]


async def erase_rows(conn: Connection, table: PersonalTable, shopper_ids: Sequence[UUID]) -> int:
    """Delete or anonymise the person's rows; returns how many."""
    if table.erase == "keep":
        return 0
    act = f"delete from {table.name}" if table.erase == "delete" else f"update {table.name} set {table.anonymised}"
    done: int = await conn.fetchval(
        f"with done as ({act} where {table.where} returning true) select count(*) from done", shopper_ids
    )
    return done


def _readable(row: Row) -> dict[str, object]:
    return {name: value for name, value in row.items() if name not in INTERNAL}
