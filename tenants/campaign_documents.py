"""Campaign documents: what a merchant writes about a preorder campaign. Once it is published, only its dates change."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from tenants.attributes import Locale
from tenants.fields import ExternalId, MinorUnits, Moment, ShortText, check_moments, check_period
from tenants.options import Region
from tenants.questions import choose_locale

Texts = Annotated[dict[Locale, ShortText], Meta(max_length=50, description="By locale.")]
LongTexts = Annotated[
    dict[Locale, Annotated[str, Meta(max_length=20_000)]], Meta(max_length=50, description="By locale.")
]
BasisPoints = Annotated[int, Meta(ge=0, le=10_000, description="Hundredths of a percent.")]
Units = Annotated[int, Meta(ge=1, le=1_000_000)]
PaymentMode = Literal["card_saved", "deposit", "upfront"]
CancelUntil = Literal["close", "production", "never"]
Basis = Literal["pledged", "collected"]


class CampaignProduct(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What can be preordered: one of these variants; without any, the product itself."""

    product_id: ExternalId
    variants: Annotated[tuple[ExternalId, ...], Meta(max_length=500)] = ()
    unit_price_minor: Annotated[
        MinorUnits | None, Meta(description="null: what the product costs when it is preordered.")
    ] = None
    # Unset it is in no digest: a campaign that was published before there was any is the same.
    made: Annotated[
        bool | UnsetType,
        Meta(description="Made to order: by its options, at the price of the quote that a preorder names."),
    ] = UNSET

    def __post_init__(self) -> None:
        if self.made and (self.variants or self.unit_price_minor is not None):
            raise ValueError("what is made to order has neither variants nor unit_price_minor: its options decide")
        if len({*self.variants}) < len(self.variants):
            raise ValueError("variants must differ from one another")


class VariantCap(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How much there is of one variant."""

    product_id: ExternalId
    variant_id: ExternalId
    units: Units


class Caps(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How many units there are; null is without a limit."""

    total: Units | None = None
    per_variant: Annotated[tuple[VariantCap, ...], Meta(max_length=500)] = ()
    per_shopper: Annotated[
        Units | None, Meta(description="Over all preorders of one shopper; then pages need a shopper token.")
    ] = None
    per_order: Units | None = None

    def __post_init__(self) -> None:
        named = {(cap.product_id, cap.variant_id) for cap in self.per_variant}
        if len(named) < len(self.per_variant):
            raise ValueError("per_variant must name each variant once")


class Tier(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """So many units, behind those of the tiers before, are cheaper."""

    units: Units
    discount_basis_points: BasisPoints


class Early(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who comes first."""

    interest: Annotated[bool, Meta(description="Those who recorded their interest before early access began.")] = True
    shoppers: Annotated[tuple[ExternalId, ...], Meta(max_length=10_000)] = ()


class PaymentTerms(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When money is taken. A deposit is a share of the total, or an amount a unit."""

    mode: PaymentMode
    deposit_basis_points: BasisPoints | None = None
    deposit_minor: MinorUnits | None = None
    charge_within_days: Annotated[
        Annotated[int, Meta(ge=0, le=365)],
        Meta(description="How long after the end a shopper may have the card charged; they choose the day."),
    ] = 0

    def __post_init__(self) -> None:
        told = [one for one in (self.deposit_basis_points, self.deposit_minor) if one is not None]
        if (self.mode == "deposit") != (len(told) == 1):
            raise ValueError("a deposit, and nothing else, has either deposit_basis_points or deposit_minor")
        if self.mode == "upfront" and self.charge_within_days:
            raise ValueError("what is paid upfront has no day of its own: leave charge_within_days out")


class Cancellation(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Until when a shopper may cancel, and what of the money stays with the merchant then."""

    until: CancelUntil
    fee_basis_points: BasisPoints = 0


class Seller(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who sells."""

    name: ShortText = ""
    address: ShortText = ""
    email: ShortText = ""


class Checklist(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the merchant has seen to, for the law asks for it."""

    total_price_clear: Annotated[
        bool, Meta(description="Prices are totals: taxes and all costs that cannot be avoided are in them.")
    ] = False
    withdrawal_notice: LongTexts = {}


class Campaign(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A draft may be as unfinished as this type allows; `:publish` says what is missing."""

    id: ExternalId
    title: Texts = {}
    description: LongTexts = {}
    products: Annotated[tuple[CampaignProduct, ...], Meta(max_length=200)] = ()
    starts_at: Moment | None = None
    ends_at: Annotated[Moment | None, Meta(description="null: it ends when all is taken.")] = None
    early_from: Moment | None = None
    early_for: Early = Early()
    caps: Caps = Caps()
    minimum_units: Annotated[int, Meta(ge=0, le=1_000_000, description="What it takes to produce.")] = 0
    basis: Annotated[
        Basis, Meta(description="What counts towards the minimum: who joined, or whose money was taken.")
    ] = "pledged"
    tiers: Annotated[tuple[Tier, ...], Meta(max_length=20, description="Who comes early pays less.")] = ()
    payment: PaymentTerms | None = None
    ship_from: date | None = None
    ship_until: date | None = None
    terms: LongTexts = {}
    terms_version: ShortText = ""
    cancellation: Cancellation | None = None
    regions: Annotated[tuple[Region, ...], Meta(max_length=300, description="Everywhere if empty.")] = ()
    show_remaining: Annotated[bool, Meta(description="Pages may tell exactly how many are left and taken.")] = False
    seller: Seller = Seller()
    checklist: Checklist = Checklist()

    def __post_init__(self) -> None:
        check_moments(starts_at=self.starts_at, ends_at=self.ends_at, early_from=self.early_from)
        check_period(start=self.starts_at, end=self.ends_at, name="the window (starts_at, ends_at)")
        check_period(start=self.early_from, end=self.starts_at, name="early access (early_from, starts_at)")
        check_days(ship_from=self.ship_from, ship_until=self.ship_until)
        if len({one.product_id for one in self.products}) < len(self.products):
            raise ValueError("products must differ from one another")
        self._check_caps()

    def _check_caps(self) -> None:
        offered = {(one.product_id, variant) for one in self.products for variant in one.variants}
        if any((cap.product_id, cap.variant_id) not in offered for cap in self.caps.per_variant):
            raise ValueError("caps.per_variant names a variant that is not among the products")
        if self.caps.total is not None and self.minimum_units > self.caps.total:
            raise ValueError("minimum_units must not be above caps.total")

    def find_product(self, product_id: str) -> CampaignProduct | None:
        return next((one for one in self.products if one.product_id == product_id), None)


def say(texts: Mapping[str, str], locale: str) -> str:
    """The text in this language, or in the nearest there is; '' without any."""
    return texts[choose_locale(texts, locale)] if texts else ""


def check_days(*, ship_from: date | None, ship_until: date | None) -> None:
    """Raise ValueError when the ship window ends before it starts, or lies outside 1900 to 2199."""
    if any(day is not None and not 1900 <= day.year < 2200 for day in (ship_from, ship_until)):
        raise ValueError("ship_from and ship_until must lie between the years 1900 and 2199")
    if ship_from is not None and ship_until is not None and ship_from > ship_until:
        raise ValueError("the ship window (ship_from, ship_until) must start before it ends")
