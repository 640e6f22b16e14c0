"""Files: an import's bytes on the local disk, unpacked while they are read and never beyond a cap."""

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from tenants.imports.records import FileRefused

UNPACKED_CAP = 20_000_000_000
"""Bytes of a .gz file when unpacked."""
RATIO_CAP = 200
"""Times that a .gz file may grow, once it has grown beyond `SMALL` bytes. Text packs 5 to 20 times."""
SMALL = 50_000_000
GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
PIECE = 1 << 18


@contextmanager
def open_file(path: Path, *, cap: int = UNPACKED_CAP) -> Iterator["tuple[BinaryIO, Callable[[], int]]"]:
    """The file's bytes, unpacked when it is a .gz, and a function that says how many stored bytes are read.

    Raises FileRefused for a .zip, an empty file and, while reading, for a .gz that is cut or grows beyond its cap.
    """
    size = path.stat().st_size
    with path.open("rb") as stored:

        def position() -> int:
            # A reader of texts closes the file when it has come to its end.
            return size if stored.closed else stored.tell()

        start = stored.read(4)
        stored.seek(0)
        if not start:
            raise FileRefused("The file is empty.")
        if start == ZIP:
            raise FileRefused("A .zip file is not read: it may hold many files. Send the file itself, or as .gz.")
        if not start.startswith(GZIP):
            yield stored, position
            return
        allowed = min(cap, max(SMALL, RATIO_CAP * size))
        unpacked = io.BufferedReader(_Unpacked(gzip.GzipFile(fileobj=stored), allowed), PIECE)
        yield cast(BinaryIO, unpacked), position


class _Unpacked(io.RawIOBase):
    """A .gz file's content, up to a number of bytes."""

    def __init__(self, packed: gzip.GzipFile, allowed: int) -> None:
        self._packed, self._allowed, self._size = packed, allowed, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]  # any writable buffer
        try:
            piece = self._packed.read1(len(buffer))
        except EOFError:
            raise FileRefused("The .gz file is cut: its end is missing.") from None
        except (gzip.BadGzipFile, zlib.error):
            raise FileRefused("The .gz file is damaged.") from None
        self._size += len(piece)
        if self._size > self._allowed:
            raise FileRefused(f"The .gz file unpacks to more than {self._allowed:,} bytes.")
        buffer[: len(piece)] = piece
        return len(piece)
