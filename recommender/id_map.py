"""An id map: the merchant's ids of shoppers or products, each with its dense index 0…n-1."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class IdMap:
    """Ids as two arrays, so that a model needs no pickle: id i is `blob[offsets[i]:offsets[i + 1]]`.

    Without `slots`: the dictionary from id to index is built when it is first asked for.
    """

    blob: NDArray[np.uint8]
    """The ids' UTF-8 bytes, one after the other."""
    offsets: NDArray[np.int64]
    """Shape (n + 1,), first 0, last `len(blob)`."""

    @classmethod
    def of(cls, ids: Iterable[str]) -> "IdMap":
        """Number the ids in the given order; raises ValueError when an id comes twice."""
        encoded = [one.encode() for one in ids]
        if len(set(encoded)) != len(encoded):
            raise ValueError("An id comes twice in an id map.")
        lengths = np.fromiter(map(len, encoded), np.int64, len(encoded))
        return cls(np.frombuffer(b"".join(encoded), np.uint8), _offsets(lengths))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __iter__(self) -> Iterator[str]:
        return iter(self.ids)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, IdMap):
            return NotImplemented
        return np.array_equal(self.offsets, other.offsets) and np.array_equal(self.blob, other.blob)

    @cached_property
    def ids(self) -> Sequence[str]:
        """All ids in index order."""
        blob, ends = self.blob.tobytes(), self.offsets.tolist()
        return [blob[start:end].decode() for start, end in pairwise(ends)]

    @cached_property
    def _indices(self) -> dict[str, int]:
        return {external_id: index for index, external_id in enumerate(self.ids)}

    def find(self, external_id: str) -> int | None:
        """The id's index, or None for an id that is not in the map."""
        return self._indices.get(external_id)

    def id_of(self, index: int) -> str:
        """The id at an index; raises IndexError outside 0…n-1."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        return self.blob[self.offsets[index] : self.offsets[index + 1]].tobytes().decode()

    def take(self, indices: NDArray[np.integer]) -> "IdMap":
        """A new map of the ids at these indices, in their order."""
        ids = self.ids
        return IdMap.of(ids[index] for index in indices.tolist())

    def places(self, others: "IdMap") -> NDArray[np.int64]:
        """Shape (len(others),): where each of the others' ids stands here, -1 where it does not."""
        return np.fromiter((self._indices.get(one, -1) for one in others.ids), np.int64, len(others))

    def check(self) -> None:
        """Raise ValueError unless the arrays describe distinct UTF-8 ids; for arrays that were read from outside."""
        if self.offsets.ndim != 1 or self.blob.ndim != 1 or len(self.offsets) == 0:
            raise ValueError("An id map needs one-dimensional arrays and at least one offset.")
        if self.offsets[0] != 0 or self.offsets[-1] != len(self.blob) or np.any(np.diff(self.offsets) < 0):
            raise ValueError("An id map's offsets do not fit its bytes.")
        if len(self._indices) != len(self):
            raise ValueError("An id comes twice in an id map.")


def _offsets(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate(([0], np.cumsum(lengths)), dtype=np.int64)
