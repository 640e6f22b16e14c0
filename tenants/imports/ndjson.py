"""NDJSON: one JSON value a line; the lines stay bytes, because msgspec decodes them straight into documents."""

from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from infra.errors import FieldError
from tenants.decoding import field_error
from tenants.imports.records import BadRecord, Record, Table

LONGEST = 1_000_000
"""Bytes of a line."""
RAW = ""
"""The column that holds the whole line."""
_objects = msgspec.json.Decoder(dict[str, object])


def read_ndjson(stream: BinaryIO) -> Table:
    """Records with one cell, the line's bytes."""
    return Table((), _read(stream))


def read_fields(record: Record) -> Record | BadRecord:
    """The line's own fields as cells, for a file whose fields have other names than ours."""
    try:
        return Record(record.line, _objects.decode(record.cells[RAW]))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return BadRecord(record.line, field_error(error))


def _read(stream: BinaryIO) -> Iterator[Record | BadRecord]:
    number = 0
    while line := stream.readline(LONGEST):
        number += 1
        if len(line) == LONGEST and not line.endswith(b"\n"):
            _skip(stream)
            yield BadRecord(number, FieldError("", f"has more than {LONGEST:,} bytes"))
            continue
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if line.strip():
            yield Record(number, {RAW: line})


def _skip(stream: BinaryIO) -> None:
    while (rest := stream.readline(LONGEST)) and not rest.endswith(b"\n"):
        pass
