"""Idempotency: the same key and the same parameters get the same answer, also when the first one never arrived.

As documented (https://docs.stripe.com/api/idempotent_requests): answers are kept, refusals too, once a call was under
way; calls whose parameters were refused are not; keys may be forgotten after 24 hours.
"""

import hashlib
import json
from dataclasses import asdict, dataclass

from infra.embedded.stripe.books import Record
from infra.embedded.stripe.forms import Tree
from infra.embedded.stripe.refusals import IdempotencyMisused, InvalidRequest, KeyInUse

KEEP_SECONDS = 86400
_MOST_LETTERS = 255


@dataclass(frozen=True, slots=True)
class Answer:
    """A kept answer and what was asked."""

    path: str
    fingerprint: str
    status: int
    body: str
    at: int


class IdempotencyKeys:
    """The answers by account and key."""

    def __init__(self) -> None:
        self._answers: dict[str, Answer] = {}
        self._busy: set[str] = set()

    def begin(self, account: str, key: str, path: str, params: Tree, now: int) -> Answer | None:
        """The kept answer; None when this call is to be made. Raises IdempotencyMisused, KeyInUse or InvalidRequest."""
        if len(key) > _MOST_LETTERS:
            raise InvalidRequest(f"Idempotency keys can be up to {_MOST_LETTERS} characters long.")
        place = f"{account} {key}"
        if place in self._busy:
            message = (
                "There is currently another in-progress request using this Idempotent Key (that probably means you "
                f"submitted twice, and the other request is still going through): {key}. Please try again later."
            )
            raise KeyInUse(message, code="idempotency_key_in_use")
        kept = self._answers.get(place)
        if kept is None or kept.at + KEEP_SECONDS <= now:
            self._busy.add(place)
            return None
        if kept.path != path:
            raise IdempotencyMisused(
                "Keys for idempotent requests can only be used for the same endpoint they were first used for "
                f"('{path}' vs '{kept.path}'). Try using a key other than '{key}' if you meant to execute a different "
                "request."
            )
        if kept.fingerprint != _fingerprint(params):
            raise IdempotencyMisused(
                "Keys for idempotent requests can only be used with the same parameters they were first used with. "
                f"Try using a key other than '{key}' if you meant to execute a different request."
            )
        return kept

    def keep(self, account: str, key: str, path: str, params: Tree, answer: tuple[int, str, int]) -> None:
        """Keep status and body, with the time."""
        status, body, now = answer
        self._answers[f"{account} {key}"] = Answer(path, _fingerprint(params), status, body, now)

    def end(self, account: str, key: str) -> None:
        """The call is over, whatever came of it."""
        self._busy.discard(f"{account} {key}")

    def forget(self) -> None:
        """Forget all, as Stripe may after 24 hours."""
        self._answers.clear()

    def dump(self) -> Record:
        return {place: asdict(answer) for place, answer in self._answers.items()}

    def load(self, kept: Record) -> None:
        self._answers = {place: Answer(**answer) for place, answer in kept.items()}


def _fingerprint(params: Tree) -> str:
    return hashlib.sha256(json.dumps(params, sort_keys=True).encode()).hexdigest()
