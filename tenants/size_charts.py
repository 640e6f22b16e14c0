"""Size charts: which bodies a maker's sizes are made for. A chart serves products by id, or by brand and category."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from infra.database import Connection
from infra.errors import NotFound
from tenants.fields import ExternalId, Moment, ShortText
from tenants.fit_feedback import SizeName
from tenants.footwear_sizes import FootwearSystem
from tenants.lengths import Unit, to_tenth_mm
from tenants.measurement_definitions import MeasurementKey, MeasurementKind
from tenants.shop_documents import delete_document, find_document, list_documents, refuse_too_many, upsert_documents
from tenants.size_advice import Range, Row
from tenants.upserts import Upserted

LONGEST = 10_000
Length = Annotated[float, Meta(ge=0, le=LONGEST, description="In the chart's unit.")]
ChartSystem = FootwearSystem | Literal["letters", "other"]


class SizeRange(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """From and to of one measurement, both included; without an end it is open."""

    key: MeasurementKey
    min: Length | None = None
    max: Length | None = None

    def __post_init__(self) -> None:
        if self.min is None and self.max is None:
            raise ValueError("a range needs a min or a max")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min must not be above max")


_ONE_END = Meta(
    extra_json_schema={
        "anyOf": [{"required": [end], "properties": {end: {"type": "number"}}} for end in ("min", "max")]
    }
)
"""What a struct cannot say of itself in the OpenAPI document."""


class SizeRow(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One size, and the bodies that it is made for."""

    size: SizeName
    ranges: Annotated[tuple[Annotated[SizeRange, _ONE_END], ...], Meta(min_length=1, max_length=10)]


class SizeChart(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A maker's chart. It serves the products that it names, and those of its brand and categories: whatever of these
    is given must hold. A chart that names the product comes before one of its brand and category, then its category,
    then its brand; of equals the one of the smaller id."""

    id: ExternalId
    title: ShortText = ""
    kind: MeasurementKind = "custom"
    system: Annotated[
        ChartSystem, Meta(description="What its sizes are. Those of footwear can be told in other systems, as a guide.")
    ] = "other"
    basis: Annotated[
        Literal["body", "garment"], Meta(description="Whether ranges are of the body, or of a garment that fits it.")
    ] = "body"
    unit: Unit
    products: Annotated[tuple[ExternalId, ...], Meta(max_length=1000)] = ()
    brand: ShortText = ""
    categories: Annotated[tuple[ShortText, ...], Meta(max_length=100, description="One of these.")] = ()
    rows: Annotated[
        tuple[SizeRow, ...],
        Meta(min_length=1, max_length=200, description="The smaller sizes first; all with ranges of the same keys."),
    ]

    def __post_init__(self) -> None:
        keys = [{one.key for one in row.ranges} for row in self.rows]
        if any(len(row.ranges) > len(found) for row, found in zip(self.rows, keys, strict=True)):
            raise ValueError("a size has one range of each key")
        if any(found != keys[0] for found in keys):
            raise ValueError("all sizes must have ranges of the same keys")
        if len({row.size for row in self.rows}) < len(self.rows):
            raise ValueError("sizes must differ from one another")

    def rows_in_tenth_mm(self) -> list[Row]:
        """As `tenants.size_advice` reads them: keys in the order of the first row."""
        return [_row(row, [one.key for one in self.rows[0].ranges], self.unit) for row in self.rows]


class StoredSizeChart(SizeChart, frozen=True, kw_only=True):
    """A chart as we hold it."""

    created_at: Moment
    updated_at: Moment


async def upsert_size_charts(conn: Connection, charts: Sequence[SizeChart]) -> Upserted:
    """Store each as given, in full; ids must differ. Raises TooManyDocuments."""
    refuse_too_many("size_charts", len(charts))
    return await upsert_documents(conn, "size_charts", charts)


async def get_size_chart(conn: Connection, name: str) -> StoredSizeChart:
    """Raises NotFound."""
    found = await find_document(conn, "size_charts", name, StoredSizeChart)
    if found is None:
        raise _no_chart(name)
    return found


async def list_size_charts(conn: Connection, *, after: str, limit: int) -> Sequence[StoredSizeChart]:
    """By id, starting behind `after` ('' from the start)."""
    return await list_documents(conn, "size_charts", StoredSizeChart, after=after, limit=limit)


async def delete_size_chart(conn: Connection, name: str) -> None:
    """Raises NotFound."""
    if not await delete_document(conn, "size_charts", name):
        raise _no_chart(name)


async def find_chart_of(conn: Connection, product_id: str) -> SizeChart | None:
    """The chart that serves a product of the catalogue."""
    row = await conn.fetchrow(_CHART_OF, product_id)
    return None if row is None else msgspec.convert(row["document"], SizeChart)


def _row(row: SizeRow, keys: Sequence[str], unit: Unit) -> Row:
    ranges: Mapping[str, SizeRange] = {one.key: one for one in row.ranges}
    return Row(row.size, {key: Range(_tenth(ranges[key].min, unit), _tenth(ranges[key].max, unit)) for key in keys})


def _tenth(length: float | None, unit: Unit) -> int | None:
    # By its shortest decimal form, which is what was sent.
    return None if length is None else to_tenth_mm(Decimal(repr(length)), unit)


def _no_chart(name: str) -> NotFound:
    return NotFound(f"There is no size chart {name!r}.", hint="GET /v1/size-charts lists them.")


# A chart without products, brand and categories serves nothing. ?| finds one of several texts in a JSON array.
_CHART_OF = """
select chart.document
from products
join size_charts as chart using (tenant_id)
cross join lateral (
    select chart.products ? product_id as named, chart.brand <> '' as has_brand,
        chart.categories <> '[]' as has_categories
) as scope
where product_id = $1 and products.deleted_at is null and chart.deleted_at is null
    and (
        named
        or (
            (has_brand or has_categories)
            and (not has_brand or chart.brand = products.brand)
            and (not has_categories or chart.categories ?| products.categories)
        )
    )
order by named desc, has_categories desc, has_brand desc, document_id
limit 1
"""
