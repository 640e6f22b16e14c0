"""A model of the record in memory: what must be there after any sequence of acts, as simply as it can be said."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

LIMITS = {"email": 3, "phone": 2}


@dataclass(frozen=True, slots=True)
class Card:
    """What is told of a shopper. Verified identifiers count, the others are words."""

    name: str = ""
    email: str | None = None
    email_verified: bool = False
    phone: str | None = None
    phone_verified: bool = False

    def claims(self) -> Iterator[tuple[str, str]]:
        """Verified, the kind that counts first before the other."""
        if self.email and self.email_verified:
            yield "email", self.email
        if self.phone and self.phone_verified:
            yield "phone", self.phone


@dataclass(slots=True)
class Id:
    """An external id: what was told under it, what is shown of its person, and what it claims."""

    told: Card | None = None
    shown: Card = field(default_factory=Card)
    shown_from: str | None = None
    claims: set[tuple[str, str]] = field(default_factory=set)
    into: str | None = None
    """The id that stands for it."""


@dataclass(slots=True)
class MergeSeen:
    """A merge by the ids of the two, and the ids that changed sides."""

    keep: str
    absorb: str
    moved: set[str]
    undone: bool = False


@dataclass(slots=True)
class Told:
    """An order or an event: what was sent, and the id it belongs to. Its shopper is whoever stands for that id."""

    document: object
    shopper: str | None
    visitor: str | None = None


class Model:
    """The record."""

    def __init__(self) -> None:
        self.ids: dict[str, Id] = {}
        self.merges: list[MergeSeen] = []
        self.orders: dict[str, Told] = {}
        self.events: dict[str, Told] = {}
        self.products: dict[str, int] = {}

    def person(self, name: str) -> str:
        return self.ids[name].into or name

    def family(self, person: str) -> list[str]:
        return [name for name, one in self.ids.items() if person in (name, one.into)]

    def owner(self, row: Told) -> str | None:
        return None if row.shopper is None else self.person(row.shopper)

    def mention(self, name: str | None) -> None:
        """An order or an event names a shopper."""
        if name is not None:
            self.ids.setdefault(name, Id())

    def tell_shopper(self, name: str, card: Card) -> str:
        """What happens, in the API's word."""
        known = self.ids.get(name)
        if known is not None and known.told == card:
            return "unchanged"
        met = self._meet(name, card)
        total = sum(len(self.family(person)) for person in met) + len(self.family(self.person(name)) if known else [0])
        if any(total > LIMITS[kind] for kind in met.values()):
            return "rejected"
        one = self.ids.setdefault(name, Id())
        one.told = one.shown = card
        one.shown_from, one.claims = None, set(card.claims())
        own = self.person(name)
        keep = next(iter(met), own) if known is None else own
        for person in (own, *met):
            if person != keep:
                self._absorb(keep, person)
        self._show(name)
        return "updated" if known else "created"

    def merge(self, keep: str, absorb: str) -> str:
        if keep not in self.ids or absorb not in self.ids:
            return "not_found"
        if self.person(keep) == self.person(absorb):
            return "same_shopper"
        self._absorb(self.person(keep), self.person(absorb))
        return "merged"

    def undo(self, merge: MergeSeen) -> str:
        if merge.undone:
            return "merge_already_undone"
        if self.ids[merge.keep].into is not None:
            return "later_merge"
        kept = self.ids[merge.keep]
        if kept.shown_from in merge.moved:
            kept.shown, kept.shown_from = kept.told or Card(), None
        for name in merge.moved:
            self.ids[name].into = None if name == merge.absorb else merge.absorb
        shared = self._claims(self.family(merge.keep))
        for name in self.family(merge.absorb):
            self.ids[name].claims -= shared
        merge.undone = True
        return "undone"

    def delete_shopper(self, name: str) -> bool:
        if name not in self.ids:
            return False
        family = {*self.family(self.person(name))}
        self.ids = {name: one for name, one in self.ids.items() if name not in family}
        self.merges = [one for one in self.merges if not {one.keep, one.absorb} & family]
        for row in (*self.orders.values(), *self.events.values()):
            if row.shopper in family:
                row.shopper = row.visitor = None
        return True

    def tell_order(self, name: str, document: object, shopper: str | None) -> None:
        known = self.orders.get(name)
        if known is None or known.document != document:
            self.mention(shopper)
            self.orders[name] = Told(document, shopper)

    def tell_event(self, name: str, shopper: str | None, visitor: str | None) -> None:
        self.mention(shopper)
        self.events.setdefault(name, Told(None, shopper, visitor))

    def attach(self, name: str, visitor: str) -> bool:
        if name not in self.ids:
            return False
        for row in self.events.values():
            if row.visitor == visitor and row.shopper is None:
                row.shopper = name
        return True

    def _meet(self, name: str, card: Card) -> dict[str, str]:
        """Other people with a verified identifier of this card, and the kind by which they were met first."""
        own = self.person(name) if name in self.ids else name
        met: dict[str, str] = {}
        for kind, value in card.claims():
            for holder in sorted(self.ids):
                if (kind, value) in self.ids[holder].claims and self.person(holder) != own:
                    met.setdefault(self.person(holder), kind)
        return met

    def _absorb(self, keep: str, absorb: str) -> None:
        moved = {*self.family(absorb)}
        for name in moved:
            self.ids[name].into = keep
        self.merges.append(MergeSeen(keep, absorb, moved))

    def _show(self, name: str) -> None:
        one, person = self.ids[name], self.person(name)
        if person != name:
            self.ids[person].shown, self.ids[person].shown_from = one.shown, name

    def _claims(self, names: Iterable[str]) -> set[tuple[str, str]]:
        return {claim for name in names for claim in self.ids[name].claims}
