"""Measurement settings: which of two measures a shop believes, and when one has grown old."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from infra.database import Connection
from tenants.audit import record_audit

Precedence = Literal["staff_first", "newest"]


class MeasurementSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What holds for all measurements of a shop."""

    precedence: Annotated[
        Precedence,
        Meta(
            description="Where several are known of one key and side. staff_first: staff, then scan, order, self,"
            " import, and of the same kind the newest. newest: whichever was measured last."
        ),
    ] = "staff_first"
    stale_after_days: Annotated[
        int, Meta(ge=1, le=36_500, description="A measure is old after these many days, unless its key says otherwise.")
    ] = 365


async def read_measurement_settings(conn: Connection) -> MeasurementSettings:
    """What was set, or what holds without it."""
    row = await conn.fetchrow("select precedence, stale_after_days from measurement_settings")
    return MeasurementSettings() if row is None else MeasurementSettings(**row)


async def store_measurement_settings(conn: Connection, settings: MeasurementSettings, *, actor: str) -> None:
    """From now on, for what is stored too; audited."""
    await conn.execute(_STORE, settings.precedence, settings.stale_after_days)
    subject = f"precedence: {settings.precedence}, stale after {settings.stale_after_days} days"
    await record_audit(conn, actor=actor, action="store measurement settings", subject=subject)


_STORE = """
insert into measurement_settings (precedence, stale_after_days)
values ($1, $2)
on conflict (tenant_id) do update
set precedence = excluded.precedence, stale_after_days = excluded.stale_after_days
"""
