"""A live tenant: its catalogue, its active model and its rules in memory, all that a slot is filled from."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from operator import is_
from uuid import UUID

from recommender.serving.catalogue import NOWHERE, Catalogue
from recommender.serving.experiments import ByPlacement, arrange
from recommender.serving.languages import WORDS
from recommender.serving.learned import Learned
from recommender.serving.newcomers import Newcomers, nobody_new
from recommender.serving.preordering import NOTHING_PREORDERABLE, Preorderable, preorderable_at
from recommender.serving.preordering import UNDECIDED as NOT_YET_PREORDERABLE
from recommender.serving.rules import RuleBook
from recommender.serving.rulings import FREE, Ruling
from recommender.serving.showcase import NOTHING_SHOWN, UNDECIDED, Opening, Showcase
from tenants.campaign_windows import CampaignWindow
from tenants.consent import Choices
from tenants.experiment_documents import RunningExperiment
from tenants.locales import nearest
from tenants.option_plan import Published
from tenants.placements import STANDARD, Placement
from tenants.rules import Rule
from tenants.shown_tokens import ShownTokens
from tenants.suppression import Suppressed

MOST_USUAL = 300
MOST_MASKS, MOST_MASK_BYTES = 500, 100_000_000
_Asked = tuple[str, frozenset[str], str | None, str | None, bool]
Decided = tuple[tuple[Rule, ...], tuple[tuple[str, str], ...]]
"""All rules of a shop, and its placements' filters by name."""
_generations = count(1)


MadeOf = tuple[Ruling, Opening, Preorderable]
"""Besides the catalogue, what a mask depends on."""


@dataclass(slots=True, eq=False)
class LiveTenant:
    """What one process serves a tenant from. Only `live_tenants` changes it."""

    tenant_id: UUID
    catalogue: Catalogue
    learned: Learned | None = None
    newcomers: Newcomers = field(default_factory=nobody_new)
    usual: Sequence[int] = ()
    """Before there is a model: rows of the product types that are bought in shops of this vertical."""
    version_json: bytes = b"null"
    """The active model version as it stands in every answer."""
    generation: int = field(default_factory=lambda: next(_generations))
    """Another number after every change that an order of products may depend on; no two tenants share one."""
    changed_since: int = 0
    """The mark up to which catalogue changes have been read."""
    placements: Mapping[str, Placement] = field(default_factory=lambda: dict(STANDARD))
    book: RuleBook | None = None
    """None while there is no rule."""
    decided: Decided = ((), ())
    """What the book was made of."""
    judging: bool = False
    """Whether a thread is at work on the book."""
    documents: Mapping[str, Published] = field(default_factory=dict)
    """Published option documents by product id."""
    made: Mapping[str, Published] = field(default_factory=dict)
    """Those of products that are made to measure."""
    documents_since: int = 0
    """The mark up to which option documents have been read."""
    documents_version: int = 0
    """How often they were read."""
    rules_since: int = 0
    """The mark up to which rules and placements have been read."""
    showcase: Showcase = field(default_factory=Showcase)
    """Limited collections."""
    opening: Opening = NOTHING_SHOWN
    """What of them is open as of the last `advance`."""
    collections_since: int = 0
    """The mark up to which collections have been read."""
    windows: Sequence[CampaignWindow] = ()
    """Preorder campaigns that are neither paused nor over."""
    preorderable: Preorderable = NOTHING_PREORDERABLE
    """What of them is open as of the last `advance`."""
    running: Sequence[RunningExperiment] = ()
    """Experiments that were started and not stopped."""
    trials: ByPlacement = field(default_factory=dict)
    """Their arms, made with the placements as they are."""
    choices: Choices = field(default_factory=Choices)
    suppressed: Suppressed = field(default_factory=Suppressed)
    privacy_since: int = 0
    """The mark up to which choices and erasures have been read."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """External ids of merged shoppers, and the one that stands for each."""
    privacy_version: int = 0
    """How often choices and erasures were read."""
    rules_version: int = 0
    """How often rules and placements were read."""
    identity_version: int = 0
    """As of which the aliases were read."""
    _masks: dict[_Asked, tuple[int, MadeOf, bytes]] = field(default_factory=dict)
    _locales: tuple[Mapping[str, Placement], frozenset[str]] | None = None
    """Those that make a difference with these placements, in lower case."""
    tokens: ShownTokens = field(default_factory=ShownTokens.for_nobody)
    """Makes the token of each product that is shown."""

    @property
    def version_id(self) -> UUID | None:
        return None if self.learned is None else self.learned.model.version_id

    def may_personalise(self, external_id: str) -> bool:
        """Whether this shopper agreed, or did not object, and was not erased."""
        person = self.aliases.get(external_id, external_id)
        return self.choices.allow(person) and not self.suppressed.holds("external_id", external_id)

    def find_shopper(self, external_id: str | None) -> int | None:
        """The model's index of a shopper, None for one that it may not know."""
        return self._find(Learned.find_shopper, external_id)

    def find_cold_segment(self, external_id: str | None) -> int | None:
        """The model's index of the segment that speaks for a shopper who had bought nothing; None as above."""
        return self._find(Learned.find_cold_segment, external_id)

    def row_of(self, product_id: str | None) -> int:
        """The catalogue's row, NOWHERE for a product that it does not hold."""
        return NOWHERE if product_id is None else self.catalogue.rows.get(product_id, NOWHERE)

    def may_name(self, product_id: str, now: float, mine: frozenset[str] = frozenset()) -> bool:
        """False for what only the merchant knows of, and for what belongs to an exclusive collection that is not open
        to one whom these personal collections hold: they are answered as for an id that nobody knows."""
        self.advance(now)
        return self.catalogue.may_name(product_id, now) and product_id not in self.opening.closed_to(mine)

    def beside(self, row: int) -> Sequence[int]:
        """What goes with a product: nearest first, by purchases, or by description for one that never sold."""
        found = self.learned.similar(row) if self.learned is not None else []
        return found or self.alike(row)

    def alike(self, row: int) -> Sequence[int]:
        """The newest products of the same kind, for a product of which no purchase is known."""
        kinds = self.catalogue.kinds
        kind = kinds[row]
        return [other for other in self.catalogue.newest if kinds[other] == kind and other != row] if kind else []

    def ruling(self, placement: str) -> Ruling:
        """What the merchant's rules say of a placement."""
        return FREE if self.book is None else self.book.ruling(placement)

    def advance(self, now: float) -> None:
        """Let windows of products, rules, collections and campaigns open and close. Costs nothing between two such
        moments."""
        self.catalogue.advance(now)
        if not self.opening.holds(now):
            self.opening = self.showcase.open_at(now)
            self.touch()
        if not self.preorderable.holds(now):
            self.preorderable = preorderable_at(self.windows, now)
            self.touch()
        if self.book is not None and now >= self.book.until and not self.judging:
            self.book.update((), now)
            self.touch()  # remembered orders were boosted and buried by the rulings of before

    def mask(
        self,
        placement: str,
        now: float,
        mine: frozenset[str] = frozenset(),
        *,
        category: str | None = None,
        currency: str | None = None,
        preorders: bool = False,
    ) -> bytes:
        """1 for each row that this placement may show now, to one whom these personal collections hold, on a page of
        this category and currency. `preorders`: also what is made only once it is preordered."""
        self.advance(now)
        ruling, version = self.ruling(placement), self.catalogue.version
        key = placement, mine, category, currency, preorders
        known = self._masks.get(key)
        made_of = ruling, self.opening, self.preorderable
        if known is not None and known[0] == version and all(map(is_, known[1], made_of)):
            return known[2]
        closed = map(self.row_of, self.opening.closed_to(mine))
        mask = _without(_merge(self._for_sale(now, preorders=preorders), ruling.allowed), closed)
        mask = _merge(mask, self.catalogue.among(category, currency))
        if 1 not in mask:
            return mask  # not kept: pages may ask for categories without end
        if len(self._masks) >= min(MOST_MASKS, MOST_MASK_BYTES // len(mask)):
            self._masks.clear()
        self._masks[key] = version, made_of, mask
        return mask

    def _for_sale(self, now: float, *, preorders: bool) -> bytes | bytearray:
        if not preorders:
            return self.catalogue.sellable
        rows = (self.row_of(one) for one in self.preorderable.product_ids if self.catalogue.may_name(one, now))
        return _with(self.catalogue.sellable, (row for row in rows if row and row not in self.catalogue.held))

    def hear(self, locale: str) -> str:
        """What of a page's locale makes a difference here: two pages for which it is the same say the same."""
        if self._locales is None or self._locales[0] is not self.placements:
            arms = [arm.placement for placed in self.trials.values() for one in placed for arm in one.arms]
            said = {one.lower() for placement in (*self.placements.values(), *arms) for one in placement.headings}
            self._locales = self.placements, frozenset({*WORDS, *said})
        return nearest(self._locales[1], locale)

    def show(self, showcase: Showcase) -> None:
        """From now on these are the shop's collections."""
        self.showcase, self.opening = showcase, UNDECIDED
        self.touch()

    def let_preorder(self, windows: Sequence[CampaignWindow]) -> None:
        """From now on these are the shop's campaigns."""
        self.windows, self.preorderable = windows, NOT_YET_PREORDERABLE
        self.touch()

    def experiment(self, running: Sequence[RunningExperiment]) -> None:
        """From now on these are the shop's experiments, in the placements as they are."""
        self.running, self.trials, self._locales = running, arrange(running, self.placements), None
        self.touch()

    def state(self) -> tuple[object, ...]:
        """Two that are equal mean that nothing changed between."""
        read = self.privacy_version, self.identity_version, self.rules_version, self.documents_version
        return self.catalogue.version, self.version_id, *read, self.showcase, tuple(self.usual)

    def as_of(self, now: float) -> "LiveTenant":
        """The same at another time, for a look ahead. Costs a millisecond where there are rules."""
        return self.under(None if self.book is None else self.book.as_of(now))

    def under(self, book: RuleBook | None, placements: Mapping[str, Placement] | None = None) -> "LiveTenant":
        """The same with other rules and placements, for a trial."""
        other = replace(self, book=book, placements=placements or self.placements, _masks={})
        other.touch()
        return other

    def touch(self) -> None:
        """Something changed: orders made before are not used again."""
        self.generation = next(_generations)

    def publish(self, documents: Mapping[str, Published]) -> None:
        """Offer these products to order from now on."""
        self.documents = documents
        self.made = {product: one for product, one in documents.items() if one.plan.measured}
        self.documents_version += 1

    def learn(self, learned: Learned, newcomers: Newcomers) -> None:
        """Serve from this model from now on."""
        self.learned, self.newcomers = learned, newcomers
        self.version_json = b'"%s"' % str(learned.model.version_id).encode()

    def unlearn(self, prior: Mapping[str, float]) -> None:
        """Serve without a model, by what is usual in the vertical (product type → share of purchases)."""
        self.learned, self.newcomers, self.version_json = None, nobody_new(), b"null"
        self.usual = self.catalogue.by_kind(prior, most=MOST_USUAL) if prior else ()

    def _find(self, find: Callable[[Learned, str], int | None], external_id: str | None) -> int | None:
        """Under any of a shopper's ids: the old one while the model knows that only."""
        if external_id is None or self.learned is None or not self.may_personalise(external_id):
            return None
        person, began_at = self.aliases.get(external_id, external_id), self.learned.began_at
        if self.suppressed.began_anew("external_id", external_id, since=began_at):
            return None
        found = find(self.learned, person)
        return found if found is not None or person == external_id else find(self.learned, external_id)


def _merge(sellable: bytes | bytearray, allowed: bytes | None) -> bytes:
    """Rows that sell and that the rules allow; a row that the rules have not seen yet waits."""
    if allowed is None:
        return bytes(sellable)
    length = min(len(sellable), len(allowed))
    both = int.from_bytes(sellable[:length], "little") & int.from_bytes(allowed[:length], "little")
    return both.to_bytes(length, "little").ljust(len(sellable), b"\0")


def _with(mask: bytes | bytearray, rows: Iterable[int]) -> bytearray:
    """The same with these rows open."""
    opened = bytearray(mask)
    for row in rows:
        opened[row] = 1
    return opened


def _without(mask: bytes, rows: Iterable[int]) -> bytes:
    """The same with these rows closed."""
    closed = bytearray(mask)
    for row in rows:
        closed[row] = 0
    return bytes(closed)
