"""Blobs: short byte strings of all tenants in unnamed files that are mapped, so that memory holds what is asked for."""

import mmap
import os
import tempfile
from array import array
from collections.abc import Iterable

SEGMENT_BITS = 26
SEGMENT = 1 << SEGMENT_BITS
"""Bytes of a file: 64 MB, of which only what was written takes room on disk."""
SPARE = 16
"""Bytes left free behind a blob, so that a changed price fits in its place."""


class Blobs:
    """Appended, or written over in place. One for a process; what is given up is not used again before it ends."""

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

    def get(self, at: int, length: int) -> bytes:
        start = at & (SEGMENT - 1)
        return self.maps[at >> SEGMENT_BITS][start : start + length]

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
        return self._blobs.get(self._at[row], self._length[row])

    def many(self, rows: Iterable[int]) -> list[bytes]:
        """The blobs of some rows. Written out, because pages wait for it."""
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
