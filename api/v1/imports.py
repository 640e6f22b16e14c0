"""/v1/imports: files taken in as jobs. A file is sent as the body, or fetched from an https address."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Struct
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from api.auth import authenticate
from api.bodies import JSON, decode_one, read_body, read_content_type
from api.endpoints import Endpoint, Parameter
from api.keyring import Caller
from api.resources import answer, path_id
from api.state import State, state_of
from infra.errors import BadRequest, FieldError, Forbidden, Invalid, NotFound, TooLarge, Unauthenticated, Unavailable
from infra.http_out import check_url
from infra.ids import new_id
from tenants.audit import record_audit
from tenants.decoding import NUL_REASON, field_error, holds_nul
from tenants.imports.kinds import KindName
from tenants.imports.plans import FORMATS, Options
from tenants.imports.rejects import Reject, list_rejects
from tenants.imports.runs import Mode, Run, artifact_key, get_run, list_runs, open_run

MOST_BYTES = 4_000_000_000
FILE = "application/octet-stream"
PAGE = 5_000


class ImportIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to import and how. `mapping` says which column is which field; `null` leaves a column out."""

    kind: KindName
    format: Literal["auto", "csv", "tsv", "ndjson", "parquet", "google_xml", "google_tsv", "shopify", "woocommerce"] = (
        "auto"
    )
    mode: Mode = "incremental"
    dry_run: bool = False
    mapping: Annotated[dict[str, str | None], Meta(max_length=500)] = {}
    encoding: Annotated[str, Meta(max_length=40)] | None = None
    dates: Literal["auto", "day first", "month first"] = "auto"
    site: Annotated[str, Meta(max_length=500)] = ""
    confirm: bool = False


class UrlImportIn(ImportIn, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same for a file that we fetch."""

    url: Annotated[str, Meta(max_length=2000, description="An https address with a public host name.")]


class Runs(Struct, frozen=True, kw_only=True):
    """The latest imports, the newest first."""

    items: Sequence[Run]


async def post_import(request: Request) -> Response:
    """Take a file in, or an address to fetch one from; answers at once, and a job does the rest."""
    caller = await _caller(request, "write")
    if read_content_type(request) == JSON:
        return await _fetch(request, caller)
    wanted = _from_query(request)
    _check(wanted, caller)
    import_id = new_id()
    key = artifact_key(caller.tenant_id, import_id)
    try:
        size = await _keep(request, key)
        if not size:
            raise BadRequest("The body is empty.", hint="Send the file itself as the body, or JSON with a url.")
        return await _open(state_of(request), caller, wanted, import_id=import_id, bytes_total=size)
    except Exception:
        # Nobody would ever delete a file that no import knows, and it may hold people.
        await state_of(request).artifacts.delete(key)
        raise


async def get_imports(request: Request) -> Response:
    caller = await _caller(request, "read")
    async with state_of(request).db.tenant(caller.tenant_id) as conn:
        return answer({"items": await list_runs(conn)})


async def get_import(request: Request) -> Response:
    """How far it is, how the file is read, and in the end the report."""
    caller = await _caller(request, "read")
    async with state_of(request).db.tenant(caller.tenant_id) as conn:
        return answer(await get_run(conn, import_id_of(request)))


async def get_rejects(request: Request) -> Response:
    """The refused rows as CSV."""
    caller, import_id = await _caller(request, "read"), import_id_of(request)
    async with state_of(request).db.tenant(caller.tenant_id) as conn:
        await get_run(conn, import_id)
    headers = {"Content-Disposition": f'attachment; filename="rejects-{import_id}.csv"'}
    pages = _reject_pages(state_of(request), caller.tenant_id, import_id)
    return StreamingResponse(pages, media_type="text/csv", headers=headers)


def neutral(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def import_id_of(request: Request) -> UUID:
    try:
        return UUID(path_id(request))
    except ValueError:
        raise NotFound("There is no import of that id.") from None


async def _fetch(request: Request, caller: Caller) -> Response:
    wanted = decode_one(await read_body(request), msgspec.json.Decoder(UrlImportIn))
    _check(wanted, caller)
    check_url(wanted.url, loopback=state_of(request).settings.fetch_loopback)
    return await _open(state_of(request), caller, wanted, url=wanted.url)


async def _open(state: State, caller: Caller, wanted: ImportIn, **source: Any) -> Response:
    async with state.db.tenant(caller.tenant_id) as conn:
        import_id = await open_run(
            conn, kind=wanted.kind, mode=wanted.mode, dry_run=wanted.dry_run, options=options_of(wanted), **source
        )
        await record_audit(conn, actor=f"key {caller.key_id}", action="import", subject=str(import_id))
        run = await get_run(conn, import_id)
    return Response(msgspec.json.encode(run), 202, media_type=JSON)


def options_of(wanted: ImportIn) -> Options:
    return Options(**{name: getattr(wanted, name) for name in Options.__struct_fields__})


def _from_query(request: Request) -> ImportIn:
    """Query parameters are texts; `mapping` is a JSON object."""
    said: dict[str, Any] = dict(request.query_params)
    try:
        if "mapping" in said:
            said["mapping"] = msgspec.json.decode(said["mapping"])
        wanted = msgspec.convert(said, ImportIn, strict=False)
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError) as error:
        found = (
            field_error(error) if isinstance(error, msgspec.ValidationError) else FieldError("mapping", "is no JSON")
        )
    else:
        if not holds_nul(msgspec.json.encode(wanted)):
            return wanted
        found = FieldError("", NUL_REASON)
    raise Invalid(f"The query is not valid: {found.field} {found.reason}.", errors=(found,))


def _check(wanted: ImportIn, caller: Caller) -> None:
    if f"{wanted.kind}:write" not in caller.scopes:
        raise Forbidden(f"The key lacks the scope '{wanted.kind}:write'.")
    if wanted.mode == "full" and wanted.kind != "products":
        error = FieldError("mode", "can be full for products only")
        raise Invalid(f"The field 'mode' is not valid: it {error.reason}.", errors=(error,))


async def _keep(request: Request, key: str) -> int:
    """Store the body as it comes; returns its bytes. Nothing is kept of a body that is too large or cut."""
    size, failed = 0, list[Exception]()

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal size
        async for piece in _body(request, failed):
            size += len(piece)
            yield piece

    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > MOST_BYTES:
        raise TooLarge(f"The file has {int(declared):,} bytes; this address takes {MOST_BYTES:,}.", hint=_PACK)
    try:
        await state_of(request).artifacts.put_stream(key, pieces())
    except Exception:
        # The store wraps what the pieces raise.
        if failed:
            raise failed[0] from None
        raise
    return size


async def _body(request: Request, failed: list[Exception]) -> AsyncIterator[bytes]:
    size = 0
    try:
        async for piece in request.stream():
            size += len(piece)
            if size > MOST_BYTES:
                raise TooLarge(f"The file has more than {MOST_BYTES:,} bytes.", hint=_PACK)
            if piece:
                yield piece
    except (ClientDisconnect, TooLarge) as error:
        failed.append(error)
        raise


async def _reject_pages(state: State, tenant_id: UUID, import_id: UUID) -> AsyncIterator[str]:
    yield "line,field,reason\r\n"
    page: Sequence[Reject] = ()
    while True:
        after = page[-1].number if page else 0
        async with state.db.tenant(tenant_id) as conn:
            page = await list_rejects(conn, import_id, after=after, limit=PAGE)
        if page:
            yield _csv(page)
        if len(page) < PAGE:
            return


def _csv(rows: Sequence[Reject]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows((row.line, neutral(row.field), neutral(row.reason)) for row in rows)
    return text.getvalue()


async def _caller(request: Request, act: str) -> Caller:
    return await authenticate(request, state_of(request).keys, f"imports:{act}")


_PACK = "Pack it as .gz, or cut it into several files."
_KEYED = (BadRequest, Unauthenticated, Forbidden, Unavailable)
_imports = partial(Endpoint, tag="imports")
_QUERY = (
    Parameter("kind", "query", {"enum": ["products", "orders", "events", "shoppers"]}, "For a file: what it holds."),
    Parameter("format", "query", {"enum": list(FORMATS)}, "Found out when it is auto."),
    Parameter("mode", "query", {"enum": ["incremental", "full"]}, "What a full product feed lacks is archived."),
    Parameter("dry_run", "query", {"type": "boolean"}, "Read, check and count, and store nothing."),
    Parameter("mapping", "query", {"type": "string"}, 'JSON: field by column, such as {"Preis": "price"}.'),
    Parameter("encoding", "query", {"type": "string"}, "Found out when it is not said."),
    Parameter("dates", "query", {"enum": ["auto", "day first", "month first"]}, "How 03/04/2026 is read."),
    Parameter("site", "query", {"type": "string"}, "The shop's address, for exports that name no products' addresses."),
    Parameter("confirm", "query", {"type": "boolean"}, "A full feed may take out more than half of the catalogue."),
)
IMPORTS = [
    _imports("GET", "/v1/imports", get_imports, "List imports", answer=Runs, refusals=_KEYED, scope="imports:read"),
    _imports("POST", "/v1/imports", post_import, "Import a file, or an address", answer=Run, status=202,
             refusals=(*_KEYED, TooLarge, Invalid), scope="imports:write", body=UrlImportIn, body_types=(JSON, FILE),
             parameters=_QUERY),
    _imports("GET", "/v1/imports/{id}", get_import, "Follow an import, read its report", answer=Run,
             refusals=(*_KEYED, NotFound), scope="imports:read"),
    _imports("GET", "/v1/imports/{id}/rejects", get_rejects, "The refused rows as CSV: line, field, reason",
             answer=None, refusals=(*_KEYED, NotFound), scope="imports:read"),
]  # fmt: skip
