"""Worker: takes jobs from Postgres and does them; a job whose worker died is taken up again."""

import asyncio
from uuid import UUID

import structlog
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Job, Status
from procrastinate.retry import BaseRetryStrategy, RetryDecision
from procrastinate.signals import on_stop
from redis.exceptions import RedisError

from api.campaign_work import MOVE_CAMPAIGNS, move_campaigns, start_campaign_rounds
from api.import_work import do_import, refresh_feeds
from api.notice_work import SEND_NOTICES, send_notices, start_notice_rounds
from api.payment_work import (
    SETTLE_PAYMENTS,
    do_payment_job,
    open_worker_payments,
    settle_payments,
    start_payment_rounds,
)
from api.tooling import for_each_tenant, open_tools
from api.webhook_work import SEND_WEBHOOKS, send_webhooks, start_webhook_rounds
from infra.clock import system_clock
from infra.database import Connection, DatabaseDown
from infra.jobs import QUEUE
from infra.redis import open_cache
from infra.settings import Settings
from recommender.exporting import EXPORT_SHOPPER, export_shopper
from recommender.forgetting import forget_the_erased
from recommender.jobs import (
    TRAIN_TENANT,
    Trained,
    TrainingFailed,
    defer_missed_training,
    defer_tuning,
    train_tenant,
)
from recommender.priors import learn_priors
from recommender.registry import find_active_version
from tenants.accounts import Tenant
from tenants.erased_sessions import FORGET_SESSIONS, forget_erased_sessions
from tenants.idempotency import forget_old_keys
from tenants.imports.runs import RUN_IMPORT
from tenants.jobs import (
    FINISH_ERASURE,
    KEEP_RETENTION,
    POOL_CONSUMPTION,
    defer_keep_retention,
    defer_pool_consumption,
    finish_erasure,
    keep_retention,
)
from tenants.preorder_money import SEND_CHARGE, SEND_REFUND
from tenants.replenishment import pool_consumption
from tenants.stripe_inbox import HANDLE_STRIPE_EVENT

ATTEMPTS = 3
HEARTBEAT_SECONDS = 5.0
DEAD_AFTER_SECONDS = 20.0
"""A worker whose heart has not beaten for this long is dead."""
PAUSE_SECONDS = 1.0
"""Between losing Postgres and asking for it again."""
GRACE_SECONDS = 30.0
"""How long jobs may go on when the worker is told to end; a training that needs longer starts over."""
KEEP_JOBS_HOURS = 7 * 24
SESSION_TRIES = 180
"""Ten seconds apart: a session lasts half an hour."""

log = structlog.get_logger()


class TakenUpAgain(BaseRetryStrategy):
    """A job that was cut off because its worker had to end waits for the next one; a job that failed does not."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        return RetryDecision() if isinstance(exception, asyncio.CancelledError) else None


class TakenUpWithTheRecord(TakenUpAgain):
    """The same, and a job that lost Postgres does what is left when it is back."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if isinstance(exception, DatabaseDown):
            return RetryDecision(retry_in={"seconds": 2})
        return super().get_retry_decision(exception=exception, job=job)


class TakenUpWithRedis(TakenUpWithTheRecord):
    """The same, and a job that lost Redis is done when it is back."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if isinstance(exception, RedisError) and job.attempts < SESSION_TRIES:
            return RetryDecision(retry_in={"seconds": 10})
        return super().get_retry_decision(exception=exception, job=job)


def build_worker(settings: Settings) -> App:
    """All tasks on one screen."""
    assert settings.database_url is not None
    app = App(connector=PsycopgConnector(conninfo=settings.database_url, min_size=1, max_size=4))

    @app.task(name=TRAIN_TENANT, queue=QUEUE, retry=TakenUpAgain())
    async def train(tenant_id: str, tune: str = "no") -> None:
        trained = await train_patiently(
            settings, UUID(tenant_id), tune_seconds=settings.tune_seconds if tune == "yes" else 0
        )
        log.info("trained", tenant_id=tenant_id, version_id=str(trained.version_id), status=trained.status)
        async with open_tools(settings) as (db, _), db.tenant(UUID(tenant_id)) as conn:
            await defer_pool_consumption(conn, UUID(tenant_id))

    @app.task(name=POOL_CONSUMPTION, queue=QUEUE, retry=TakenUpWithTheRecord())
    async def pool(tenant_id: str) -> None:
        async with open_tools(settings) as (db, _), db.tenant(UUID(tenant_id)) as conn:
            await pool_consumption(conn, now=system_clock())

    @app.task(name=FINISH_ERASURE, queue=QUEUE, retry=TakenUpAgain())
    async def finish(tenant_id: str, erasure_id: str) -> None:
        async with open_tools(settings) as (db, store):
            await finish_erasure(db, store, UUID(tenant_id), UUID(erasure_id), clock=system_clock)

    @app.task(name=FORGET_SESSIONS, queue=QUEUE, retry=TakenUpWithRedis())
    async def forget(tenant_id: str) -> None:
        await forget_sessions(settings, UUID(tenant_id))

    @app.task(name=EXPORT_SHOPPER, queue=QUEUE, retry=TakenUpAgain())
    async def export(tenant_id: str, export_id: str) -> None:
        async with open_tools(settings) as (db, store):
            await export_shopper(db, store, UUID(tenant_id), UUID(export_id), clock=system_clock)

    @app.task(name=KEEP_RETENTION, queue=QUEUE, retry=TakenUpAgain())
    async def retain(tenant_id: str) -> None:
        async with open_tools(settings) as (db, store):
            await keep_retention(db, store, UUID(tenant_id), clock=system_clock)
            await forget_the_erased(db, store, UUID(tenant_id), now=system_clock())

    @app.periodic(cron="43 3 * * *")
    @app.task(name="daily_rounds", queue=QUEUE, queueing_lock="daily_rounds")
    async def daily(timestamp: int) -> None:
        await start_daily_rounds(settings)

    @app.periodic(cron="23 2 * * 0")
    @app.task(name="tune_weekly", queue=QUEUE, queueing_lock="tune_weekly")
    async def tune(timestamp: int) -> None:
        await start_tuning(settings)

    # The tenants of a vertical are read one after another, each in a transaction of its own.
    @app.periodic(cron="13 4 * * *")
    @app.task(name="learn_priors", queue=QUEUE, queueing_lock="learn_priors", lock="learn_priors")
    async def priors(timestamp: int) -> None:
        async with open_tools(settings) as (db, _):
            log.info("learned_priors", types=await learn_priors(db, system_clock))

    @app.task(name=RUN_IMPORT, queue=QUEUE, retry=TakenUpWithTheRecord())
    async def import_file(tenant_id: str, import_id: str) -> None:
        await do_import(settings, UUID(tenant_id), UUID(import_id))

    @app.periodic(cron="*/5 * * * *")
    @app.task(name="refresh_feeds", queue=QUEUE, queueing_lock="refresh_feeds")
    async def refresh(timestamp: int) -> None:
        await refresh_feeds(settings)

    @app.task(name=MOVE_CAMPAIGNS, queue=QUEUE, retry=TakenUpWithTheRecord())
    async def campaigns(tenant_id: str) -> None:
        await move_campaigns(settings, UUID(tenant_id))

    @app.periodic(cron="* * * * *")
    @app.task(name="start_campaign_rounds", queue=QUEUE, queueing_lock="start_campaign_rounds")
    async def campaign_rounds(timestamp: int) -> None:
        await start_campaign_rounds(settings)

    @app.task(name=SEND_CHARGE, queue=QUEUE, retry=TakenUpWithTheRecord())
    async def charge(tenant_id: str, charge_key: str) -> None:
        async with open_worker_payments(settings) as payments:
            await do_payment_job(payments, SEND_CHARGE, UUID(tenant_id), charge_key)

    @app.task(name=SEND_REFUND, queue=QUEUE, retry=TakenUpWithTheRecord())
    async def refund(tenant_id: str, refund_key: str) -> None:
        async with open_worker_payments(settings) as payments:
            await do_payment_job(payments, SEND_REFUND, UUID(tenant_id), refund_key)

    @app.task(name=HANDLE_STRIPE_EVENT, queue=QUEUE, retry=TakenUpWithTheRecord())
    async def handle_event(tenant_id: str, event_id: str) -> None:
        async with open_worker_payments(settings) as payments:
            await do_payment_job(payments, HANDLE_STRIPE_EVENT, UUID(tenant_id), event_id)

    @app.task(name=SETTLE_PAYMENTS, queue=QUEUE, retry=TakenUpWithTheRecord())
    async def settle(tenant_id: str) -> None:
        async with open_worker_payments(settings) as payments:
            await settle_payments(payments, UUID(tenant_id))

    @app.periodic(cron="* * * * *")
    @app.task(name="payment_rounds", queue=QUEUE, queueing_lock="payment_rounds")
    async def payment_rounds(timestamp: int) -> None:
        await start_payment_rounds(settings)

    @app.task(name=SEND_NOTICES, queue=QUEUE, retry=TakenUpWithTheRecord())
    async def notices(tenant_id: str) -> None:
        await send_notices(settings, UUID(tenant_id))

    @app.periodic(cron="* * * * *")
    @app.task(name="notice_rounds", queue=QUEUE, queueing_lock="notice_rounds")
    async def notice_rounds(timestamp: int) -> None:
        await start_notice_rounds(settings)

    @app.task(name=SEND_WEBHOOKS, queue=QUEUE, retry=TakenUpWithTheRecord())
    async def webhooks(tenant_id: str) -> None:
        await send_webhooks(settings, UUID(tenant_id))

    @app.periodic(cron="* * * * *")
    @app.task(name="webhook_rounds", queue=QUEUE, queueing_lock="webhook_rounds")
    async def webhook_rounds(timestamp: int) -> None:
        await start_webhook_rounds(settings)

    @app.periodic(cron="* * * * *")
    @app.task(name="take_up_stalled_jobs", queue=QUEUE, queueing_lock="take_up_stalled_jobs")
    async def stalled(timestamp: int) -> None:
        await take_up_stalled_jobs(app)

    @app.periodic(cron="17 * * * *")
    @app.task(name="tidy", queue=QUEUE, queueing_lock="tidy")
    async def clean(timestamp: int) -> None:
        await app.job_manager.delete_old_jobs(KEEP_JOBS_HOURS, include_failed=True, include_cancelled=True)
        await tidy(settings)

    return app


async def work(settings: Settings, *, until_empty: bool = False) -> None:
    """Do jobs until SIGTERM or SIGINT, or until none waits. A Postgres that went away is waited for."""
    working, stopped = asyncio.current_task(), False
    assert working is not None

    def stop() -> None:
        nonlocal stopped
        stopped = working.cancel()

    with on_stop(stop):
        try:
            await _do_jobs(settings, wait=False) if until_empty else await _work_on(settings)
        except asyncio.CancelledError:
            if not stopped:
                raise


async def _work_on(settings: Settings) -> None:
    """Begin again whenever the worker ends, which it does when it loses its connections."""
    while True:
        try:
            await _do_jobs(settings, wait=True)
        except ConnectorException as lost:
            log.warning("worker_lost_the_record", reason=str(lost.__cause__ or lost))
        await asyncio.sleep(PAUSE_SECONDS)


async def _do_jobs(settings: Settings, *, wait: bool) -> None:
    """Two at once, so that a long training holds nothing up. Cancelled, it lets running jobs end for a while."""
    app = build_worker(settings)
    async with app.open_async():
        await take_up_stalled_jobs(app)
        await app.run_worker_async(
            concurrency=2,
            wait=wait,
            # A worker that ends because nothing waits is not in a hurry: the grace would cut its last training off.
            shutdown_graceful_timeout=GRACE_SECONDS if wait else None,  # type: ignore[arg-type]  # None is its default
            update_heartbeat_interval=HEARTBEAT_SECONDS,
            stalled_worker_timeout=DEAD_AFTER_SECONDS,
            install_signal_handlers=False,
        )


async def train_patiently(settings: Settings, tenant_id: UUID, *, tune_seconds: int = 0) -> Trained:
    """Train; when the child process dies (out of memory, killed) try again. Raises TrainingFailed after the last."""
    for attempt in range(1, ATTEMPTS):
        try:
            return await train_tenant(settings, tenant_id, tune_seconds=tune_seconds)
        except TrainingFailed as failed:
            log.warning("training_died", tenant_id=str(tenant_id), attempt=attempt, reason=str(failed))
            await asyncio.sleep(attempt)
    return await train_tenant(settings, tenant_id, tune_seconds=tune_seconds)


async def forget_sessions(settings: Settings, tenant_id: UUID) -> None:
    """Those of erased persons. Raises RedisError and DatabaseDown: the job is done again."""
    assert settings.redis_url is not None
    cache = open_cache(settings.redis_url)
    try:
        async with open_tools(settings) as (db, _):
            await forget_erased_sessions(db, cache, tenant_id)
    finally:
        await cache.close()


async def take_up_stalled_jobs(app: App, *, dead_after_seconds: float = DEAD_AFTER_SECONDS) -> int:
    """Queue again what dead workers had begun; returns how many jobs."""
    stalled = list(await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=dead_after_seconds))
    for job in stalled:
        log.warning("job_taken_up_again", job_id=job.id, task=job.task_name)
        try:
            await app.job_manager.retry_job(job)
        except UniqueViolation:
            # Another job with its queueing lock waits and will do the same work.
            await app.job_manager.finish_job(job, Status.FAILED, delete_job=False)
    return len(stalled)


async def start_tuning(settings: Settings) -> None:
    """Queue a training that looks for better parameters for each tenant that has a model."""

    async def queue(conn: Connection, tenant: Tenant) -> None:
        if settings.tune_seconds and await find_active_version(conn) is not None:
            await defer_tuning(conn, tenant.tenant_id, run_at=system_clock())

    await for_each_tenant(settings, queue)


async def start_daily_rounds(settings: Settings) -> None:
    """Queue a job for each tenant: what is too old goes, and what may not outlive an erasure."""

    async def queue(conn: Connection, tenant: Tenant) -> None:
        await defer_keep_retention(conn, tenant.tenant_id)

    await for_each_tenant(settings, queue)


async def tidy(settings: Settings) -> None:
    """Drop what nobody will ask for again, and queue trainings that were missed."""

    async def look_after(conn: Connection, tenant: Tenant) -> None:
        await forget_old_keys(conn)
        await defer_missed_training(conn, run_at=system_clock())

    await for_each_tenant(settings, look_after)
