"""Measurement definitions: what a shop measures, by key: how it is taken, on which sides, what can be true."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from msgspec import Meta, Struct

from infra.database import Connection
from infra.errors import NotFound
from tenants.attributes import Locale
from tenants.fields import Moment
from tenants.lengths import Unit
from tenants.shop_documents import delete_document, find_document, list_documents, refuse_too_many, upsert_documents
from tenants.upserts import Upserted

MeasurementKind = Literal["foot", "upper_body", "lower_body", "ring", "head", "wrist", "custom"]
MeasurementKey = Annotated[
    str, Meta(max_length=100, pattern=r"\A[a-z][a-z0-9_]*\Z", description="Small letters, digits and underscores.")
]
LONGEST_TENTH_MM = 100_000
"""Ten metres: no value is longer."""

TenthMm = Annotated[int, Meta(ge=1, le=LONGEST_TENTH_MM, description="In tenths of a millimetre.")]


class MeasurementDefinition(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one key measures. Ranges rule what is told from now on; what is stored stays."""

    id: MeasurementKey
    label: Annotated[
        dict[Locale, Annotated[str, Meta(min_length=1, max_length=200)]],
        Meta(min_length=1, max_length=100, description="Its name by locale."),
    ]
    kind: MeasurementKind = "custom"
    sided: Annotated[bool, Meta(description="true: taken on the left and on the right.")] = False
    unit: Annotated[Unit, Meta(description="In which it is shown where nobody chooses.")] = "cm"
    soft_min_tenth_mm: Annotated[TenthMm | None, Meta(description="Less is unusual: stored with a warning.")] = None
    soft_max_tenth_mm: Annotated[TenthMm | None, Meta(description="More is unusual: stored with a warning.")] = None
    hard_min_tenth_mm: Annotated[TenthMm | None, Meta(description="Less cannot be true: refused.")] = None
    hard_max_tenth_mm: Annotated[TenthMm | None, Meta(description="More cannot be true: refused.")] = None
    tolerance_tenth_mm: Annotated[
        int, Meta(ge=0, le=LONGEST_TENTH_MM, description="How far a careful measure may be off, either way.")
    ] = 0
    stale_after_days: Annotated[
        Annotated[int, Meta(ge=1, le=36_500)] | None, Meta(description="The shop's own limit if unset.")
    ] = None
    required_of: Annotated[
        tuple[Literal["shopper", "person"], ...],
        Meta(max_length=2, description="In whose profile it counts as missing until it is known."),
    ] = ()
    weight: Annotated[int, Meta(ge=1, le=1000, description="Its share in the completeness of a profile.")] = 1
    how: Annotated[
        dict[Locale, Annotated[str, Meta(min_length=1, max_length=4000)]],
        Meta(max_length=100, description="How it is taken by locale, one step a line."),
    ] = {}
    drawing: Annotated[
        str, Meta(max_length=100, pattern=r"\A([a-z][a-z0-9_]*)?\Z", description="Which drawing the page shows.")
    ] = ""

    def __post_init__(self) -> None:
        low, high = self.hard_min_tenth_mm, self.hard_max_tenth_mm
        said = [one for one in (low, self.soft_min_tenth_mm, self.soft_max_tenth_mm, high) if one is not None]
        if said != sorted(said):
            raise ValueError("ranges must be in order: hard_min, soft_min, soft_max, hard_max")
        if len({*self.required_of}) < len(self.required_of):
            raise ValueError("required_of must name each once")

    @property
    def hard_range(self) -> tuple[int, int]:
        """In tenths of a millimetre, both ends included."""
        return self.hard_min_tenth_mm or 1, self.hard_max_tenth_mm or LONGEST_TENTH_MM

    @property
    def soft_range(self) -> tuple[int, int]:
        """The same; what is outside is unusual."""
        low, high = self.hard_range
        return self.soft_min_tenth_mm or low, self.soft_max_tenth_mm or high


class StoredMeasurementDefinition(MeasurementDefinition, frozen=True, kw_only=True):
    """A definition as we hold it."""

    created_at: Moment
    updated_at: Moment


Definitions = Mapping[str, StoredMeasurementDefinition]


async def upsert_measurement_definitions(conn: Connection, definitions: Sequence[MeasurementDefinition]) -> Upserted:
    """Store each definition as given, in full; keys must differ. Raises TooManyDocuments."""
    refuse_too_many("measurement_definitions", len(definitions))
    return await upsert_documents(conn, "measurement_definitions", definitions)


async def get_measurement_definition(conn: Connection, key: str) -> StoredMeasurementDefinition:
    """Raises NotFound."""
    found = await find_document(conn, "measurement_definitions", key, StoredMeasurementDefinition)
    if found is None:
        raise _no_definition(key)
    return found


async def list_measurement_definitions(
    conn: Connection, *, after: str = "", limit: int | None = None
) -> Sequence[StoredMeasurementDefinition]:
    """By key, starting behind `after` ('' from the start); all of them without a limit."""
    return await list_documents(conn, "measurement_definitions", StoredMeasurementDefinition, after=after, limit=limit)


async def delete_measurement_definition(conn: Connection, key: str) -> None:
    """Forget what the key means; values stay where they are. Raises NotFound."""
    if not await delete_document(conn, "measurement_definitions", key):
        raise _no_definition(key)


async def find_measurement_definitions(conn: Connection) -> Definitions:
    """All of the shop's, by key."""
    return {one.id: one for one in await list_measurement_definitions(conn)}


def _no_definition(key: str) -> NotFound:
    return NotFound(f"There is no measurement {key!r}.", hint="GET /v1/measurement-definitions lists those there are.")
