"""Searching: Stripe's query language as far as it is for finding an object again, such as `metadata["preorder"]:"12"`.

Stripe's search lags behind (usually less than a minute), so it must not be what a payment's safety rests on. The fake
finds at once unless a lag is set.
"""

import re
from collections.abc import Callable

from infra.embedded.stripe.books import Record
from infra.embedded.stripe.calls import Call
from infra.embedded.stripe.refusals import InvalidRequest

SEARCH = "query limit page"
_QUOTED = r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
_CLAUSE = re.compile(
    rf"""\s*(?P<negated>-)?(?:metadata\[(?P<key>{_QUOTED})\]|(?P<field>[a-z_.]+))
    \s*(?P<operator>:|~|<=|>=|<|>)\s*(?P<value>{_QUOTED}|null|-?\d+)\s*""",
    re.VERBOSE,
)
_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "<": lambda have, want: have < want,
    "<=": lambda have, want: have <= want,
    ">": lambda have, want: have > want,
    ">=": lambda have, want: have >= want,
    ":": lambda have, want: have == want,
}
Fits = Callable[[Record], bool]


def search(call: Call, kind: str, fields: tuple[str, ...]) -> Record:
    """The objects that fit `query`, newest first."""
    fits = _read_query(call.params.need_text("query"), fields)
    until = call.books.now() - call.books.world.search_lag_seconds
    rows = call.books.choose(kind, lambda row: row["created"] <= until and fits(row))
    page = int(call.params.text("page") or 0)
    limit = call.params.whole("limit") or 10
    more = len(rows) > page + limit
    return {
        "object": "search_result",
        "data": rows[page : page + limit],
        "has_more": more,
        "next_page": str(page + limit) if more else None,
        "url": call.url,
    }


def _read_query(query: str, fields: tuple[str, ...]) -> Fits:
    clauses: list[Fits] = []
    words: set[str] = set()
    position = 0
    while position < len(query):
        found = _CLAUSE.match(query, position)
        if found is None:
            raise InvalidRequest("We were unable to parse your search query.", param="query")
        clauses.append(_clause(found, fields))
        joined = re.compile(r"(AND|OR)\s+", re.IGNORECASE).match(query, found.end())
        if joined is None and found.end() < len(query):
            raise InvalidRequest("We were unable to parse your search query.", param="query")
        position = joined.end() if joined else found.end()
        words |= {joined[1].upper()} if joined else set()
    if len(words) > 1:
        raise InvalidRequest("AND and OR cannot be used in one query.", param="query")
    return (
        (lambda row: any(fits(row) for fits in clauses)) if "OR" in words else lambda row: all(f(row) for f in clauses)
    )


def _clause(found: re.Match[str], fields: tuple[str, ...]) -> Fits:
    key, field, value, operator = found["key"], found["field"], _unquoted(found["value"]), found["operator"]
    if key is None and field not in fields:
        raise InvalidRequest(f"Field `{field}` is an unsupported search field for this resource.", param="query")

    def fits(row: Record) -> bool:
        have = row["metadata"].get(_unquoted(key)) if key else row.get(field)
        return _holds(have, operator, value) != bool(found["negated"])

    return fits


def _holds(have: object, operator: str, value: str | None) -> bool:
    if value is None:
        return have is None
    if isinstance(have, int) and operator in _COMPARE:
        return value.lstrip("-").isdigit() and _COMPARE[operator](have, int(value))
    if operator == "~":
        return isinstance(have, str) and value.lower() in have.lower()
    return isinstance(have, str) and have.lower() == value.lower()


def _unquoted(text: str) -> str | None:
    if text == "null":
        return None
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text[0] in "\"'" else text
