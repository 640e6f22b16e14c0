"""Importing: documents pushed through the server API in batches, with progress and every bad row named."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal
from uuid import uuid4

import httpx2
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

Kind = Literal["products", "orders", "events", "shoppers"]
Document = dict[str, Any]  # in API form; the server says what is wrong with it

BATCH = 1000
LANES = 2
"""Batches under way at once: one is written by Postgres while the next is read."""
TRIES = 6
SHOWN_ERRORS = 20
COUNTED = ("created", "updated", "unchanged", "duplicate", "rejected")


@dataclass(slots=True)
class Report:
    """What became of every document."""

    counts: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)

    @property
    def rejected(self) -> int:
        return self.counts["rejected"]

    def add(self, first_line: int, answer: Document) -> None:
        self.counts.update({name: answer[name] for name in COUNTED})
        for row in answer["rows"]:
            for error in row.get("errors", ()):
                where = f"line {first_line + row['line'] - 1}, {error['field'] or 'the row'}"
                self.errors.append(f"{where}: {error['reason']}")

    def text(self) -> str:
        return ", ".join(f"{count:,} {name}" for name, count in self.counts.items() if count) or "nothing to do"


class PushRefused(Exception):
    """The server refused a whole batch, or stayed out of reach; the message says why."""


async def push(
    kind: Kind, rows: Iterable[bytes], *, total: int | None, url: str, key: str, console: Console, label: str = ""
) -> Report:
    """Push JSON documents, one a row, showing progress. Safe to repeat: documents go by their own ids.

    Raises PushRefused when the server refuses a batch as a whole or stays out of reach.
    """
    report = Report()
    numbered = enumerate(_batches(rows))
    with _progress(console) as progress:
        task = progress.add_task(label or kind, total=total)

        async def lane(client: httpx2.AsyncClient) -> None:
            for number, batch in numbered:
                report.add(number * BATCH + 1, await _send(client, kind, b"\n".join(batch)))
                progress.advance(task, len(batch))

        async with _client(url, key) as client:
            await asyncio.gather(*(lane(client) for _ in range(LANES)))
    console.print(f"{label or kind}: {report.text()}", highlight=False)
    return report


def encode_rows(documents: Iterable[Document]) -> Iterator[bytes]:
    return map(msgspec.json.encode, documents)


@asynccontextmanager
async def _client(url: str, key: str) -> AsyncIterator[httpx2.AsyncClient]:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/x-ndjson"}
    async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=60, trust_env=False) as client:
        yield client


async def _send(client: httpx2.AsyncClient, kind: Kind, body: bytes) -> Document:
    """One batch, again after a pause when the server is away or busy; the key makes repeating harmless."""
    headers = {"Idempotency-Key": str(uuid4())}
    for attempt in range(1, TRIES + 1):
        try:
            response = await client.post(f"/v1/{kind}:batch", content=body, headers=headers)
        except httpx2.TransportError as lost:
            if attempt == TRIES:
                raise PushRefused(f"{client.base_url} is out of reach: {lost or type(lost).__name__}") from lost
        else:
            if response.status_code == 200:
                answer: Document = msgspec.json.decode(response.content)
                return answer
            if response.status_code not in (429, 503) or attempt == TRIES:
                raise PushRefused(sentence_of(response))
        await asyncio.sleep(min(2**attempt / 4, 8))
    raise AssertionError("the last attempt returns or raises")


def sentence_of(response: httpx2.Response) -> str:
    """From problem+json if it is one of ours; anything else may stand before the server."""
    try:
        problem = response.json()
        return f"{problem['detail']} {problem['hint']} (request {problem['request_id']})"
    except (ValueError, KeyError, TypeError):
        return f"{response.request.url} answered {response.status_code}: {response.text[:200]}"


def _batches(rows: Iterable[bytes]) -> Iterator[list[bytes]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, BATCH)):
        yield batch


def _progress(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description:<28}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
