"""Expanding: `expand[]=latest_charge` answers the object in place of its id, and some lists that are left out else."""

from collections.abc import Callable

from infra.embedded.stripe.books import Books, Record, listed
from infra.embedded.stripe.checkout_sessions import lines_of
from infra.embedded.stripe.refusals import InvalidRequest


def _refunds(books: Books, charge: Record) -> Record:
    rows = books.choose("refund", lambda row: bool(row["charge"] == charge["id"]))
    return listed(rows, f"/v1/charges/{charge['id']}/refunds")


def _subscriptions(books: Books, customer: Record) -> Record:
    rows = books.choose("subscription", lambda row: row["customer"] == customer["id"] and row["status"] != "canceled")
    return listed(rows, f"/v1/customers/{customer['id']}/subscriptions")


def _tiers(books: Books, price: Record) -> list[Record]:
    whole = {"flat_amount_decimal": None, "unit_amount": None}
    return [{**whole, **tier} for tier in books.hidden[price["id"]]["tiers"]]


_LEFT_OUT: dict[tuple[str, str], Callable[[Books, Record], Record | list[Record]]] = {
    ("checkout.session", "line_items"): lines_of,
    ("charge", "refunds"): _refunds,
    ("customer", "subscriptions"): _subscriptions,
    ("price", "tiers"): _tiers,
}


def expand(books: Books, answer: Record, paths: list[str]) -> Record:
    """The answer with these properties expanded; the stored objects stay as they are. Raises InvalidRequest."""
    for path in paths:
        answer = _expand(books, answer, path.split("."), path)
    return answer


def _expand(books: Books, record: Record, parts: list[str], path: str) -> Record:
    name, rest = parts[0], parts[1:]
    left_out = _LEFT_OUT.get((record.get("object", ""), name))
    if left_out is not None:
        found: object = left_out(books, record)
    elif name in record:
        found = _resolved(books, record[name], path)
    else:
        raise InvalidRequest(f"This property cannot be expanded ({path}).", param="expand")
    if rest and isinstance(found, list):
        found = [_expand(books, row, rest, path) for row in found]
    elif rest and isinstance(found, dict):
        found = _expand(books, found, rest, path)
    return {**record, name: found}


def _resolved(books: Books, value: object, path: str) -> object:
    if not isinstance(value, str):
        return value
    for place in (books, books.world.platform()):
        for table in place.tables.values():
            if value in table:
                return table[value]
    raise InvalidRequest(f"This property cannot be expanded ({path}).", param="expand")
