"""Money books: what Stripe's own books say of one preorder."""

from dataclasses import dataclass, field

from infra.embedded.stripe import books as stripe_books
from infra.embedded.stripe.books import Record


@dataclass
class Books:
    """Of one preorder. `lost` went with disputes; while one is open, nobody knows."""

    taken: int = 0
    returned: int = 0
    lost: int = 0
    disputed: bool = False
    charges: list[Record] = field(default_factory=list, repr=False)

    @property
    def held(self) -> int:
        return self.taken - self.returned - self.lost


def read_books(account: stripe_books.Books, preorder_id: str) -> Books:
    """All that was moved under the preorder's keys on the merchant's account."""
    books, mine = Books(), f"preorder:{preorder_id}:"
    for charge in account.table("charge").values():
        if charge["status"] == "succeeded" and charge["metadata"].get("lastbook_key", "").startswith(mine):
            books.charges.append(charge)
    ids = {charge["id"] for charge in books.charges}
    books.taken = sum(charge["amount"] for charge in books.charges)
    refunds = [row for row in account.table("refund").values() if row["charge"] in ids]
    books.returned = sum(row["amount"] for row in refunds if row["status"] not in ("failed", "canceled"))
    disputes = [row for row in account.table("dispute").values() if row["charge"] in ids]
    books.lost = sum(row["amount"] for row in disputes if row["status"] == "lost")
    books.disputed = any(row["status"] not in ("won", "lost") for row in disputes)
    return books
