"""Importing files: the command line's side. A file is sent to POST /v1/imports and its job followed to the report."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from api.importing import COUNTED, SHOWN_ERRORS, Document, Kind, PushRefused, sentence_of

PIECE = 1 << 18
PAUSE_SECONDS = 0.3
ENDED = ("done", "failed")


async def import_file(kind: Kind, file: Path, *, url: str, key: str, console: Console, **query: str | bool) -> Document:
    """Send it, follow it, print how it was read and what became of it; returns the import.

    Raises PushRefused when the server refuses the file or stays out of reach.
    """
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=60, trust_env=False) as client:
        try:
            run = await _follow(client, await _send(client, kind, file, query), console)
            _print(run, console)
            await _print_rejects(client, run, console)
        except httpx2.TransportError as lost:
            raise PushRefused(f"{url} is out of reach: {lost or type(lost).__name__}") from lost
    return run


async def _send(client: httpx2.AsyncClient, kind: Kind, file: Path, query: dict[str, str | bool]) -> Document:
    params = {"kind": kind} | {name: str(value).lower() if value in (True, False) else value
                               for name, value in query.items() if value}  # fmt: skip
    headers = {"Content-Type": "application/octet-stream"}
    return _checked(await client.post("/v1/imports", params=params, content=_pieces(file), headers=headers))


async def _pieces(file: Path) -> AsyncIterator[bytes]:
    with file.open("rb") as content:
        while piece := await asyncio.to_thread(content.read, PIECE):
            yield piece


async def _follow(client: httpx2.AsyncClient, run: Document, console: Console) -> Document:
    columns = (SpinnerColumn(), TextColumn("{task.description:<28}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(f"{run['kind']}: waiting for a worker", total=None)
        while run["status"] not in ENDED:
            await asyncio.sleep(PAUSE_SECONDS)
            run = _checked(await client.get(f"/v1/imports/{run['import_id']}"))
            label = f"{run['kind']}: {run['rows_read']:,} rows" if run["rows_read"] else None
            progress.update(task, completed=run["bytes_read"], total=run["bytes_total"] or None, description=label)
    return run


def _print(run: Document, console: Console) -> None:
    plan = run["plan"] or {"mapping": {}}
    for column, field in plan["mapping"].items():
        console.print(f"{column} → {field or '(left out)'}", highlight=False, markup=False)
    if plan["mapping"]:
        console.print(
            f"money: {plan['money']}; dates: {plan['dates']}, because {plan['dates_because']}", highlight=False
        )
    words = [f"{run[name]:,} {name}" for name in COUNTED if run[name]]
    words += [f"{run[name]:,} {name}" for name in ("missing", "archived") if run[name]]
    told = "would be " if run["dry_run"] else ""
    console.print(f"{run['kind']}: {told}{', '.join(words) or 'nothing to do'}", highlight=False)
    if run["error"]:
        console.print(f"[red]{run['error']}[/]", soft_wrap=True)


async def _print_rejects(client: httpx2.AsyncClient, run: Document, console: Console) -> None:
    """The first few; the server has them all."""
    if not run["rejected"]:
        return
    address = f"/v1/imports/{run['import_id']}/rejects"
    async with client.stream("GET", address) as response:
        lines = [line async for line in _first(response, SHOWN_ERRORS + 1)]
    for line in lines[1:]:
        console.print(line, highlight=False, markup=False, style="yellow")
    if run["rejected"] > SHOWN_ERRORS:
        console.print(f"… and {run['rejected'] - SHOWN_ERRORS:,} more: GET {address}", highlight=False)


async def _first(response: httpx2.Response, count: int) -> AsyncIterator[str]:
    async for line in response.aiter_lines():
        yield line
        count -= 1
        if not count:
            return


def _checked(response: httpx2.Response) -> Document:
    if response.status_code not in (200, 202):
        raise PushRefused(sentence_of(response))
    answer: Document = msgspec.json.decode(response.content)
    return answer
