"""Attribute texts: a CSV's cells know no types, so they are read as what the attribute's definition says."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from tenants.attribute_values import Kind, Rules
from tenants.attributes import AttributeType
from tenants.fields import Attributes, Scalar


def read_attribute_texts(documents: Sequence[Any], rules: Rules, *, field: str = "attributes") -> Sequence[Any]:
    """The documents (structs of one kind) with texts as numbers or yes/no where the definition is of such a type.

    A text that cannot be read so stays, and is refused when it is stored.
    """
    readers = find_readers(rules.kinds)
    if not readers:
        return documents
    return [
        msgspec.structs.replace(document, **{field: read_texts(getattr(document, field), readers)})
        for document in documents
    ]


Reader = Callable[[str], Scalar]


def find_readers(kinds: Mapping[str, Kind]) -> Mapping[str, Reader]:
    """By attribute, for the types that are no texts."""
    return {name: _READERS[kind.type] for name, kind in kinds.items() if kind.type in _READERS}


def read_texts(attributes: Attributes, readers: Mapping[str, Reader]) -> Attributes:
    return {
        name: readers[name](value) if isinstance(value, str) and name in readers else value
        for name, value in attributes.items()
    }


def _integer(text: str) -> Scalar:
    return int(text) if _INTEGER.fullmatch(text.strip()) else text


def _number(text: str) -> Scalar:
    return float(text) if _NUMBER.fullmatch(text.strip()) else _integer(text)


def _boolean(text: str) -> Scalar:
    return _WORDS.get(text.strip().lower(), text)


# As many digits as a double holds: more would be another number.
_INTEGER = re.compile(r"[+-]?\d{1,15}", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,15}\.\d{1,15}", re.ASCII)
_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_READERS: Mapping[AttributeType, Reader] = {"integer": _integer, "number": _number, "boolean": _boolean}
