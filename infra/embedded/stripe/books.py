"""Books: everything that one Stripe account has, kept as the objects that Stripe would answer."""

import copy
import secrets
import string
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from infra.embedded.stripe.refusals import NoSuchObject

# A JSON object as it is answered: its fields are as many as Stripe's documentation has, so their types are checked by a
# test against the classes of the `stripe` package and not here.
Record = dict[str, Any]
Table = dict[str, Record]

_LETTERS = string.ascii_letters + string.digits


class Surroundings(Protocol):
    """What an account needs of the world around it."""

    search_lag_seconds: int

    def now(self) -> int:
        """The fake's time, in whole seconds."""

    def emit(self, books: "Books", kind: str, record: Record, previous: Record | None) -> None:
        """Let the account's and the platform's webhook endpoints know."""

    def remind(self, at: int, kind: str, account: str, wanted: str) -> None:
        """Come back to an object at that time."""

    def platform(self) -> "Books":
        """The account that the API key belongs to."""

    def page(self, path: str) -> str:
        """The full address of a page of the fake."""

    def books_of(self, account: str) -> "Books":
        """A connected account's books."""

    def open_account(self, account: Record) -> Record:
        """Keep a connected account and give it books."""

    def find_account(self, account: str) -> Record:
        """The account object, also of the platform itself."""

    def close_account(self, account: str) -> None:
        """The platform has no access to it any more."""


class Books:
    """One account's tables by object name. `hidden` holds by id what Stripe knows of an object and does not tell."""

    def __init__(self, account: str, world: Surroundings) -> None:
        self.account, self.world = account, world
        self.tables: dict[str, Table] = {}
        self.hidden: dict[str, Record] = {}

    @property
    def is_platform(self) -> bool:
        return self is self.world.platform()

    def now(self) -> int:
        return self.world.now()

    def add(self, record: Record, **hidden: Any) -> Record:
        """Keep a new object; returns the object itself, which may be changed in place."""
        self.tables.setdefault(record["object"], {})[record["id"]] = record
        if hidden:
            self.hidden[record["id"]] = hidden
        return record

    def table(self, kind: str) -> Table:
        return self.tables.setdefault(kind, {})

    def find(self, kind: str, wanted: str) -> Record | None:
        return self.tables.get(kind, {}).get(wanted)

    def get(self, kind: str, wanted: str, param: str | None = None) -> Record:
        """The object itself. Raises NoSuchObject, which is also the answer for an object of another account."""
        found = self.find(kind, wanted)
        if found is None:
            raise NoSuchObject(kind.rpartition(".")[2], wanted, param)
        return found

    def choose(self, kind: str, fits: Callable[[Record], bool]) -> list[Record]:
        """The objects that fit, newest first."""
        return [record for record in reversed(self.table(kind).values()) if fits(record)]

    def emit(self, kind: str, record: Record, previous: Record | None = None) -> None:
        """Record an event about the object as it is now."""
        self.world.emit(self, kind, record, previous)

    def change(self, record: Record, event: str | None, **fields: Any) -> Record:
        """Change fields, and record an event that tells what they were, if there is one and anything changed."""
        previous = {
            name: copy.deepcopy(record.get(name)) for name, value in fields.items() if record.get(name) != value
        }
        record.update(fields)
        if event is not None and previous:
            self.emit(event, record, previous)
        return record


def new_id(prefix: str) -> str:
    """An id that looks like Stripe's."""
    return prefix + "_" + "".join(secrets.choice(_LETTERS) for _ in range(24))


def empty(names: str) -> Record:
    """These fields without a value: Stripe answers them as null."""
    return dict.fromkeys(names.split())


def listed(records: Iterable[Record], url: str, *, has_more: bool = False) -> Record:
    """A list object."""
    return {"object": "list", "data": list(records), "has_more": has_more, "url": url}
