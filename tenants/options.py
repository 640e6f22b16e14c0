"""Option documents: what a shopper may choose about a product that is made to order, at what price, under which rules.

A document is a draft until it is published (`tenants.option_documents`). A draft is checked for its form only; whether
it makes sense is checked when it is published (`tenants.option_checks`).
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, ClassVar, Literal, TypeAlias

from msgspec import Meta, Struct

from tenants.attributes import Locale
from tenants.fields import Currency, ExternalId, Moment, check_moments, check_period

PartId = Annotated[
    str,
    Meta(
        min_length=1, max_length=64, pattern=r"\A[A-Za-z0-9][A-Za-z0-9_.-]*\Z",
        description="Letters, digits, '_', '-' and '.'; it stays the same from version to version.",
    ),
]  # fmt: skip
Label = Annotated[
    dict[Locale, Annotated[str, Meta(min_length=1, max_length=500)]],
    Meta(max_length=100, description="A text by locale; the id is shown without one."),
]
Region = Annotated[
    str,
    Meta(
        pattern=r"\A[A-Z]{2}(-[A-Z0-9]{1,3})?\Z",
        description="ISO 3166: a country (US), or a part of one (US-CA). A country stands for its parts too.",
    ),
]
Regions = Annotated[
    tuple[Region, ...], Meta(max_length=300, description="Where it is offered; everywhere if empty.")
]  # fmt: skip
LeadDays = Annotated[int, Meta(ge=0, le=3650, description="Days of work that it adds.")]
PriceMinor = Annotated[int, Meta(ge=-(10**12), le=10**12, description="Minor units of the document's currency.")]
TenthMm = Annotated[int, Meta(ge=0, le=100_000, description="Tenths of a millimetre.")]
Number = Annotated[int, Meta(ge=-(10**9), le=10**9)] | Annotated[float, Meta(ge=-1e9, le=1e9)]
"""With at most three decimals; inside, whole thousandths."""
PreferenceKey = Annotated[str, Meta(min_length=1, max_length=100)]


class Period(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where and when a part is offered."""

    regions: Regions = ()
    valid_from: Moment | None = None
    valid_until: Annotated[Moment | None, Meta(description="The first moment at which it is no longer offered.")] = None

    def __post_init__(self) -> None:
        check_moments(valid_from=self.valid_from, valid_until=self.valid_until)
        check_period(start=self.valid_from, end=self.valid_until, name="validity (valid_from, valid_until)")

    def offered_in(self, region: str | None) -> bool:
        """Without a known region only what is offered everywhere: nothing is promised that may not be kept."""
        return not self.regions or (region is not None and not {region, region[:2]}.isdisjoint(self.regions))

    def offered_at(self, now: datetime) -> bool:
        return (self.valid_from is None or self.valid_from <= now) and (
            self.valid_until is None or now < self.valid_until
        )


class FixedPrice(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="fixed"):
    """The same for everybody; negative for a discount."""

    amount_minor: PriceMinor


class PercentPrice(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="percent"):
    """A part of the product's base price, rounded half up (away from zero) to a minor unit."""

    basis_points: Annotated[int, Meta(ge=-10_000, le=100_000, description="Hundredths of a percent.")]


class UnitPrice(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="per_unit"):
    """`amount_minor` for each `per` above `above`, rounded half up (away from zero) to a minor unit.

    Of a text it counts characters, of a number its units, in proportion. Of a measurement it counts tenths of a
    millimetre, each started `per` in full: a price must not tell the measure itself.
    """

    amount_minor: PriceMinor
    per: Annotated[int, Meta(ge=1, le=10**6)] = 1
    above: Annotated[int, Meta(ge=0, le=10**6)] = 0


FlatPrice: TypeAlias = FixedPrice | PercentPrice
Price: TypeAlias = FixedPrice | PercentPrice | UnitPrice


class ChoiceValue(Period, frozen=True, kw_only=True):
    """One value of a choice."""

    id: PartId
    label: Label = {}
    price: FlatPrice | None = None
    lead_days: LeadDays = 0


class ChoiceOption(Period, frozen=True, kw_only=True, tag_field="kind", tag="choice"):
    """One of several values."""

    kind: ClassVar[Literal["choice"]] = "choice"
    id: PartId
    values: Annotated[tuple[ChoiceValue, ...], Meta(min_length=1, max_length=200)]
    label: Label = {}
    required: bool = False
    default: PartId | None = None
    personal: Annotated[PreferenceKey | None, Meta(description="A shopper's preference that it starts from.")] = None
    price: FlatPrice | None = None
    lead_days: LeadDays = 0


Characters = Literal["letters", "latin", "digits", "space", "punctuation", "symbols"]


class TextOption(Period, frozen=True, kw_only=True, tag_field="kind", tag="text"):
    """A text in the shopper's own words, such as initials. It is taken trimmed and in Unicode's composed form (NFC)."""

    kind: ClassVar[Literal["text"]] = "text"
    id: PartId
    max_length: Annotated[int, Meta(ge=1, le=500)]
    label: Label = {}
    required: bool = False
    default: Annotated[str, Meta(min_length=1, max_length=500)] | None = None
    personal: Annotated[PreferenceKey | None, Meta(description="A shopper's preference that it starts from.")] = None
    characters: Annotated[
        tuple[Characters, ...],
        Meta(max_length=6, description="What it may be made of; anything that is printed on one line if empty."),
    ] = ()
    extra_characters: Annotated[str, Meta(max_length=100, description="Besides those of `characters`.")] = ""
    price: Price | None = None
    lead_days: LeadDays = 0


class NumberOption(Period, frozen=True, kw_only=True, tag_field="kind", tag="number"):
    """A number from `min` to `max` in steps."""

    kind: ClassVar[Literal["number"]] = "number"
    id: PartId
    min: Number
    max: Number
    step: Number = 1
    unit: Annotated[str, Meta(max_length=20)] = ""
    label: Label = {}
    required: bool = False
    default: Number | None = None
    personal: Annotated[PreferenceKey | None, Meta(description="A shopper's preference that it starts from.")] = None
    price: Price | None = None
    lead_days: LeadDays = 0


class MeasurementOption(Period, frozen=True, kw_only=True, tag_field="kind", tag="measurement"):
    """A measure of the shopper's, taken from the record and never from an answer."""

    kind: ClassVar[Literal["measurement"]] = "measurement"
    id: PartId
    key: Annotated[str, Meta(min_length=1, max_length=100, description="The measurement's key, such as foot_length.")]
    sided: Annotated[
        Literal["each", "larger", "none"],
        Meta(description="each: left and right are made apart. larger: both are made by the larger. none: no sides."),
    ] = "none"
    min: Annotated[
        TenthMm | None, Meta(description="The least that the maker can make, in tenths of a millimetre.")
    ] = None
    max: Annotated[TenthMm | None, Meta(description="The most that the maker can make.")] = None
    label: Label = {}
    required: bool = True
    price: Price | None = None
    lead_days: LeadDays = 0


Option: TypeAlias = ChoiceOption | TextOption | NumberOption | MeasurementOption
RuleValue: TypeAlias = PartId | Number
"""A choice's value id, or a number."""
RuleKind = Literal["require", "exclude", "show"]


class OptionCondition(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename={"values": "is"}):
    """Holds when all that is given holds for the option's answer. An option that is not shown has none."""

    option: PartId
    values: Annotated[tuple[RuleValue, ...], Meta(max_length=200, description="The answer is one of these.")] = ()
    set: Annotated[bool | None, Meta(description="Whether there is an answer.")] = None
    at_least: Annotated[Number | None, Meta(description="Of a number; of a text its number of characters.")] = None
    at_most: Annotated[Number | None, Meta(description="Of a number; of a text its number of characters.")] = None

    def __post_init__(self) -> None:
        if not self.values and self.set is None and self.at_least is None and self.at_most is None:
            raise ValueError("say when it holds: is, set, at_least or at_most")
        if self.set is False and (self.values or self.at_least is not None or self.at_most is not None):
            raise ValueError("set: false stands alone")


class OptionTarget(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename={"values": "is"}):
    """What a rule speaks of: the option as a whole, or some of its values."""

    option: PartId
    values: Annotated[tuple[RuleValue, ...], Meta(max_length=200, description="Any answer if empty.")] = ()


class OptionRule(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How two options go together, among those that are shown.

    require: the answer must be one of `then`. exclude: it must not. show: what `then` names is offered only when
    `when` holds, of several such rules when one of them holds.
    """

    id: PartId
    kind: RuleKind
    when: OptionCondition
    then: OptionTarget
    message: Label = {}


class OptionDocument(Period, frozen=True, kw_only=True):
    """The options of some products. A product has at most one published document."""

    id: ExternalId
    products: Annotated[tuple[ExternalId, ...], Meta(min_length=1, max_length=1000)]
    options: Annotated[tuple[Option, ...], Meta(min_length=1, max_length=100)]
    rules: Annotated[tuple[OptionRule, ...], Meta(max_length=300)] = ()
    currency: Annotated[
        Currency | None, Meta(description="Of all amounts in it. The shop's own if unset, fixed when published.")
    ] = None
    base_lead_days: Annotated[int, Meta(ge=0, le=3650, description="Days of work before any option adds some.")] = 0

    def prices(self) -> Iterator[Price]:
        """All that are given."""
        for option in self.options:
            parts = (option, *(option.values if isinstance(option, ChoiceOption) else ()))
            yield from (part.price for part in parts if part.price is not None)

    @property
    def has_amounts(self) -> bool:
        """Whether a price is in minor units, so that the currency matters."""
        return any(not isinstance(price, PercentPrice) for price in self.prices())
