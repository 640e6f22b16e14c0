"""Shelf: a small catalogue in memory, as rules see one, and the rules of its merchant."""

from datetime import UTC, datetime
from typing import Any

from recommender.serving.rules import RuleBook, compile_rules
from tenants.expressions import SAMPLE, Document
from tenants.placements import Placement
from tenants.rules import Rule

NOW = 1_767_225_600.0
"""2026-01-01T00:00:00Z"""


class Shelf:
    """Products by row from 1, each the sample product with changes."""

    def __init__(self, *products: dict[str, Any]) -> None:
        self.ids = [""]
        self.rows: dict[str, int] = {}
        self._documents: list[Document] = [{}]
        for product in products:
            self.put(**product)

    def put(self, **changes: Any) -> int:
        """Its row. A product that is there already is replaced."""
        name = changes.setdefault("id", f"p{len(self.ids)}")
        row = self.rows.setdefault(name, len(self.ids))
        if row == len(self.ids):
            self.ids.append(name)
            self._documents.append({})
        self._documents[row] = {**SAMPLE, "sale_from_s": None, "sale_until_s": None, **changes}
        return row

    def document(self, row: int) -> Document:
        return self._documents[row]


def rule(action: Any, *products: str, **fields: Any) -> Rule:
    return Rule(**{"id": "r", "action": action, "products": products, **fields})


def compile_for(shelf: Shelf, *rules: Rule, now: float = NOW, placements: tuple[Placement, ...] = ()) -> RuleBook:
    return compile_rules(rules, shelf, now, placements=placements)


def allowed(book: RuleBook, placement: str = "home") -> list[str]:
    """Ids of the products that the hard rules let through."""
    mask = book.ruling(placement).allowed
    ids = book.catalogue.ids
    return list(ids[1:]) if mask is None else [ids[row] for row in range(len(mask)) if mask[row]]


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
