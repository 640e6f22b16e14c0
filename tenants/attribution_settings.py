"""Attribution settings: for how long what a shopper did with a shown product explains that they buy it."""

from typing import Annotated

from msgspec import Meta, Struct

from infra.database import Connection
from tenants.audit import record_audit


class AttributionSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Days before a purchase. They hold for what was bought before too: reports are made of the record as it stands."""

    click_days: Annotated[int, Meta(ge=1, le=30, description="For a click, or for an add to the cart.")] = 7
    view_days: Annotated[int, Meta(ge=0, le=30, description="For a product that was only seen. 0: never.")] = 1


async def read_attribution_settings(conn: Connection) -> AttributionSettings:
    """As the merchant set them, or the defaults."""
    row = await conn.fetchrow("select click_days, view_days from attribution_settings")
    return AttributionSettings() if row is None else AttributionSettings(**row)


async def put_attribution_settings(conn: Connection, settings: AttributionSettings, *, actor: str) -> None:
    """Replace them; audited."""
    await conn.execute(_PUT, settings.click_days, settings.view_days)
    subject = f"click {settings.click_days} days, view {settings.view_days} days"
    await record_audit(conn, actor=actor, action="store attribution settings", subject=subject)


_PUT = """
insert into attribution_settings (click_days, view_days)
values ($1, $2)
on conflict (tenant_id) do update set (click_days, view_days) = row (excluded.click_days, excluded.view_days)
"""
