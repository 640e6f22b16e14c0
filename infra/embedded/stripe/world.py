"""World: the whole fake, that is the platform's books, the merchants' books, the clock, and what is still to happen."""

import heapq
import hmac
from collections.abc import Callable

from infra.clock import Clock, system_clock
from infra.embedded.stripe.accounts import new_account
from infra.embedded.stripe.books import Books, Record
from infra.embedded.stripe.checkout_sessions import expire_session
from infra.embedded.stripe.events import Cause, record_event
from infra.embedded.stripe.faults import Faults
from infra.embedded.stripe.idempotency import IdempotencyKeys
from infra.embedded.stripe.outbox import Outbox, Target
from infra.embedded.stripe.paying import cancel_intent
from infra.embedded.stripe.refunds import settle_refund
from infra.embedded.stripe.refusals import InvalidRequest, NoAccess, NoSuchObject, NotAuthenticated
from infra.embedded.stripe.subscriptions import collect, renew
from infra.embedded.stripe.webhook_endpoints import new_endpoint, wants

PLATFORM = "acct_platform"


class World:
    """Everything the fake knows. It lives in memory and in one event loop."""

    def __init__(self, url: str, *, api_key: str | None = None, clock: Clock = system_clock) -> None:
        """`url` is where its pages answer. Without `api_key` every `sk_test_…` is taken. `clock` is the real time."""
        self.url, self._api_key, self._clock = url, api_key, clock
        self.ahead_seconds = 0
        self.search_lag_seconds = 0
        self.changes = 0
        """Grows with every call; tells whether a snapshot is old."""
        self.cause = Cause()
        self.faults, self.keys = Faults(), IdempotencyKeys()
        self.outbox = Outbox(self._find_target, self.wall)
        self.accounts: dict[str, Books] = {PLATFORM: Books(PLATFORM, self)}
        self.reminders: list[tuple[int, str, str, str]] = []
        self._moment: int | None = None
        self._platform_account = {**new_account(PLATFORM, "Lastbook", "US"), "charges_enabled": True}

    # Time

    def wall(self) -> int:
        """The real time in seconds, which webhooks are signed with."""
        return int(self._clock().timestamp())

    def now(self) -> int:
        """The fake's time: the real one and what a test added."""
        return self.wall() + self.ahead_seconds if self._moment is None else self._moment

    def advance(self, seconds: int) -> None:
        """Let time pass, and everything happen that is due by then. Raises InvalidRequest for the past."""
        if seconds < 0:
            raise InvalidRequest("Time runs forwards only.", param="advance_seconds")
        self.ahead_seconds += seconds
        self.settle()

    def remind(self, at: int, kind: str, account: str, wanted: str) -> None:
        heapq.heappush(self.reminders, (at, kind, account, wanted))

    def settle(self) -> None:
        """Do what is due, each at its own time."""
        now, self.cause = self.now(), Cause()
        try:
            while self.reminders and self.reminders[0][0] <= now:
                self._moment, kind, account, wanted = heapq.heappop(self.reminders)
                if account in self.accounts:
                    _DUE[kind](self.accounts[account], wanted)
        finally:
            self._moment = None

    # Accounts

    def platform(self) -> Books:
        return self.accounts[PLATFORM]

    def check_key(self, key: str | None) -> None:
        """Raises NotAuthenticated unless the key is the fake's."""
        if key is None:
            raise NotAuthenticated("You did not provide an API key.")
        good = key.startswith("sk_test_") if self._api_key is None else _same(key, self._api_key)
        if not good:
            raise NotAuthenticated(f"Invalid API Key provided: {key[:8]}***")

    def enter(self, account: str | None) -> Books:
        """The books that a call is about. Raises NoAccess for an account that is not connected."""
        found = self.accounts.get(account or PLATFORM)
        if found is None:
            raise NoAccess(
                f"The provided key 'sk_test_***' does not have access to account '{account}' (or that account does not "
                "exist). Application access may have been revoked.",
                code="account_invalid",
            )
        return found

    def books_of(self, account: str) -> Books:
        return self.accounts[account]

    def open_account(self, account: Record) -> Record:
        self.accounts[account["id"]] = Books(account["id"], self)
        self.platform().add(account)
        return account

    def close_account(self, account: str) -> None:
        """The merchant disconnects: his books stay with Stripe, and nobody here sees them again."""
        self.emit(
            self.accounts[account],
            "account.application.deauthorized",
            {"id": "ca_lastbookfake", "object": "application"},
        )
        del self.accounts[account]
        del self.platform().table("account")[account]

    def find_account(self, account: str) -> Record:
        """The account object, also of the platform itself."""
        if account == PLATFORM:
            return self._platform_account
        return self.platform().get("account", account, "account")

    def find_anywhere(self, wanted: str, *kinds: str) -> tuple[Books, Record]:
        """An object of these kinds in whichever books it is. Raises NoSuchObject."""
        for books in self.accounts.values():
            for kind in kinds:
                found = books.find(kind, wanted)
                if found is not None:
                    return books, found
        raise NoSuchObject(kinds[0], wanted)

    # Webhooks

    def page(self, path: str) -> str:
        return self.url + path

    def emit(self, books: Books, kind: str, record: Record, previous: Record | None = None) -> None:
        event = record_event(books, kind, record, previous, self.cause)
        for endpoint in list(self.platform().table("webhook_endpoint").values()):
            if wants(self.platform(), endpoint, kind, event.get("account")):
                self.outbox.put(event, endpoint["id"])

    def listen(self, url: str, secret: str, events: list[str], *, connect: bool | None = None) -> Record:
        """Send events there; an endpoint with the same secret moves."""
        platform = self.platform()
        for endpoint in platform.table("webhook_endpoint").values():
            if platform.hidden[endpoint["id"]]["secret"] == secret:
                endpoint.update(url=url, enabled_events=events)
                return endpoint
        return new_endpoint(platform, url, secret, events, connect=connect)

    def _find_target(self, endpoint: str) -> Target | None:
        found = self.platform().find("webhook_endpoint", endpoint)
        return None if found is None else Target(found["url"], self.platform().hidden[endpoint]["secret"])


def _end_hold(books: Books, wanted: str) -> None:
    intent = books.get("payment_intent", wanted)
    if intent["status"] == "requires_capture":
        cancel_intent(books, intent, "automatic", expired=True)


def _end_session(books: Books, wanted: str) -> None:
    session = books.get("checkout.session", wanted)
    if session["status"] == "open":
        expire_session(books, session)


def _settle_refund(books: Books, wanted: str) -> None:
    settle_refund(books, books.get("refund", wanted))


def _renew(books: Books, wanted: str) -> None:
    renew(books, books.get("subscription", wanted))


def _collect(books: Books, wanted: str) -> None:
    collect(books, books.get("subscription", books.hidden[wanted]["subscription"]), books.get("invoice", wanted))


_DUE: dict[str, Callable[[Books, str], None]] = {
    "hold": _end_hold,
    "session": _end_session,
    "refund": _settle_refund,
    "period": _renew,
    "invoice": _collect,
}


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
