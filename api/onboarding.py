"""Onboarding: a new merchant with an owner, and the three keys that a shop needs."""

from dataclasses import dataclass
from uuid import UUID

from api.tooling import open_tools
from infra.settings import Settings
from tenants.accounts import open_tenant, upsert_account
from tenants.audit import record_audit
from tenants.keys import NewKey, open_key
from tenants.members import upsert_member


@dataclass(frozen=True, slots=True)
class NewShop:
    """A merchant at its making: the only time that the keys are seen."""

    tenant_id: UUID
    publishable: NewKey
    secret: NewKey
    signing: NewKey

    def secrets(self) -> dict[str, str]:
        return {
            "publishable key": self.publishable.secret,
            "secret key": self.secret.secret,
            "signing key": self.signing.secret,
            "signing key id": str(self.signing.key_id),
        }


async def open_shop(settings: Settings, *, slug: str, name: str, currency: str, owner_email: str) -> NewShop:
    """Register the merchant. Raises SlugTaken."""
    async with open_tools(settings) as (db, _):
        async with db.system() as conn:
            tenant = await open_tenant(conn, slug=slug, name=name, currency=currency)
            account = await upsert_account(conn, email=owner_email)
        async with db.tenant(tenant.tenant_id) as conn:
            await upsert_member(conn, account.account_id, "owner")
            await record_audit(conn, actor="operator", action="open tenant", subject=slug)
            return NewShop(
                tenant.tenant_id,
                publishable=await open_key(conn, "publishable", name="pages"),
                secret=await open_key(conn, "secret", name="server"),
                signing=await open_key(conn, "signing", name="shopper tokens"),
            )
