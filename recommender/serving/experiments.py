"""Experiments while they run: which arm a page's viewer gets, worked out from a keyed hash wherever it is asked.

A subject's digest places them between 0 and 1, where each arm has its share; another experiment has another key, so
that their arms have nothing to do with one another. The token of an arm is a keyed hash too: it says nothing to a page,
and everybody with the arm has the same, so that answers are remembered by arm. Who the subject is says the beacon that
brings it, and only the arm that is theirs counts.
"""

import base64
import hashlib
import hmac
from bisect import bisect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import NamedTuple

from tenants.experiment_documents import Arm, RunningExperiment, Unit, bounds
from tenants.experiment_subjects import Exposure
from tenants.placements import Placement


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """An arm as it is served. The same object as long as nothing of it changes, so that it may stand in a key."""

    experiment_id: str
    arm: str
    placement: Placement
    """As the arm shows it."""
    holdout: bool
    token: str

    @property
    def closing(self) -> bytes:
        """What closes the slot in an answer."""
        return b',"exposure":"%s"}' % self.token.encode()


class Subject(NamedTuple):
    """Who looks: ids that a page proved, or named; None for what it did not."""

    shopper_id: str | None
    """The one that stands for all of theirs."""
    visitor_id: str | None


@dataclass(frozen=True, slots=True)
class Trials:
    """One running experiment."""

    experiment_id: str
    unit: Unit
    salt: bytes
    began_at: float
    ends_at: float
    bounds: Sequence[float]
    arms: Sequence[Trial]

    def runs(self, now: float) -> bool:
        return self.began_at <= now < self.ends_at

    def give(self, subject: Subject) -> tuple[Trial, bytes] | None:
        """The subject's arm and their digest; None for nobody, and for one who takes no part."""
        name = _name(self.unit, subject)
        if name is None:
            return None
        digest = hashlib.blake2b(name.encode(), digest_size=16, key=self.salt, person=b"subject").digest()
        arm = bisect(self.bounds, int.from_bytes(digest[:8]) / 2**64)
        return (self.arms[arm], digest) if arm < len(self.arms) else None


ByPlacement = Mapping[str, Sequence[Trials]]


def arrange(running: Iterable[RunningExperiment], placements: Mapping[str, Placement]) -> ByPlacement:
    """Experiments by the name of their placement. One that lost its placement, or does not fit it any more, rests."""
    made = [one for one in (_prepare(one, placements) for one in running) if one is not None]
    made.sort(key=_place)
    return {name: tuple(found) for name, found in groupby(made, _place)}


def take_part(trials: ByPlacement, places: Iterable[str], subject: Subject, *, now: float) -> tuple[Trial, ...]:
    """The arms that a page shows this subject, at most one a place: a few microseconds each. `now` in POSIX seconds."""
    concerned = (one for name in sorted({*places} & trials.keys()) for one in trials[name] if one.runs(now))
    given = (one.give(subject) for one in concerned)
    return tuple(one[0] for one in given if one is not None)


def find_trial(trials: Iterable[Trial], place: str) -> Trial | None:
    """The one of a place."""
    return next((one for one in trials if one.placement.id == place), None)


def find_exposure(trials: ByPlacement, token: str, subject: Subject, *, at: datetime, now: datetime) -> Exposure | None:
    """What a token says that its bearer saw; None unless it is of an arm that runs, and the bearer's own.

    What was seen before the experiment began, as a page's clock has it, was seen when it began.
    """
    for one in (one for placed in trials.values() for one in placed if one.runs(now.timestamp())):
        given = one.give(subject)
        if given is not None and hmac.compare_digest(given[0].token.encode(), token.encode()):
            began_at = datetime.fromtimestamp(one.began_at, UTC)
            return Exposure(one.experiment_id, given[1], given[0].arm, min(max(at, began_at), now))
    return None


def _prepare(running: RunningExperiment, placements: Mapping[str, Placement]) -> Trials | None:
    document = running.document
    placement = placements.get(document.placement)
    if placement is None:
        return None
    try:
        arms = [_trial(running, arm, placement) for arm in document.arms]
    except ValueError:  # the placement was changed so that an arm would make one that cannot be
        return None
    edges = bounds(document)
    return Trials(document.id, document.unit, running.salt, running.began_at, running.ends_at, edges, arms)


def _trial(running: RunningExperiment, arm: Arm, placement: Placement) -> Trial:
    mac = hashlib.blake2b(arm.id.encode(), digest_size=16, key=running.salt, person=b"exposure").digest()
    token = base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
    return Trial(running.document.id, arm.id, arm.changes.apply(placement), arm.holdout, token)


def _name(unit: Unit, subject: Subject) -> str | None:
    shopper = None if subject.shopper_id is None else f"shopper:{subject.shopper_id}"
    visitor = None if subject.visitor_id is None else f"visitor:{subject.visitor_id}"
    return (visitor or shopper) if unit == "visitor" else (shopper or visitor)


def _place(trials: Trials) -> str:
    return trials.arms[0].placement.id
