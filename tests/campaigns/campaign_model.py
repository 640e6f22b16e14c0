"""A model of one campaign and its preorders in memory: what must be there after any sequence of acts, as simply as it
can be said."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

LIVE = ("reserved", "joined", "confirmed", "in_production", "shipped", "completed")
TAKING = ("early_access", "open")
ENDING = ("scheduled", "early_access", "open", "paused")
UNFINISHED = ("reserved", "joined", "confirmed", "in_production")
FOLLOWS = {
    "paused": TAKING,
    "closed": ("early_access", "open", "paused"),
    "charging": ("confirmed",),
    "in_production": ("charging",),
    "shipping": ("in_production",),
    "completed": ("shipping",),
}
PRICE = {"red": 1000, "blue": 1500}


@dataclass(slots=True)
class Plan:
    """What was published."""

    total: int | None
    red: int | None
    per_shopper: int | None
    minimum: int
    until: str
    early_from: datetime
    starts_at: datetime
    ends_at: datetime


@dataclass(slots=True)
class Held:
    """One preorder."""

    buyer: str
    variant: str
    quantity: int
    reserved_until: datetime
    fulfilment: str = "reserved"
    payment: str = "none"
    paid: int = 0
    owed: int = 0

    def end(self, state: str) -> None:
        self.fulfilment, self.owed = state, self.paid
        if self.paid:
            self.payment = "refund_pending"


@dataclass(slots=True)
class Model:
    """The campaign."""

    plan: Plan
    state: str = "draft"
    preorders: dict[str, Held] = field(default_factory=dict)
    interested: dict[str, datetime] = field(default_factory=dict)

    def live(self, *, variant: str = "", buyer: str = "") -> int:
        return sum(
            one.quantity
            for one in self.preorders.values()
            if one.fulfilment in LIVE and variant in ("", one.variant) and buyer in ("", one.buyer)
        )

    def by_clock(self, now: datetime) -> str:
        if self.state not in ENDING:
            return self.state
        if self.plan.ends_at <= now:
            return "closed"
        if self.state == "paused":
            return "paused"
        if self.plan.starts_at <= now:
            return "open"
        return "early_access" if self.plan.early_from <= now else self.state

    def fits(self, buyer: str, variant: str, more: int, *, of_red: int, of_buyer: int) -> bool:
        """Whether there is room for so many more units, of which so many are red and so many the buyer's."""
        plan = self.plan
        return (
            (plan.per_shopper is None or of_buyer <= 0 or self.live(buyer=buyer) + of_buyer <= plan.per_shopper)
            and (plan.red is None or of_red <= 0 or self.live(variant="red") + of_red <= plan.red)
            and (plan.total is None or more <= 0 or self.live() + more <= plan.total)
        )

    def reserve(self, buyer: str, variant: str, quantity: int, now: datetime) -> bool:
        """Whether it is let in; `note` keeps it then."""
        state = self.by_clock(now)
        if state not in TAKING or (state == "early_access" and not self.comes_first(buyer)):
            return False
        if not self.fits(buyer, variant, quantity, of_red=quantity if variant == "red" else 0, of_buyer=quantity):
            return False
        self.state = state
        return True

    def note(self, name: str, buyer: str, variant: str, quantity: int, now: datetime) -> None:
        self.preorders[name] = Held(buyer, variant, quantity, now + timedelta(minutes=30))

    def comes_first(self, buyer: str) -> bool:
        since = self.interested.get(buyer)
        return since is not None and since < self.plan.early_from

    def change(self, name: str, variant: str, quantity: int, now: datetime) -> bool:
        one = self.preorders[name]
        if (variant, quantity) == (one.variant, one.quantity):
            return True
        more = quantity - one.quantity
        of_red = (quantity if variant == "red" else 0) - (one.quantity if one.variant == "red" else 0)
        movable = one.fulfilment in ("reserved", "joined") and one.payment in ("none", "card_saved")
        if not movable or self.by_clock(now) not in TAKING or self.state not in TAKING:
            return False
        if not self.fits(one.buyer, variant, more, of_red=of_red, of_buyer=more):
            return False
        one.variant, one.quantity = variant, quantity
        return True

    def cancel(self, name: str, now: datetime, *, by_shopper: bool) -> bool:
        one = self.preorders[name]
        states = (
            ("reserved", "joined", "confirmed") if by_shopper else ("reserved", "joined", "confirmed", "in_production")
        )
        if one.fulfilment not in states:
            return False
        if by_shopper and one.fulfilment != "reserved":
            until, ending = self.plan.until, self.by_clock(now) in ENDING
            if not (until == "production" or (until == "close" and ending)):
                return False
        one.end("cancelled")
        return True

    def look_after(self, now: datetime) -> None:
        """The worker's round."""
        for one in self.preorders.values():
            if one.fulfilment == "reserved" and one.reserved_until <= now:
                one.end("expired")
        self.state = self.by_clock(now)
        reserved = any(one.fulfilment == "reserved" for one in self.preorders.values())
        if self.state in TAKING and self.plan.total is not None and self.live() >= self.plan.total and not reserved:
            self.state = "closed"
        if self.state == "closed" and not reserved:
            self._decide()

    def _decide(self) -> None:
        joined = [one for one in self.preorders.values() if one.fulfilment == "joined"]
        self.state = "confirmed" if sum(one.quantity for one in joined) >= self.plan.minimum else "failed"
        for one in joined:
            if self.state == "failed":
                one.end("cancelled")
            else:
                one.fulfilment = "confirmed"

    def ask(self, to: str, now: datetime) -> bool:
        """A merchant's step by hand."""
        if not self._may_ask(to, now):
            return False
        for one in self.preorders.values():
            if to == "cancelled" and one.fulfilment in UNFINISHED:
                one.end("cancelled")
            if to == "in_production" and one.fulfilment == "confirmed":
                one.fulfilment = "in_production"
        self.state = to
        return True

    def _may_ask(self, to: str, now: datetime) -> bool:
        if to == "cancelled":
            return self.state not in ("cancelled", "completed")
        if to in TAKING:
            return self.state == "paused" and to == self._as_scheduled(now)
        if to == "completed" and any(one.fulfilment in UNFINISHED for one in self.preorders.values()):
            return False
        return self.state in FOLLOWS.get(to, ())

    def _as_scheduled(self, now: datetime) -> str:
        return Model(self.plan, "scheduled").by_clock(now)
