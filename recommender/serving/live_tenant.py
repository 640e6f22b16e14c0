"""A live tenant: its catalogue and its active model in memory, all that a slot is filled from."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from recommender.model import Model
from recommender.serving.catalogue import Catalogue

NOWHERE = -1


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """A model joined to the catalogue: `rows[i]` is the catalogue's row of the model's product i, or NOWHERE."""

    model: Model
    rows: Sequence[int]
    indices: dict[int, int]
    """The other way round: the model's index of a catalogue row."""

    def for_you(self, external_id: str) -> Sequence[int]:
        """Catalogue rows for this shopper, best first; empty for one whom the model does not know."""
        index = self.model.shoppers.find(external_id)
        return () if index is None else self._rows(self.model.for_you[index].tolist())

    def similar(self, row: int) -> Sequence[int]:
        """Catalogue rows beside this one, nearest first; empty for a product that the model does not know."""
        index = self.indices.get(row)
        return () if index is None else self._rows(self.model.similar[index].tolist())

    def popular(self) -> Sequence[int]:
        """Catalogue rows by recent purchases."""
        return self._rows(self.model.popular.tolist())

    def _rows(self, indices: Sequence[int]) -> Sequence[int]:
        rows = self.rows
        return [rows[index] for index in indices if index >= 0 and rows[index] >= 0]


@dataclass(slots=True, eq=False)
class LiveTenant:
    """What one process serves a tenant from. Only `live_tenants` changes it."""

    tenant_id: UUID
    catalogue: Catalogue = field(default_factory=Catalogue)
    learned: Learned | None = None
    popular: Sequence[int] = ()
    changed_since: int = 0
    """The mark up to which catalogue changes have been read."""

    @property
    def version_id(self) -> UUID | None:
        return None if self.learned is None else self.learned.model.version_id

    def learn(self, model: Model | None) -> None:
        """Serve from this model from now on; also called when the catalogue grew."""
        self.learned = None if model is None else join(model, self.catalogue)
        self.popular = () if self.learned is None else self.learned.popular()


def join(model: Model, catalogue: Catalogue) -> Learned:
    rows = [catalogue.rows.get(product_id, NOWHERE) for product_id in model.products]
    return Learned(model, rows, {row: index for index, row in enumerate(rows) if row >= 0})
