"""Blobs: short byte strings of all tenants in files without names, so that memory holds only what is asked for."""

import mmap
import os
import resource
import tempfile
from array import array
from collections.abc import Iterable
from pathlib import Path

SEGMENT_BITS = 26
SEGMENT = 1 << SEGMENT_BITS
"""Bytes of a file: 64 MB, of which only what was written takes room on disk."""
SPARE = 16
"""Bytes left free behind a blob, so that a changed price fits in its place."""
MAPPED_BUDGET = 256 * 2**20
"""Bytes of mapped files that a process may hold before it gives them back."""


class Blobs:
    """Appended, or written over in place. What is given up is not used again before the process ends."""

    def __init__(self) -> None:
        self.maps: list[mmap.mmap] = []
        self._files: list[int] = []
        self._end = 0

    def put(self, data: bytes) -> tuple[int, int]:
        """Store it; returns where, and how many bytes there are in its place. At most `SEGMENT` bytes."""
        room = len(data) + SPARE
        if not self.maps or (self._end & (SEGMENT - 1)) + room > SEGMENT:
            self._add_segment()
        at, self._end = self._end, self._end + room
        self.write(at, data)
        return at, room

    def write(self, at: int, data: bytes) -> None:
        """Write over what is there."""
        os.pwrite(self._files[at >> SEGMENT_BITS], data, at & (SEGMENT - 1))

    def read(self, at: int, length: int) -> bytes:
        return os.pread(self._files[at >> SEGMENT_BITS], length, at & (SEGMENT - 1))

    def trim(self) -> None:
        """Give the mapped pages back when there are too many: the kernel keeps them, and we are charged for less."""
        if _mapped_bytes() > MAPPED_BUDGET:
            for mapped in self.maps:
                mapped.madvise(mmap.MADV_DONTNEED)

    def close(self) -> None:
        for file, mapped in zip(self._files, self.maps, strict=True):
            mapped.close()
            os.close(file)

    def _add_segment(self) -> None:
        with tempfile.TemporaryFile() as opened:
            file = os.dup(opened.fileno())
        os.ftruncate(file, SEGMENT)
        self._end = len(self._files) << SEGMENT_BITS
        self._files.append(file)
        self.maps.append(mmap.mmap(file, SEGMENT, access=mmap.ACCESS_READ))


class Column:
    """One blob a row."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._at, self._length, self._room = array("q"), array("i"), array("i")

    def __len__(self) -> int:
        return len(self._at)

    def __getitem__(self, row: int) -> bytes:
        """Read from the file. About a microsecond."""
        return self._blobs.read(self._at[row], self._length[row])

    def many(self, rows: Iterable[int]) -> list[bytes]:
        """The blobs of some rows, from the mapped file. Written out, because pages wait for it."""
        maps, ats, lengths, within = self._blobs.maps, self._at, self._length, SEGMENT - 1
        return [maps[(at := ats[row]) >> SEGMENT_BITS][at & within : (at & within) + lengths[row]] for row in rows]

    def append(self, data: bytes) -> None:
        at, room = self._blobs.put(data)
        self._at.append(at)
        self._room.append(room)
        self._length.append(len(data))

    def __setitem__(self, row: int, data: bytes) -> None:
        if len(data) > self._room[row]:
            self._at[row], self._room[row] = self._blobs.put(data)
        else:
            self._blobs.write(self._at[row], data)
        self._length[row] = len(data)


def _mapped_bytes() -> int:
    """What this process holds of files; Linux's /proc/self/statm, in pages."""
    return int(Path("/proc/self/statm").read_text().split()[2]) * resource.getpagesize()
