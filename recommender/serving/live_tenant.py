"""A live tenant: its catalogue and its active model in memory, all that a slot is filled from."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from recommender.model import Model
from recommender.serving.catalogue import NOWHERE, Catalogue
from tenants.consent import Choices
from tenants.suppression import Suppressed

AT_ONCE = 24


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """A model joined to the catalogue."""

    model: Model
    rows: NDArray[np.int64]
    """`rows[i]` is the catalogue's row of the model's product i, or NOWHERE; so is the last, for the index -1."""
    indices: dict[int, int]
    """The other way round: the model's index of a catalogue row."""

    def for_you(self, external_id: str) -> Iterable[int]:
        """Catalogue rows for this shopper, best first; empty for one whom the model does not know."""
        index = self.model.shoppers.find(external_id)
        return () if index is None else self._rows(self.model.for_you[index])

    def similar(self, row: int) -> Iterable[int]:
        """Catalogue rows beside this one, nearest first; empty for a product that the model does not know."""
        index = self.indices.get(row)
        return () if index is None else self._rows(self.model.similar[index])

    def popular(self) -> Sequence[int]:
        """Catalogue rows by recent purchases."""
        return list(self._rows(self.model.popular))

    def _rows(self, indices: NDArray[np.int32]) -> Iterator[int]:
        """A few at a time: a slot seldom looks at more than the head of a list."""
        for start in range(0, len(indices), AT_ONCE):
            yield from self.rows[indices[start : start + AT_ONCE]].tolist()


@dataclass(slots=True, eq=False)
class LiveTenant:
    """What one process serves a tenant from. Only `live_tenants` changes it."""

    tenant_id: UUID
    catalogue: Catalogue = field(default_factory=Catalogue)
    learned: Learned | None = None
    popular: Sequence[int] = ()
    version_json: bytes = b"null"
    """The active model version as it stands in every answer."""
    changed_since: int = 0
    """The mark up to which catalogue changes have been read."""
    choices: Choices = field(default_factory=Choices)
    suppressed: Suppressed = field(default_factory=Suppressed)
    privacy_since: int = 0
    """The mark up to which choices and erasures have been read."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """External ids of merged shoppers, and the one that stands for each."""
    identity_version: int = 0
    """As of which the aliases were read."""

    @property
    def version_id(self) -> UUID | None:
        return None if self.learned is None else self.learned.model.version_id

    def may_personalise(self, external_id: str) -> bool:
        """Whether this shopper agreed, or did not object, and was not erased."""
        person = self.aliases.get(external_id, external_id)
        return self.choices.allow(person) and not self.suppressed.holds("external_id", external_id)

    def for_you(self, external_id: str) -> Iterable[int]:
        """Catalogue rows for this shopper under any of their ids: the old one while the model knows that only."""
        if self.learned is None:
            return ()
        person = self.aliases.get(external_id, external_id)
        return self.learned.for_you(person) or self.learned.for_you(external_id)

    def learn(self, model: Model | None) -> None:
        """Serve from this model from now on; also called when the catalogue grew."""
        self.learned = None if model is None else join(model, self.catalogue)
        self.popular = () if self.learned is None else self.learned.popular()
        self.version_json = b"null" if model is None else b'"%s"' % str(model.version_id).encode()


def join(model: Model, catalogue: Catalogue) -> Learned:
    rows = [catalogue.rows.get(product_id, NOWHERE) for product_id in model.products]
    indices = {row: index for index, row in enumerate(rows) if row != NOWHERE}
    return Learned(model, np.array([*rows, NOWHERE]), indices)
