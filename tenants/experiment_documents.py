"""Experiment documents: what a place is to show to whom, written before anybody sees it."""

from itertools import accumulate
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from tenants.fields import ExternalId, Moment, ShortText, check_moments, check_period
from tenants.placements import Fallbacks, Fields, Headings, Layout, Placement, PlacementName, Share, Strategy

Unit = Literal["shopper", "visitor"]
ArmId = Annotated[str, Meta(min_length=1, max_length=100)]
MOST_ARMS = 6


class Changes(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an arm shows otherwise than the placement; what is not said is as the placement has it.

    All of a placement but its filter: filters are judged ahead for the whole catalogue, by placement.
    """

    strategy: Strategy | UnsetType = UNSET
    fallbacks: Fallbacks | UnsetType = UNSET
    heading: ShortText | UnsetType = UNSET
    headings: Headings | UnsetType = UNSET
    layout: Layout | UnsetType = UNSET
    fields: Fields | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=50)] | UnsetType = UNSET
    diversity: Share | UnsetType = UNSET
    rotation: Share | UnsetType = UNSET
    strict: bool | UnsetType = UNSET
    exclude_purchased: bool | UnsetType = UNSET

    def apply(self, placement: Placement) -> Placement:
        """The placement as this arm shows it. Raises ValueError for a placement that cannot be."""
        said = {name: getattr(self, name) for name in self.__struct_fields__ if getattr(self, name) is not UNSET}
        kept = {name: getattr(placement, name) for name in Placement.__struct_fields__}
        return Placement(**{**kept, **said})


class Arm(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One of the ways in which an experiment fills its place."""

    id: ArmId
    share: Annotated[float, Meta(ge=0.001, le=0.999, description="Of the subjects, such as 0.5 for half.")]
    holdout: Annotated[bool, Meta(description="true: the place stays empty. At most one arm.")] = False
    changes: Changes = Changes()


class Experiment(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A question to the shop's shoppers: what does this place earn, filled in one way or another, or not at all?

    The hold-out is what the other arms are compared with; without one it is the first arm. Where the shares come to
    less than 1, the rest takes no part and sees the placement as it is.
    """

    id: ExternalId
    placement: PlacementName
    arms: Annotated[tuple[Arm, ...], Meta(min_length=2, max_length=MOST_ARMS)]
    unit: Annotated[
        Unit,
        Meta(
            description="Who keeps to one arm. shopper: the proven shopper on all devices, else the browser. visitor:"
            " the browser before and after a sign-in, else the shopper. With neither a page takes no part."
        ),
    ] = "shopper"
    starts_at: Annotated[Moment | None, Meta(description="Not before; as soon as it is started if unset.")] = None
    ends_at: Annotated[Moment | None, Meta(description="The first moment at which it no longer runs.")] = None
    window_days: Annotated[
        int, Meta(ge=1, le=90, description="Purchases count for so long after the first exposure.")
    ] = 7
    note: ShortText = ""

    def __post_init__(self) -> None:
        if len({arm.id for arm in self.arms}) < len(self.arms):
            raise ValueError("arms must have different ids")
        if sum(arm.holdout for arm in self.arms) > 1:
            raise ValueError("arms must not hold more than one hold-out")
        if any(arm.holdout and arm.changes != Changes() for arm in self.arms):
            raise ValueError("arms that are a hold-out show nothing, so they have no changes")
        if bounds(self)[-1] > 1:
            raise ValueError("arms must not have shares of more than 1 together")
        check_moments(starts_at=self.starts_at, ends_at=self.ends_at)
        check_period(start=self.starts_at, end=self.ends_at, name="period (starts_at, ends_at)")

    @property
    def baseline(self) -> Arm:
        """The arm that the others are compared with."""
        return next((arm for arm in self.arms if arm.holdout), self.arms[0])

    def find_arm(self, name: str) -> Arm | None:
        return next((arm for arm in self.arms if arm.id == name), None)


class RunningExperiment(msgspec.Struct, frozen=True, kw_only=True):
    """One that was started: the document, its key, and from when (POSIX seconds) until when it assigns."""

    document: Experiment
    salt: bytes
    began_at: float
    ends_at: float


def bounds(experiment: Experiment) -> list[float]:
    """Where each arm ends between 0 and 1, to the millionth: shares of 0.7, 0.2 and 0.1 are a whole."""
    return [round(bound, 6) for bound in accumulate(arm.share for arm in experiment.arms)]
