"""/v1/exports, /v1/erasures, /v1/retention-rules: a person's data out to them, out of the record, and out in time."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response

from api.bodies import decode_one, read_body
from api.resources import answer, path_id
from api.sessions import list_owners
from api.state import state_of
from api.v1.consents import BODY, KEYED, privacy_caller, privacy_reading, privacy_writing
from api.v1.orders import learn_later
from api.writes import write
from infra.database import Connection
from infra.errors import Conflict, NotFound
from recommender.exporting import defer_export
from tenants.audit import record_audit
from tenants.erase import Erasure, Identifier, erase_person, get_erasure, lift_erasure_of
from tenants.erased_sessions import defer_forget_sessions
from tenants.export import Export, archive_key, get_export, open_export
from tenants.fields import ExternalId
from tenants.jobs import defer_finish_erasure
from tenants.retention import RetentionRules, read_retention_rules, store_retention_rules
from tenants.shoppers import hold_shopper


class ExportNotReady(Conflict):
    """The archive is still being made."""

    code = "export_not_ready"
    hint = "Ask GET /v1/exports/{id} until its status is 'ready'."


class ExportIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Of whom an archive is wanted."""

    shopper_id: ExternalId


class ExportOut(Struct, frozen=True, kw_only=True):
    """An archive; it is kept for seven days at the most."""

    export_id: UUID
    status: Literal["waiting", "ready"]
    requested_at: datetime
    finished_at: datetime | None


class PersonIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A person by your id or by e-mail address: one of the two."""

    shopper_id: ExternalId | None = None
    email: Annotated[str, Meta(max_length=320, pattern=r"\A[^@\s]+@[^@\s]+\Z")] | None = None

    def __post_init__(self) -> None:
        if (self.shopper_id is None) == (self.email is None):
            raise ValueError("give shopper_id or email, one of the two")

    @property
    def identifier(self) -> Identifier:
        return ("external_id", self.shopper_id) if self.shopper_id is not None else ("email", self.email or "")


class ErasureOut(Struct, frozen=True, kw_only=True):
    """A line of the ledger; nothing in it tells who. `finished_at` is when the files were gone too."""

    erasure_id: UUID
    requested_at: datetime
    finished_at: datetime | None
    counts: dict[str, int]


class Lifted(Struct, frozen=True, kw_only=True):
    """The erasure whose person may be stored again."""

    erasure_id: UUID


async def start_export(request: Request) -> Response:
    """Ask for an archive of everything about a shopper."""
    caller = await privacy_caller(request, "write")
    body = await read_body(request)
    wish = decode_one(body, msgspec.json.Decoder(ExportIn))

    async def effect(conn: Connection) -> ExportOut:
        export = await open_export(conn, await hold_shopper(conn, wish.shopper_id))
        await defer_export(conn, caller.tenant_id, export.export_id)
        await record_audit(conn, actor=f"key {caller.key_id}", action="export shopper", subject=str(export.export_id))
        return _export_out(export)

    return await write(request, caller.tenant_id, body, effect)


async def get_export_status(request: Request) -> Response:
    caller = await privacy_caller(request, "read")
    async with state_of(request).db.tenant(caller.tenant_id) as conn:
        return answer(_export_out(await get_export(conn, _uuid(request))))


async def get_archive(request: Request) -> Response:
    """The zip itself."""
    caller, state = await privacy_caller(request, "read"), state_of(request)
    async with state.db.tenant(caller.tenant_id) as conn:
        export = await get_export(conn, _uuid(request))
    if export.finished_at is None:
        raise ExportNotReady(f"The export {export.export_id} is not ready.")
    archive = await state.artifacts.get(archive_key(caller.tenant_id, export.export_id))
    headers = {"Content-Disposition": 'attachment; filename="shopper.zip"', "Cache-Control": "no-store"}
    return Response(archive, headers=headers, media_type="application/zip")


async def erase(request: Request) -> Response:
    """Erase a person and keep them out. Erasing again changes nothing."""
    caller, state = await privacy_caller(request, "write"), state_of(request)
    body = await read_body(request)
    person = decode_one(body, msgspec.json.Decoder(PersonIn)).identifier
    async with state.db.tenant(caller.tenant_id) as conn:
        owners = await list_owners(conn, caller.tenant_id, person)

    async def effect(conn: Connection) -> ErasureOut:
        erasure = await erase_person(conn, person, actor=f"key {caller.key_id}")
        if erasure.finished_at is None:
            await defer_finish_erasure(conn, caller.tenant_id, erasure.erasure_id)
            await defer_forget_sessions(conn, caller.tenant_id, now=state.clock())
            await learn_later(conn, state, caller.tenant_id)
        return _erasure_out(erasure)

    # Before, because afterwards nobody knows whose they were; and again, for what was viewed meanwhile. What a process
    # keeps that has not heard of it yet goes by the job.
    await state.sessions.forget(owners)
    answered = await write(request, caller.tenant_id, body, effect)
    await state.sessions.forget(owners)
    return answered


async def get_erasure_status(request: Request) -> Response:
    caller = await privacy_caller(request, "read")
    async with state_of(request).db.tenant(caller.tenant_id) as conn:
        return answer(_erasure_out(await get_erasure(conn, _uuid(request))))


async def lift(request: Request) -> Response:
    """Let a person in again who came back with fresh consent. What was erased stays erased."""
    caller = await privacy_caller(request, "write")
    body = await read_body(request)
    person = decode_one(body, msgspec.json.Decoder(PersonIn)).identifier

    async def effect(conn: Connection) -> Lifted:
        erasure_id = await lift_erasure_of(conn, person, actor=f"key {caller.key_id}")
        await defer_finish_erasure(conn, caller.tenant_id, erasure_id)
        return Lifted(erasure_id=erasure_id)

    return await write(request, caller.tenant_id, body, effect)


async def get_rules(request: Request) -> Response:
    caller = await privacy_caller(request, "read")
    async with state_of(request).db.tenant(caller.tenant_id) as conn:
        return answer(await read_retention_rules(conn))


async def put_rules(request: Request) -> Response:
    """Replace all rules; what is left out goes by the default."""
    caller = await privacy_caller(request, "write")
    body = await read_body(request)
    rules = decode_one(body, msgspec.json.Decoder(RetentionRules))

    async def effect(conn: Connection) -> RetentionRules:
        await store_retention_rules(conn, rules, actor=f"key {caller.key_id}")
        return rules

    return await write(request, caller.tenant_id, body, effect)


def _export_out(export: Export) -> ExportOut:
    return ExportOut(
        export_id=export.export_id,
        status="waiting" if export.finished_at is None else "ready",
        requested_at=export.requested_at,
        finished_at=export.finished_at,
    )


def _erasure_out(erasure: Erasure) -> ErasureOut:
    return ErasureOut(
        erasure_id=erasure.erasure_id,
        requested_at=erasure.requested_at,
        finished_at=erasure.finished_at,
        counts=dict(erasure.counts),
    )


def _uuid(request: Request) -> UUID:
    try:
        return UUID(path_id(request))
    except ValueError:
        raise NotFound("There is nothing of that id.") from None


PRIVACY = [
    privacy_writing("POST", "/v1/exports", start_export, "Ask for an archive of everything about a shopper",
                    answer=ExportOut, refusals=(*BODY, NotFound), body=ExportIn),
    privacy_reading("GET", "/v1/exports/{id}", get_export_status, "See whether an archive is ready",
                    answer=ExportOut, refusals=(*KEYED, NotFound)),
    privacy_reading("GET", "/v1/exports/{id}/archive", get_archive, "Fetch an archive (application/zip)",
                    answer=None, refusals=(*KEYED, NotFound, Conflict)),
    privacy_writing("POST", "/v1/erasures", erase, "Erase a person and keep them out",
                    answer=ErasureOut, refusals=BODY, body=PersonIn),
    privacy_reading("GET", "/v1/erasures/{id}", get_erasure_status, "Read a line of the ledger of erasures",
                    answer=ErasureOut, refusals=(*KEYED, NotFound)),
    privacy_writing("POST", "/v1/erasures:lift", lift, "Let an erased person in again, who agreed anew",
                    answer=Lifted, refusals=(*BODY, NotFound), body=PersonIn),
    privacy_reading("GET", "/v1/retention-rules", get_rules, "Read how long each kind of data is kept",
                    answer=RetentionRules, refusals=KEYED),
    privacy_writing("PUT", "/v1/retention-rules", put_rules, "Say how long each kind of data is kept",
                    answer=RetentionRules, refusals=BODY, body=RetentionRules),
]  # fmt: skip
