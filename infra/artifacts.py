"""Artifacts: files that are made once and read often (models), in a folder or in S3-compatible storage."""

import asyncio
import contextlib
import hashlib
import os
import re
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlparse

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from infra.errors import NotFound

if TYPE_CHECKING:
    from obstore import GetResult

AWAY = (OSError, BaseError)
"""What every method raises when the storage cannot be reached."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A copy of an object in a file without a name, which ends with us; read it at any place with `os.pread`."""

    file: FileIO
    size: int
    sha256: bytes


class Artifacts:
    """Whole objects by key. Keys start with the tenant's id; a put replaces at once or not at all.

    The store's blocking calls, in threads that asyncio ends: its own asynchronous calls tell their end from a thread
    that may still hold Python when the process leaves, which then ends by SIGABRT (one short training in two hundred).
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def put(self, key: str, data: bytes) -> None:
        await asyncio.to_thread(obstore.put, self._store, key, data)

    async def get(self, key: str) -> bytes:
        """Raises NotFound."""
        return await asyncio.to_thread(_get, self._store, key)

    async def put_stream(self, key: str, pieces: AsyncIterator[bytes]) -> None:
        """Store what may be larger than memory. Nothing is kept when the pieces end in an exception."""
        pulled = _pull(pieces, asyncio.get_running_loop())
        await asyncio.to_thread(obstore.put, self._store, key, pulled)

    async def copy_to(self, key: str, file: Path) -> None:
        """Write the object into a file, piece by piece. Raises NotFound."""
        await asyncio.to_thread(_copy, self._store, key, file)

    async def open(self, key: str) -> Opened:
        """Copy an object to read parts of it, and hash it on the way. Raises NotFound."""
        return await asyncio.to_thread(_open_copy, self._store, key)

    async def list_keys(self, prefix: str) -> list[str]:
        """All keys under a folder."""
        return await asyncio.to_thread(_list_keys, self._store, prefix)

    async def delete(self, key: str) -> None:
        """Harmless when there is none."""
        with contextlib.suppress(FileNotFoundError):
            await asyncio.to_thread(obstore.delete, self._store, key)

    async def delete_prefix(self, prefix: str) -> int:
        """Delete all keys under a folder; returns how many there were."""
        keys = await self.list_keys(prefix)
        if keys:
            await asyncio.to_thread(obstore.delete, self._store, keys)
        return len(keys)

    async def delete_cut(self, prefix: str, *, before: datetime) -> int:
        """Delete what a put left under a folder that was killed in the middle and wrote before that moment for the last
        time; returns how many files. No key leads to them. In S3 a lifecycle rule of the bucket does this.
        """
        if not isinstance(self._store, LocalStore):
            return 0
        return await asyncio.to_thread(_delete_cut, Path(str(self._store.prefix)) / prefix, before.timestamp())


def _get(store: ObjectStore, key: str) -> bytes:
    return bytes(_found(store, key).bytes())


def _copy(store: ObjectStore, key: str, file: Path) -> None:
    found = _found(store, key)
    with file.open("wb") as out:
        for piece in found.stream():
            out.write(piece)


def _open_copy(store: ObjectStore, key: str) -> Opened:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "object"
        _copy(store, key, file)
        return open_file(file)


def _found(store: ObjectStore, key: str) -> "GetResult":
    try:
        return obstore.get(store, key)
    except FileNotFoundError:
        raise NotFound(f"There is no artifact {key!r}.") from None


def _list_keys(store: ObjectStore, prefix: str) -> list[str]:
    return sorted(found["path"] for page in obstore.list(store, prefix) for found in page)


def _pull(pieces: AsyncIterator[bytes], loop: asyncio.AbstractEventLoop) -> Iterator[bytes]:
    """The pieces, for a thread; each is made on the loop that waits for the thread."""
    while (piece := asyncio.run_coroutine_threadsafe(_next(pieces), loop).result()) is not None:
        yield piece


async def _next(pieces: AsyncIterator[bytes]) -> bytes | None:
    return await anext(pieces, None)


def _delete_cut(folder: Path, before: float) -> int:
    files = [one for one in folder.rglob("*#*") if _CUT.search(one.name) and one.stat().st_mtime < before]
    for one in files:
        one.unlink(missing_ok=True)
    return len(files)


# How the store names a file until its put has ended.
_CUT = re.compile(r"#\d+\Z")


def open_file(file: Path) -> Opened:
    opened = file.open("rb", buffering=0)
    sha256 = hashlib.file_digest(opened, "sha256").digest()
    return Opened(opened, os.fstat(opened.fileno()).st_size, sha256)


def open_artifacts(url: str) -> Artifacts:
    """`file:///folder` (made when missing) or `s3://bucket/prefix` with the usual AWS_… variables."""
    if url.startswith("file:"):
        folder = Path(unquote(urlparse(url).path))
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Artifacts(LocalStore(prefix=str(folder), automatic_cleanup=True))
    return Artifacts(from_url(url))
