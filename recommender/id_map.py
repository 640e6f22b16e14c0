"""An id map: the merchant's ids of shoppers or products in ascending order, each with its dense index 0…n-1."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class IdMap:
    """Ids as two arrays, which need no pickle and can stay on disk: id i is `blob[offsets[i]:offsets[i + 1]]`.

    There is no dictionary: a thousand tenants' would not fit, and a search among a million ids takes 20 steps.
    """

    blob: NDArray[np.uint8]
    """The ids' UTF-8 bytes, one after the other."""
    offsets: NDArray[np.int64]
    """Shape (n + 1,), first 0, last `len(blob)`."""

    @classmethod
    def of(cls, ids: Iterable[str]) -> "IdMap":
        """Raises ValueError unless the ids ascend, which also means that none comes twice."""
        encoded = [one.encode() for one in ids]
        lengths = np.fromiter(map(len, encoded), np.int64, len(encoded))
        made = cls(np.frombuffer(b"".join(encoded), np.uint8), np.concatenate(([0], np.cumsum(lengths))))
        made.check()
        return made

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __iter__(self) -> Iterator[str]:
        blob, ends = self.blob.tobytes(), self.offsets.tolist()
        return (blob[start:end].decode() for start, end in pairwise(ends))

    @property
    def ids(self) -> Sequence[str]:
        """All ids in index order, made anew."""
        return list(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, IdMap):
            return NotImplemented
        return np.array_equal(self.offsets, other.offsets) and np.array_equal(self.blob, other.blob)

    def find(self, external_id: str) -> int | None:
        """The id's index, or None for an id that is not in the map."""
        wanted = external_id.encode(errors="surrogatepass")
        index = bisect_left(range(len(self)), wanted, key=self._bytes)
        return index if index < len(self) and self._bytes(index) == wanted else None

    def id_of(self, index: int) -> str:
        """The id at an index; raises IndexError outside 0…n-1."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        return self._bytes(index).decode()

    def take(self, indices: NDArray[np.integer]) -> "IdMap":
        """A new map of the ids at these indices, which ascend."""
        ids = self.ids
        return IdMap.of(ids[index] for index in indices.tolist())

    def places(self, others: "IdMap | Sequence[str]") -> NDArray[np.int64]:
        """Shape (len(others),): where each of the others' ids stands here, -1 where it does not."""
        indices = {external_id: index for index, external_id in enumerate(self)}
        return np.fromiter((indices.get(one, -1) for one in others), np.int64, len(others))

    def check(self) -> None:
        """Raise ValueError unless the arrays describe ascending UTF-8 ids."""
        if self.offsets.ndim != 1 or self.blob.ndim != 1 or len(self.offsets) == 0:
            raise ValueError("An id map needs one-dimensional arrays and at least one offset.")
        if self.offsets[0] != 0 or self.offsets[-1] != len(self.blob) or np.any(np.diff(self.offsets) < 0):
            raise ValueError("An id map's offsets do not fit its bytes.")
        if any(first >= second for first, second in pairwise(self)):
            raise ValueError("The ids of an id map ascend, and none comes twice.")

    def _bytes(self, index: int) -> bytes:
        return self.blob[self.offsets[index] : self.offsets[index + 1]].tobytes()


def in_order(ids: Sequence[str]) -> tuple[IdMap, NDArray[np.int32]]:
    """Different ids, sorted as an id map, and the new index of each old one."""
    order = sorted(range(len(ids)), key=ids.__getitem__)
    places = np.empty(len(ids), np.int32)
    places[order] = np.arange(len(ids), dtype=np.int32)
    return IdMap.of(ids[old] for old in order), places
