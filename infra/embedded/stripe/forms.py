"""Forms: `a[b][0][c]=1` as the Stripe libraries send it, read into parameters that are asked for by name and type.

Lists arrive as `a[0]=…` or `a[]=…`. They stay dictionaries until somebody asks for a list, because metadata may have
the key "0" too.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import parse_qsl

from infra.embedded.stripe.refusals import InvalidRequest

Tree = dict[str, Any]
"""Strings and further trees."""

_NAME = re.compile(r"\A([^\[\]]+)((?:\[[^\[\]]*\])*)\Z")
_PART = re.compile(r"\[([^\[\]]*)\]")
_MOST_METADATA = 50


def read_form(body: str) -> "Params":
    """Parse a query string or form body. Raises InvalidRequest for names that are not of that form."""
    tree: Tree = {}
    for name, value in parse_qsl(body, keep_blank_values=True):
        _place(tree, name, value)
    return Params(tree)


def _place(tree: Tree, name: str, value: str) -> None:
    parsed = _NAME.match(name)
    if parsed is None:
        raise InvalidRequest(f"Invalid request: the parameter name {name!r} cannot be read.")
    keys = [parsed[1], *_PART.findall(parsed[2])]
    for key in keys[:-1]:
        tree = tree.setdefault(key or str(len(tree)), {})
        if not isinstance(tree, dict):
            raise InvalidRequest(f"Invalid hash: {name}", param=keys[0])
    tree[keys[-1] or str(len(tree))] = value


class Params:
    """Parameters of one call, or of one hash in it. Whatever does not fit its type raises InvalidRequest."""

    def __init__(self, tree: Tree, path: str = "") -> None:
        self.tree, self._path = tree, path

    def __contains__(self, name: str) -> bool:
        return name in self.tree

    def __iter__(self) -> Iterator[str]:
        return iter(self.tree)

    def place(self, name: str) -> str:
        """The parameter's full name, as errors say it."""
        return f"{self._path}[{name}]" if self._path else name

    def allow(self, names: Iterable[str]) -> None:
        """Refuse parameters that are not among these."""
        unknown = [self.place(name) for name in self.tree if name not in names]
        if unknown:
            raise InvalidRequest(
                f"Received unknown parameter{'s' if len(unknown) > 1 else ''}: {', '.join(unknown)}",
                code="parameter_unknown",
                param=unknown[0],
            )

    def text(self, name: str) -> str | None:
        """None when it is missing or empty: an empty string unsets a value."""
        value = self.tree.get(name)
        if isinstance(value, dict):
            raise InvalidRequest(f"Invalid string: {self.place(name)}", param=self.place(name))
        return value or None

    def need_text(self, name: str) -> str:
        value = self.text(name)
        if value is None:
            raise self._missing(name)
        return value

    def choice(self, name: str, *allowed: str) -> str | None:
        value = self.text(name)
        if value is not None and value not in allowed:
            raise InvalidRequest(
                f"Invalid {self.place(name)}: must be one of {', '.join(allowed)}", param=self.place(name)
            )
        return value

    def whole(self, name: str) -> int | None:
        value = self.text(name)
        if value is None:
            return None
        if not re.fullmatch(r"-?\d{1,18}", value):
            place = self.place(name)
            raise InvalidRequest(f"Invalid integer: {value}", code="parameter_invalid_integer", param=place)
        return int(value)

    def need_whole(self, name: str) -> int:
        value = self.whole(name)
        if value is None:
            raise self._missing(name)
        return value

    def flag(self, name: str) -> bool | None:
        value = self.text(name)
        if value not in (None, "true", "false"):
            raise InvalidRequest(f"Invalid boolean: {value}", param=self.place(name))
        return None if value is None else value == "true"

    def hash(self, name: str) -> "Params":
        """A nested hash; empty when it is missing."""
        value = self.tree.get(name) or {}
        if not isinstance(value, dict):
            raise InvalidRequest(f"Invalid hash: {self.place(name)}", param=self.place(name))
        return Params(value, self.place(name))

    def rows(self, name: str) -> list["Params"]:
        """A list of hashes."""
        listed = self.hash(name)
        return [listed.hash(key) for key in listed.tree]

    def texts(self, name: str) -> list[str]:
        """A list of strings."""
        listed = self.hash(name)
        return [listed.need_text(key) for key in listed.tree]

    def metadata(self, before: dict[str, str] | None = None) -> dict[str, str]:
        """The metadata after this call: named keys change, an empty value removes one, an empty string removes all."""
        if self.tree.get("metadata") == "":
            return {}
        changed = self.hash("metadata")
        merged = {**(before or {}), **{key: changed.text(key) or "" for key in changed}}
        if len(merged) > _MOST_METADATA:
            raise InvalidRequest(f"Metadata can have up to {_MOST_METADATA} keys.", param=self.place("metadata"))
        for key, value in merged.items():
            if len(key) > 40 or len(value) > 500:
                message = f"Metadata keys can be up to 40 characters long and values up to 500: {key}"
                raise InvalidRequest(message, param=self.place("metadata"))
        return {key: value for key, value in merged.items() if value != ""}

    def _missing(self, name: str) -> InvalidRequest:
        place = self.place(name)
        return InvalidRequest(f"Missing required param: {place}.", code="parameter_missing", param=place)
