"""Calls: one request for the API as a handler sees it, and the route that leads to the handler."""

import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from infra.embedded.stripe.books import Books, Record, listed
from infra.embedded.stripe.forms import Params
from infra.embedded.stripe.refusals import InvalidRequest

LIST = "limit starting_after ending_before"
DATED = f"{LIST} created"
_MOST_ROWS = 100
_BOUNDS: dict[str, Callable[[int, int], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}


@dataclass(frozen=True, slots=True)
class Call:
    """The account's books, the parameters, and the ids out of the path."""

    books: Books
    params: Params
    ids: dict[str, str]
    url: str

    @property
    def id(self) -> str:
        return self.ids["id"]

    def page(self, records: Iterable[Record]) -> Record:
        """A page of the records, which come newest first. Raises InvalidRequest for a bad limit or cursor."""
        rows, limit = [row for row in records if self._dated(row)], self.params.whole("limit") or 10
        if not 1 <= limit <= _MOST_ROWS:
            raise InvalidRequest(f"Invalid integer: limit must be between 1 and {_MOST_ROWS}", param="limit")
        after, before = self.params.text("starting_after"), self.params.text("ending_before")
        if after is not None:
            rows = rows[_position(rows, after, "starting_after") + 1 :]
        if before is not None:
            rows = rows[: _position(rows, before, "ending_before")]
            return listed(rows[-limit:], self.url, has_more=len(rows) > limit)
        return listed(rows[:limit], self.url, has_more=len(rows) > limit)

    def fits(self, record: Record, *names: str) -> bool:
        """Whether the record has what the parameters of these names ask for."""
        return all(name not in self.params or record.get(name) == self.params.text(name) for name in names)

    def _dated(self, record: Record) -> bool:
        """Whether it was created when `created` says: at a time, or within bounds."""
        if "created" not in self.params:
            return True
        if isinstance(self.params.tree["created"], str):
            return bool(record["created"] == self.params.whole("created"))
        bounds = self.params.hash("created")
        bounds.allow(_BOUNDS)
        return all(_BOUNDS[name](record["created"], bounds.need_whole(name)) for name in bounds)


Handler = Callable[[Call], Record]


@dataclass(frozen=True, slots=True)
class Route:
    """One address of the API, and the names of the parameters that the fake understands there."""

    method: str
    path: str
    handler: Handler
    accepts: frozenset[str]


def route(method: str, path: str, handler: Handler, accepts: str = "") -> Route:
    return Route(method, path, handler, frozenset([*accepts.split(), "expand"]))


def _position(rows: list[Record], wanted: str, param: str) -> int:
    for position, row in enumerate(rows):
        if row["id"] == wanted:
            return position
    raise InvalidRequest(f"No such object: '{wanted}'", code="resource_missing", param=param)
