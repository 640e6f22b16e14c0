"""Payment accounts: the account at Stripe to which a merchant's shoppers pay, and whose account it is."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from infra.database import Connection
from infra.errors import Conflict
from tenants.charge_schedule import RetryPolicy
from tenants.stripe_facts import Fact


class NoPaymentAccount(Conflict):
    """The shop cannot take money yet."""

    code = "no_payment_account"
    hint = "POST /v1/payment-account:connect opens an account at Stripe and answers where to fill it in."


class OtherMode(Conflict):
    """Stripe's test mode and its live mode know nothing of each other."""

    code = "other_stripe_mode"
    hint = "Complete or cancel the campaigns that they belong to, then connect again."


@dataclass(frozen=True, slots=True)
class PaymentAccount:
    """A merchant's account. `fee_basis_points` is our share of what is taken."""

    account_id: str
    livemode: bool
    charges_enabled: bool
    details_submitted: bool
    fee_basis_points: int

    def fee_of(self, amount_minor: int) -> int:
        """Rounded down, in the merchant's favour."""
        return amount_minor * self.fee_basis_points // 10_000


async def find_payment_account(conn: Connection) -> PaymentAccount | None:
    row = await conn.fetchrow(f"select {_ACCOUNT} from payment_accounts")
    return None if row is None else PaymentAccount(**row)


async def get_payment_account(conn: Connection) -> PaymentAccount:
    """Raises NoPaymentAccount when there is none, or when Stripe does not let it charge yet."""
    account = await find_payment_account(conn)
    if account is None:
        raise NoPaymentAccount("This shop has no account at Stripe.")
    if not account.charges_enabled:
        raise NoPaymentAccount("Stripe does not let this shop's account take money yet.")
    return account


async def leave_other_mode(conn: Connection, *, livemode: bool) -> PaymentAccount | None:
    """The account; None when there is none, or when it was one for tests and money is to be real now (or the other way
    round) and nothing is open on it. Raises OtherMode when something is."""
    account = await find_payment_account(conn)
    if account is None or account.livemode == livemode:
        return account
    if await conn.fetchval(_OPEN_BUSINESS):
        raise OtherMode(
            "There are preorders whose cards or payments are at Stripe in its "
            f"{'live' if account.livemode else 'test'} mode."
        )
    await conn.execute("delete from payment_accounts")
    return None


async def open_payment_account(
    conn: Connection, account_id: str, *, livemode: bool, fee_basis_points: int, now: datetime
) -> PaymentAccount:
    """Note the account that Stripe made for this tenant; the first one stays when there is one already."""
    await conn.execute(_OPEN, account_id, livemode, fee_basis_points, now)
    await conn.execute(
        "insert into stripe_accounts (account_id) select account_id from payment_accounts on conflict do nothing"
    )
    account = await find_payment_account(conn)
    assert account is not None
    return account


async def tell_account(conn: Connection, fact: Fact, *, told_at: datetime) -> bool:
    """Take over what Stripe lets the account do, unless something newer was told; returns whether it was news."""
    return (await conn.fetchval(_TELL, fact.id, fact.charges_enabled, fact.details_submitted, told_at)) is not None


async def put_retry_policy(conn: Connection, policy: RetryPolicy) -> None:
    """How long a card that does not pay is tried from now on, also where it has failed already."""
    await conn.execute(_PUT_RETRIES, policy.every_hours, policy.for_days)


async def read_retry_policy(conn: Connection) -> RetryPolicy:
    """What the merchant said, or ours."""
    row = await conn.fetchrow("select every_hours, for_days from payment_retries")
    return RetryPolicy() if row is None else RetryPolicy(**row)


async def find_account_tenant(conn: Connection, account_id: str) -> UUID | None:
    """On a `db.system` connection: a webhook names the account only."""
    tenant_id: UUID | None = await conn.fetchval(
        "select tenant_id from stripe_accounts where account_id = $1", account_id
    )
    return tenant_id


_ACCOUNT = "account_id, livemode, charges_enabled, details_submitted, fee_basis_points"

_PUT_RETRIES = """
insert into payment_retries (every_hours, for_days) values ($1, $2)
on conflict (tenant_id) do update
set every_hours = excluded.every_hours, for_days = excluded.for_days
"""

_OPEN = """
insert into payment_accounts (account_id, livemode, fee_basis_points, created_at)
values ($1, $2, $3, $4)
on conflict (tenant_id) do nothing
"""

_OPEN_BUSINESS = """
select exists (
    select
    from preorders
    where fulfilment in ('reserved', 'joined', 'confirmed', 'in_production')
        and payment in ('pending', 'card_saved', 'deposit_paid', 'charging', 'action_required', 'failed')
        or payment = 'refund_pending'
)
"""

_TELL = """
update payment_accounts
set charges_enabled = $2, details_submitted = $3, told_at = $4
where account_id = $1 and (told_at is null or told_at <= $4)
returning true
"""
