"""The worker's side of notices: one tenant's round writes what the clock brings, ends delays, and sends mail."""

from uuid import UUID

import structlog

from api.notice_letters import Written, write_letter
from api.tooling import for_each_tenant, open_tools
from infra.clock import Clock, system_clock
from infra.database import Connection, Database
from infra.errors import Refusal
from infra.jobs import defer
from infra.mail import Mail, MailDown, MailRefused, Send, open_mail
from infra.settings import Settings
from tenants.accounts import Tenant
from tenants.delays import OpenDelay, end_delay, has_delay_over, list_delays_over
from tenants.notice_sending import (
    Letter,
    has_waiting_notices,
    list_waiting_notices,
    note_not_sent,
    note_sent,
    take_up_notice,
)
from tenants.preorder_links import link_url
from tenants.upcoming_charges import announce_charges, has_charges_to_announce

SEND_NOTICES = "send_notices"

log = structlog.get_logger()


async def start_notice_rounds(settings: Settings) -> None:
    """Queue a round for each tenant that has something to tell."""

    async def queue(conn: Connection, tenant: Tenant) -> None:
        now = system_clock()
        if (
            await has_waiting_notices(conn, now=now)
            or await has_delay_over(conn, now=now)
            or await has_charges_to_announce(conn, now=now)
        ):
            lock = f"notices:{tenant.tenant_id}"
            await defer(conn, SEND_NOTICES, {"tenant_id": str(tenant.tenant_id)}, queueing_lock=lock, lock=lock)

    await for_each_tenant(settings, queue)


async def send_notices(settings: Settings, tenant_id: UUID) -> None:
    """The job."""
    async with open_tools(settings) as (db, _):
        round_ = NoticeRound(db, open_mail(settings), settings.public_url, tenant_id, system_clock)
        sent = await round_.run()
    if sent:
        log.info("sent_notices", tenant_id=str(tenant_id), notices=sent)


class NoticeRound:
    """One tenant's round. Each notice is taken up, sent and noted on its own; no transaction is open meanwhile."""

    def __init__(self, db: Database, send: Send, public_url: str, tenant_id: UUID, clock: Clock) -> None:
        self._db, self._send, self._public_url = db, send, public_url
        self._tenant_id, self._clock = tenant_id, clock

    async def run(self) -> int:
        """Returns how many mails left. Raises DatabaseDown."""
        await self._end_delays()
        await self._announce()
        sent = 0
        while waiting := await self._list_waiting():
            sent += sum([await self._send_one(notice_id) for notice_id in waiting])
        return sent

    async def _end_delays(self) -> None:
        async with self._db.tenant(self._tenant_id) as conn:
            over = await list_delays_over(conn, now=self._clock())
        for one in over:
            await self._end_delay(one)

    async def _end_delay(self, over: OpenDelay) -> None:
        """One that cannot end holds up none of the others."""
        try:
            async with self._db.tenant(self._tenant_id) as conn:
                await end_delay(conn, over, now=self._clock())
        except Refusal as refused:
            log.warning("delay_not_ended", tenant_id=str(self._tenant_id), reason=refused.detail)

    async def _announce(self) -> None:
        announced = 1
        while announced:
            async with self._db.tenant(self._tenant_id) as conn:
                announced = await announce_charges(conn, now=self._clock())

    async def _list_waiting(self) -> list[UUID]:
        async with self._db.tenant(self._tenant_id) as conn:
            return await list_waiting_notices(conn, now=self._clock())

    async def _send_one(self, notice_id: UUID) -> bool:
        """Whether it left."""
        async with self._db.tenant(self._tenant_id) as conn:
            letter = await take_up_notice(conn, self._tenant_id, notice_id, now=self._clock())
        if letter is None:
            return False
        written = write_letter(
            letter, url=link_url(self._public_url, letter.secret), address=link_url(self._public_url, "…")
        )
        try:
            await self._send(self._mail(letter, written))
        except (MailRefused, MailDown) as error:
            async with self._db.tenant(self._tenant_id) as conn:
                for_good = isinstance(error, MailRefused)
                await note_not_sent(conn, notice_id, str(error), for_good=for_good, now=self._clock())
            return False
        async with self._db.tenant(self._tenant_id) as conn:
            await note_sent(conn, letter, subject=written.subject, body=written.evidence, now=self._clock())
        return True

    def _mail(self, letter: Letter, written: Written) -> Mail:
        return Mail(
            message_id=str(letter.notice_id),
            sender_name=letter.view.seller.name,
            recipient=letter.recipient,
            reply_to=letter.view.seller.email,
            subject=written.subject,
            text=written.text,
            html=written.html,
            at=self._clock(),
        )
