"""Quote settings: for how long a quote holds, and what a shopper is told of the right of withdrawal before ordering."""

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta, Struct

from infra.database import Connection
from tenants.attributes import Locale
from tenants.audit import record_audit

VALID_DAYS = 14
NOTICE: Mapping[str, str] = {
    "en": "This is made to your own measurements or wishes. The right of withdrawal does not apply: it cannot be given"
    " back for a mere change of mind. Your rights in case of defects are not affected.",
    "de": "Dieser Artikel wird nach Ihren Maßen oder Wünschen angefertigt. Ein Widerrufsrecht besteht daher nicht. Ihre"
    " Rechte bei Mängeln bleiben unberührt.",
    "fr": "Cet article est fabriqué selon vos mesures ou vos souhaits. Le droit de rétractation ne s'applique donc pas."
    " Vos droits en cas de défaut restent inchangés.",
    "zh": "本商品按您的尺寸或个人要求定制，不适用七日无理由退货。商品存在质量问题时，您的权利不受影响。",
}
"""After article 16(c) of Directive 2011/83/EU and article 25 of China's consumer law; a shop may put in its own."""


class QuoteSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How quotes are made."""

    valid_days: Annotated[int, Meta(ge=1, le=365, description="For how long a quote's price holds.")] = VALID_DAYS


class WithdrawalNotice(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is shown before somebody orders what is made for them alone."""

    texts: Annotated[
        dict[Locale, Annotated[str, Meta(min_length=1, max_length=5000)]],
        Meta(max_length=100, description="By locale. Empty: the words that we ship."),
    ] = {}


async def read_quote_settings(conn: Connection) -> QuoteSettings:
    days = await conn.fetchval("select valid_days from quote_settings")
    return QuoteSettings() if days is None else QuoteSettings(valid_days=days)


async def store_quote_settings(conn: Connection, settings: QuoteSettings, *, actor: str) -> None:
    """For quotes from now on; audited."""
    await conn.execute(_STORE_DAYS, settings.valid_days)
    await record_audit(
        conn, actor=actor, action="store quote settings", subject=f"valid for {settings.valid_days} days"
    )


async def read_notice(conn: Connection) -> WithdrawalNotice:
    """By locale: the shop's words, or those that we ship."""
    own: dict[str, str] | None = await conn.fetchval("select notices from quote_settings")
    return WithdrawalNotice(texts=own or dict(NOTICE))


async def store_notice(conn: Connection, notice: WithdrawalNotice, *, actor: str) -> None:
    """For quotes from now on; audited. What was shown with a line stays with it."""
    await conn.execute(_STORE_NOTICES, notice.texts)
    subject = ", ".join(sorted(notice.texts)) or "as shipped"
    await record_audit(conn, actor=actor, action="store withdrawal notice", subject=subject)


_STORE_DAYS = """
insert into quote_settings (valid_days)
values ($1)
on conflict (tenant_id) do update set valid_days = excluded.valid_days
"""

_STORE_NOTICES = """
insert into quote_settings (notices)
values ($1)
on conflict (tenant_id) do update set notices = excluded.notices
"""
