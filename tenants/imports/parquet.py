"""Parquet: columns as pyarrow reads them, a thousand rows at a time."""

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow
from pyarrow import parquet

from tenants.imports.records import FileRefused, Record, Table

ROWS = 1_000
GROUP_CAP = 1_000_000_000
"""Unpacked bytes of one row group: a reader must hold its pages."""


def read_parquet(stream: BinaryIO) -> Table:
    """The table; a record's line is the number of its row. Raises FileRefused when it is no Parquet file."""
    try:
        file = parquet.ParquetFile(stream, pre_buffer=False)
    except (pyarrow.ArrowException, OSError):
        raise FileRefused("The file is no Parquet file, or its end is missing.") from None
    for number in range(file.num_row_groups):
        if file.metadata.row_group(number).total_byte_size > GROUP_CAP:
            raise FileRefused(f"A row group unpacks to more than {GROUP_CAP:,} bytes: write smaller groups.")
    return Table(file.schema_arrow.names, _read(file))


def _read(file: parquet.ParquetFile) -> Iterator[Record]:
    number = 0
    try:
        for batch in file.iter_batches(batch_size=ROWS, use_threads=False):
            for cells in batch.to_pylist():
                number += 1
                yield Record(number, cells)
    except (pyarrow.ArrowException, OSError, ValueError):
        raise FileRefused(f"The Parquet file is damaged behind row {number:,}.") from None
