"""Verticals: what kind of shop a tenant is, and whether it lends its statistics to others of its kind."""

from typing import Annotated

from msgspec import Meta, Struct

from infra.database import Connection
from tenants.audit import record_audit


class VerticalSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A shop of a vertical starts with what is usual there; it lends its own figures only if it says so."""

    vertical: Annotated[
        str, Meta(max_length=60, description="A short word for what you sell: shoes, grocery … Empty for none.")
    ] = ""
    shares_statistics: Annotated[
        bool,
        Meta(
            description="true: each day, which share of your purchases falls on which product type is averaged with at"
            " least two other shops of the vertical that agreed too. Nothing else leaves your shop. false takes your"
            " part out within a day."
        ),
    ] = False


def normalised(name: str) -> str:
    """The same for spellings that differ in case and space only."""
    return " ".join(name.casefold().split())


async def read_vertical(conn: Connection) -> VerticalSettings:
    row = await conn.fetchrow("select vertical, shares_statistics from vertical_settings")
    return VerticalSettings(**row) if row else VerticalSettings()


async def store_vertical(conn: Connection, settings: VerticalSettings, *, actor: str) -> None:
    """Replace both, the vertical normalised; audited. Without a vertical there is nothing to share with."""
    vertical = normalised(settings.vertical)
    stored = VerticalSettings(vertical=vertical, shares_statistics=settings.shares_statistics and bool(vertical))
    await conn.execute("delete from vertical_settings")
    if vertical:
        await conn.execute(
            "insert into vertical_settings (vertical, shares_statistics) values ($1, $2)",
            vertical,
            stored.shares_statistics,
        )
    subject = f"{vertical or 'none'}, shares statistics: {stored.shares_statistics}"
    await record_audit(conn, actor=actor, action="store vertical", subject=subject)
