"""Artifacts: files that are made once and read often (models), in a folder or in S3-compatible storage."""

import asyncio
import contextlib
import hashlib
import os
import re
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from io import FileIO
from pathlib import Path
from urllib.parse import unquote, urlparse

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from infra.errors import NotFound

AWAY = (OSError, BaseError)
"""What every method raises when the storage cannot be reached."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A copy of an object in a file without a name, which ends with us; read it at any place with `os.pread`."""

    file: FileIO
    size: int
    sha256: bytes


class Artifacts:
    """Whole objects by key. Keys start with the tenant's id; a put replaces at once or not at all."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def put(self, key: str, data: bytes) -> None:
        await obstore.put_async(self._store, key, data)

    async def get(self, key: str) -> bytes:
        """Raises NotFound."""
        try:
            answer = await obstore.get_async(self._store, key)
        except FileNotFoundError:
            raise NotFound(f"There is no artifact {key!r}.") from None
        return bytes(await answer.bytes_async())

    async def put_stream(self, key: str, pieces: AsyncIterator[bytes]) -> None:
        """Store what may be larger than memory. Nothing is kept when the pieces end in an exception."""
        await obstore.put_async(self._store, key, pieces)

    async def copy_to(self, key: str, file: Path) -> None:
        """Write the object into a file, piece by piece. Raises NotFound."""
        try:
            answer = await obstore.get_async(self._store, key)
        except FileNotFoundError:
            raise NotFound(f"There is no artifact {key!r}.") from None
        with file.open("wb") as out:
            async for piece in answer.stream():
                out.write(piece)

    async def open(self, key: str) -> Opened:
        """Copy an object to read parts of it, and hash it on the way. Raises NotFound."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "object"
            await self.copy_to(key, file)
            return await asyncio.to_thread(open_file, file)

    async def list_keys(self, prefix: str) -> list[str]:
        """All keys under a folder."""
        return sorted([found["path"] async for page in obstore.list(self._store, prefix) for found in page])

    async def delete(self, key: str) -> None:
        """Harmless when there is none."""
        with contextlib.suppress(FileNotFoundError):
            await obstore.delete_async(self._store, key)

    async def delete_prefix(self, prefix: str) -> int:
        """Delete all keys under a folder; returns how many there were."""
        keys = [found["path"] async for page in obstore.list(self._store, prefix) for found in page]
        if keys:
            await obstore.delete_async(self._store, keys)
        return len(keys)

    async def delete_cut(self, prefix: str, *, before: datetime) -> int:
        """Delete what a put left under a folder that was killed in the middle and wrote before that moment for the last
        time; returns how many files. No key leads to them. In S3 a lifecycle rule of the bucket does this.
        """
        if not isinstance(self._store, LocalStore):
            return 0
        return await asyncio.to_thread(_delete_cut, Path(str(self._store.prefix)) / prefix, before.timestamp())


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
