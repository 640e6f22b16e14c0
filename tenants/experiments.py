"""Experiments in the record: drafts as often as the merchant likes, then one start and one stop."""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from infra.database import Connection, Row
from infra.errors import Conflict, FieldError, Invalid, NotFound
from tenants.audit import record_audit
from tenants.experiment_documents import Arm, Experiment, RunningExperiment
from tenants.fields import Moment
from tenants.placement_versions import publish_placement
from tenants.placements import Placement, StoredPlacement, get_placement
from tenants.upserts import Upserted, make_document, outcomes

MOST_DRAFTS = 200
MOST_RUNNING = 50
"""At one time: a beacon's exposure is looked for in each."""

State = Literal["draft", "running", "stopped"]


class ExperimentStands(Conflict):
    """An experiment that was started stands as it is."""

    code = "experiment_stands"
    hint = "What shoppers have seen is part of its result: store what you want to ask now under another id."


class ExperimentStep(Conflict):
    """An experiment goes from draft to running to stopped, and no other way."""

    code = "experiment_step"
    hint = "GET /v1/experiments/{id} tells its state."


class ExperimentsOverlap(Conflict):
    """Two experiments would run in one place at the same time."""

    code = "experiments_overlap"
    hint = "Stop the other one with POST /v1/experiments:stop, or let this one start when it has ended."


class HoldoutPromoted(Invalid):
    """A hold-out shows nothing, so there is nothing to publish."""

    code = "holdout_promoted"
    hint = "Take the widget off the page instead, or promote another arm."


class TooManyExperiments(Invalid):
    """The shop has as many experiments as it may have."""

    code = "too_many_experiments"
    hint = "Delete drafts that will not come, or stop one that runs."


class StoredExperiment(Experiment, frozen=True, kw_only=True):
    """An experiment as we hold it."""

    state: Annotated[State, Meta(description="running: from began_at, which may lie ahead.")]
    began_at: Annotated[Moment | None, Meta(description="From when on arms are given; null for a draft.")]
    stopped_at: Annotated[Moment | None, Meta(description="When it was stopped, or came to its ends_at.")]
    promoted_arm: Annotated[str | None, Meta(description="The arm that was published as the placement.")]
    created_at: Moment
    updated_at: Moment


async def upsert_experiments(conn: Connection, experiments: Sequence[Experiment]) -> Upserted:
    """Store drafts as given, in full; ids must differ. One that was started is refused, unless it is the same.

    Raises TooManyExperiments.
    """
    made = {one.id: (one, make_document(one)) for one in sorted(experiments, key=lambda one: one.id)}
    names, digests = list(made), [document.digest for _, document in made.values()]
    await _lock(conn)
    standing = await conn.fetch(_STANDING, names, digests)
    texts, places = [document.text for _, document in made.values()], [one.placement for one, _ in made.values()]
    salts = [secrets.token_bytes(32) for _ in names]
    rows = await conn.fetch(_UPSERT, names, texts, digests, places, salts)
    if rows and await conn.fetchval("select count(*) from experiments where state = 'draft'") > MOST_DRAFTS:
        raise TooManyExperiments(f"A shop has at most {MOST_DRAFTS} experiments in draft.")
    refused = {
        row["experiment_id"]: FieldError("id", "is an experiment that was started and stands as it is")
        for row in standing
    }
    stored = outcomes(
        made.keys() - refused.keys(),
        created=(row["experiment_id"] for row in rows if row["created"]),
        updated=(row["experiment_id"] for row in rows if not row["created"]),
    )
    return replace(stored, refused=refused)


async def get_experiment(conn: Connection, name: str, *, now: datetime) -> StoredExperiment:
    """Raises NotFound."""
    row = await conn.fetchrow(_SELECT + "where experiment_id = $1", name)
    if row is None:
        raise _no_experiment(name)
    return _stored(row, now)


async def list_experiments(conn: Connection, *, after: str, limit: int, now: datetime) -> Sequence[StoredExperiment]:
    """By id, starting behind `after` ('' from the start)."""
    rows = await conn.fetch(_SELECT + "where experiment_id > $1 order by experiment_id limit $2", after, limit)
    return [_stored(row, now) for row in rows]


async def delete_experiment(conn: Connection, name: str) -> None:
    """A draft only. Raises NotFound, ExperimentStands."""
    state = await conn.fetchval("select state from experiments where experiment_id = $1 for update", name)
    if state is None:
        raise _no_experiment(name)
    if state != "draft":
        raise ExperimentStands("The experiment was started and cannot be deleted.")
    await conn.execute("delete from experiments where experiment_id = $1", name)


async def start_experiment(conn: Connection, name: str, *, now: datetime, actor: str) -> StoredExperiment:
    """Give arms from now on, or from `starts_at` where that lies ahead; audited. Every process hears of it.

    Raises NotFound, ExperimentStep, ExperimentsOverlap, TooManyExperiments, and Invalid naming what does not fit.
    """
    await _lock(conn)
    found = await get_experiment(conn, name, now=now)
    if found.state != "draft":
        raise ExperimentStep(f"The experiment is {found.state} and was started before.")
    began_at = max(found.starts_at or now, now)
    if found.ends_at is not None and found.ends_at <= began_at:
        raise _invalid("ends_at", "must not have passed")
    await _check_arms(conn, found)
    await _refuse_overlap(conn, found, began_at)
    await conn.execute(_START, name, began_at, found.ends_at)
    await _tell(conn, actor=actor, action="start experiment", name=name)
    return await get_experiment(conn, name, now=now)


async def stop_experiment(conn: Connection, name: str, *, now: datetime, actor: str) -> StoredExperiment:
    """Give no arms any more: everybody sees the placement as it is; audited. Purchases go on counting for its window.

    Raises NotFound, ExperimentStep.
    """
    await _lock(conn)
    found = await get_experiment(conn, name, now=now)
    if found.state != "running":
        raise ExperimentStep(f"The experiment is {found.state}: only one that runs can be stopped.")
    await conn.execute(_STOP, name, now)
    await _tell(conn, actor=actor, action="stop experiment", name=name)
    return await get_experiment(conn, name, now=now)


async def promote_arm(conn: Connection, name: str, arm_id: str, *, now: datetime, actor: str) -> StoredPlacement:
    """Publish the placement as this arm shows it, and stop the experiment if it runs; audited.

    Raises NotFound, ExperimentStep for a draft, HoldoutPromoted, and Invalid for an arm that the experiment has not, or
    that does not fit the placement any more.
    """
    await _lock(conn)
    found = await get_experiment(conn, name, now=now)
    if found.state == "draft":
        raise ExperimentStep("The experiment is a draft: nobody has seen its arms.")
    arm = found.find_arm(arm_id)
    if arm is None:
        raise _invalid("arm", "is not one of the experiment's arms")
    if arm.holdout:
        raise HoldoutPromoted("A hold-out cannot be promoted.")
    await publish_placement(conn, _apply(arm, await get_placement(conn, found.placement), field="arm"), actor=actor)
    await conn.execute(_PROMOTE, name, now, arm_id)
    await _tell(conn, actor=actor, action="promote arm", name=name)
    return await get_placement(conn, found.placement)


async def read_running(conn: Connection) -> tuple[RunningExperiment, ...]:
    """Those that were started and not stopped; what ended long ago by its own date is left out."""
    return tuple(_running(row) for row in await conn.fetch(_RUNNING))


async def _check_arms(conn: Connection, found: Experiment) -> None:
    """Raises Invalid where there is no such placement, or an arm makes one that cannot be."""
    try:
        placement: Placement = await get_placement(conn, found.placement)
    except NotFound:
        raise _invalid("placement", "is not the name of a placement") from None
    for place, arm in enumerate(found.arms):
        _apply(arm, placement, field=f"arms[{place}].changes")


def _apply(arm: Arm, placement: Placement, *, field: str) -> Placement:
    """The placement as the arm shows it. Raises Invalid, naming the field, for one that cannot be."""
    try:
        return arm.changes.apply(placement)
    except ValueError as wrong:
        raise _invalid(field, f"does not fit the placement as it is now: {wrong}") from None


async def _refuse_overlap(conn: Connection, found: Experiment, began_at: datetime) -> None:
    other = await conn.fetchval(_OVERLAP, found.placement, began_at, found.ends_at)
    if other is not None:
        raise ExperimentsOverlap(f"The experiment {other!r} runs in {found.placement!r} at that time.")
    if await conn.fetchval(_COUNT_RUNNING, began_at) >= MOST_RUNNING:
        raise TooManyExperiments(f"A shop runs at most {MOST_RUNNING} experiments at a time.")


async def _lock(conn: Connection) -> None:
    """One at a time stores, starts or stops experiments of a tenant: two could not see that they overlap, nor that a
    draft is another one than was looked at."""
    await conn.execute("select pg_advisory_xact_lock(hashtextextended(current_tenant()::text, 23))")


async def _tell(conn: Connection, *, actor: str, action: str, name: str) -> None:
    await record_audit(conn, actor=actor, action=action, subject=name)
    await conn.execute("select pg_notify('lastbook_changes', current_tenant()::text)")


def _stored(row: Row, now: datetime) -> StoredExperiment:
    said = {key: row[key] for key in ("state", "began_at", "stopped_at", "promoted_arm", "created_at", "updated_at")}
    found = msgspec.convert({**row["document"], **said}, StoredExperiment)
    if found.state == "running" and found.ends_at is not None and found.ends_at <= now:
        return msgspec.structs.replace(found, state="stopped", stopped_at=found.ends_at)
    return found


def _running(row: Row) -> RunningExperiment:
    ends_at = row["ends_at"]
    return RunningExperiment(
        document=msgspec.convert(row["document"], Experiment),
        salt=bytes(row["salt"]),
        began_at=row["began_at"].timestamp(),
        ends_at=float("inf") if ends_at is None else ends_at.timestamp(),
    )


def _no_experiment(name: str) -> NotFound:
    return NotFound(f"There is no experiment {name!r}.", hint="GET /v1/experiments lists them.")


def _invalid(field: str, reason: str) -> Invalid:
    return Invalid(f"The field {field!r} is not valid: it {reason}.", errors=(FieldError(field, reason),))


_STANDING = """
select experiment_id
from experiments
join unnest($1::text[], $2::bytea[]) as sent (experiment_id, digest) using (experiment_id)
where state <> 'draft' and experiments.digest <> sent.digest
"""

_UPSERT = """
insert into experiments as known (experiment_id, document, digest, placement, salt)
select name, document::jsonb, digest, placement, salt
from unnest($1::text[], $2::text[], $3::bytea[], $4::text[], $5::bytea[])
    as sent (name, document, digest, placement, salt)
order by name collate "C"
on conflict (tenant_id, experiment_id) do update
set (document, digest, placement, updated_at) = (
    select excluded.document, excluded.digest, excluded.placement, now()
)
where known.digest <> excluded.digest and known.state = 'draft'
returning experiment_id, xmax = 0 as created
"""

_SELECT = """
select document, state, began_at, stopped_at, promoted_arm, created_at, updated_at
from experiments
"""

_START = """
update experiments
set state = 'running', began_at = $2, ends_at = $3, updated_at = now()
where experiment_id = $1
"""

_STOP = """
update experiments
set state = 'stopped', stopped_at = $2, updated_at = now()
where experiment_id = $1
"""

# One that ended by its own date ended then.
_PROMOTE = """
update experiments
set state = 'stopped', stopped_at = coalesce(stopped_at, least(ends_at, $2)), promoted_arm = $3, updated_at = now()
where experiment_id = $1
"""

_OVERLAP = """
select experiment_id
from experiments
where placement = $1 and state = 'running' and began_at < coalesce($3::timestamptz, 'infinity')
    and coalesce(ends_at, 'infinity') > $2
order by experiment_id
limit 1
"""

_COUNT_RUNNING = "select count(*) from experiments where state = 'running' and coalesce(ends_at, 'infinity') > $1"

_RUNNING = """
select document, salt, began_at, ends_at
from experiments
where state = 'running' and (ends_at is null or ends_at > now() - interval '1 day')
order by experiment_id
"""
