"""Catalogue: a tenant's products in memory, by row number, ready to be shown."""

import heapq
import math
from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from recommender.serving.blobs import Blobs, Column
from recommender.serving.cards import encode_card
from recommender.serving.groups import Groups
from tenants.expressions import Document
from tenants.products import CatalogueRow
from tenants.verticals import normalised

ALWAYS, NEVER = -math.inf, math.inf
NOWHERE = 0
"""The row of what the catalogue does not hold. It never sells, so that nobody has to ask."""
NEWEST = 2_000
"""How many of the newest products are kept in order."""


class Shelves:
    """Where a process keeps the texts of all catalogues: what pages show apart from what is seldom read."""

    def __init__(self) -> None:
        self.cards, self.documents = Blobs(), Blobs()

    def trim(self) -> None:
        """Give memory back; call it every second."""
        self.cards.trim()


@dataclass(frozen=True, slots=True)
class Window:
    """When a product sells and when its sale price counts, in POSIX seconds; kept for those that have such times."""

    opens_at: float
    closes_at: float
    sale_from: float
    sale_until: float
    card: bytes
    sale_card: bytes | None

    def bounds(self) -> tuple[float, ...]:
        return self.opens_at, self.closes_at, self.sale_from, self.sale_until


class Catalogue:
    """Rows never move: a changed product keeps its number, a deleted one stays and does not sell."""

    def __init__(self, shelves: Shelves) -> None:
        self.ids: list[str] = [""]
        self.rows: dict[str, int] = {}
        self.cards, self._documents = Column(shelves.cards), Column(shelves.documents)
        self.sellable = bytearray(1)
        """1 for each row that may be shown as of the last `advance`."""
        self.kinds = array("i", [0])
        """A number for each row's finest category, or its brand where it has none; 0 for neither."""
        self.newest: Sequence[int] = ()
        """The newest products, the latest first."""
        self.reserved: dict[str, float] = {}
        """From when (POSIX seconds) an id may be named, for those that have such a time: NEVER while not published."""
        self._offered = bytearray(1)
        self._held: set[int] = set()
        self.version = 0
        """Another number after every change, also when only time passed."""
        self._kind_numbers: dict[str, int] = {"": 0}
        self._groups = Groups()
        self._windows: dict[int, Window] = {}
        self._created: dict[int, float] = {}
        self._added: list[tuple[float, int]] = []
        self._now, self._from, self._until = math.nan, NEVER, ALWAYS
        self.cards.append(b"")
        self._documents.append(b"{}")

    def __len__(self) -> int:
        """How many products it has ever held."""
        return len(self.rows)

    def document(self, row: int) -> Document:
        """The product as rules and needs see it: see `tenants.expressions.SAMPLE`. The sale price is there whether the
        sale is on or not, and so are sale_from_s and sale_until_s (POSIX seconds or null)."""
        found: Document = _decode(self._documents[row])
        return found

    def may_name(self, product_id: str, now: float) -> bool:
        """False for what only the merchant knows of, so that a page is answered as for an id that nobody knows."""
        return self.reserved.get(product_id, ALWAYS) <= now

    def by_kind(self, shares: Mapping[str, float], *, most: int) -> list[int]:
        """Rows of the kinds that have a share (names as `tenants.verticals.normalised` gives them), the greatest first;
        the later of equals before the earlier."""
        numbers = {number: shares.get(normalised(name), 0.0) for name, number in self._kind_numbers.items()}
        ranked = ((numbers[kind], row) for row, kind in enumerate(self.kinds) if numbers[kind] > 0)
        return [row for _, row in heapq.nlargest(most, ranked)]

    def price(self, row: int, now: float) -> tuple[int, str]:
        """What a shopper pays now, in minor units, and the currency."""
        found = _decode_price(self._documents[row])
        window = self._windows.get(row)
        on_sale = window is not None and window.sale_from <= now < window.sale_until
        sale = found.sale_price_minor if on_sale else None
        return found.price_minor if sale is None else sale, found.currency

    def among(self, category: str | None, currency: str | None) -> bytes | None:
        """1 for each row of this category and currency (None: any); None where that is every row."""
        return self._groups.select(category, currency)

    def title(self, row: int) -> str:
        return _decode_title(self._documents[row]).title

    def put(self, products: Iterable[CatalogueRow], *, hold: bool = False) -> list[int]:
        """Take changed products in and return their rows. `hold`: they do not sell until `release`, because rules have
        to see them first."""
        rows = [self._put(product) for product in products]
        if not rows:
            return rows
        self.version += 1
        self._settle()
        if hold:
            self._held.update(rows)
            self._close(rows)
        return rows

    @property
    def held(self) -> Collection[int]:
        """Rows that rules have yet to see."""
        return self._held

    def release(self) -> None:
        """Let everything that is held sell, where it may."""
        if not self._held:
            return
        self.version += 1
        held, self._held = self._held, set()
        for row in held:
            self.sellable[row] = self._offered[row]
            if row in self._windows:
                self._apply(row, self._windows[row])

    def advance(self, now: float) -> None:
        """Let what opens, closes or goes on sale by this time do so. Costs nothing between two such moments."""
        if self._from <= now < self._until:
            return
        self.version += 1
        self._now, self._from, self._until = now, ALWAYS, NEVER
        for row, window in self._windows.items():
            self._apply(row, window)
        self._close(self._held)

    def _settle(self) -> None:
        """Order the newest anew."""
        if self._added:
            kept = [(self._created[row], row) for row in self.newest]
            latest = sorted(kept + self._added, reverse=True)[:NEWEST]
            self._created = {row: created_at for created_at, row in latest}
            self.newest, self._added = list(self._created), []

    def _put(self, product: CatalogueRow) -> int:
        row = self.rows.setdefault(product.product_id, len(self.ids))
        card, document = encode_card(product, on_sale=False), encode_document(product)
        if row == len(self.ids):
            self._append(product, card, document)
        else:
            self.cards[row], self._documents[row] = card, document
        self.kinds[row] = self._kind(product)
        self._groups.put(row, product.categories, product.currency)
        self._reserve(product)
        self.sellable[row] = self._offered[row] = product.offered
        window = _window(product, card)
        if window is None or not product.offered:
            self._windows.pop(row, None)
        else:
            self._windows[row] = window
            self._apply(row, window)
        return row

    def _close(self, rows: Iterable[int]) -> None:
        for row in rows:
            self.sellable[row] = 0

    def _append(self, product: CatalogueRow, card: bytes, document: bytes) -> None:
        self._added.append((product.created_at.timestamp(), len(self.ids)))
        self.ids.append(product.product_id)
        self.cards.append(card)
        self._documents.append(document)
        self.sellable.append(0)
        self._offered.append(0)
        self.kinds.append(0)

    def _apply(self, row: int, window: Window) -> None:
        """Bring one row up to `_now`, and narrow the time for which that holds."""
        now = self._now
        if math.isnan(now):
            return
        self.sellable[row] = window.opens_at <= now < window.closes_at
        on_sale = window.sale_card is not None and window.sale_from <= now < window.sale_until
        self.cards[row] = window.sale_card if on_sale and window.sale_card is not None else window.card
        for bound in window.bounds():
            if bound <= now:
                self._from = max(self._from, bound)
            else:
                self._until = min(self._until, bound)

    def _reserve(self, product: CatalogueRow) -> None:
        since = _seconds(product.available_from, ALWAYS) if product.published else NEVER
        if since == ALWAYS:
            self.reserved.pop(product.product_id, None)
        else:
            self.reserved[product.product_id] = since

    def _kind(self, product: CatalogueRow) -> int:
        name = product.categories[-1] if product.categories else product.brand
        return self._kind_numbers.setdefault(name, len(self._kind_numbers))


def encode_document(product: CatalogueRow) -> bytes:
    """What rules, needs and reasons may ask of a product."""
    return _encode(
        {
            "id": product.product_id,
            "title": product.title,
            "brand": product.brand,
            "categories": product.categories,
            "price_minor": product.price_minor,
            "sale_price_minor": product.sale_price_minor,
            "currency": product.currency,
            "in_stock": product.in_stock,
            "attributes": msgspec.Raw(product.attributes.encode()),
            "created_at_s": product.created_at.timestamp(),
            "sale_from_s": None if product.sale_from is None else product.sale_from.timestamp(),
            "sale_until_s": None if product.sale_until is None else product.sale_until.timestamp(),
        }
    )


def _window(product: CatalogueRow, card: bytes) -> Window | None:
    """None for a product that always sells at one price."""
    times = product.available_from, product.available_until
    if product.sale_price_minor is None and times == (None, None):
        return None
    return Window(
        opens_at=_seconds(product.available_from, ALWAYS),
        closes_at=_seconds(product.available_until, NEVER),
        sale_from=_seconds(product.sale_from, ALWAYS),
        sale_until=_seconds(product.sale_until, NEVER),
        card=card,
        sale_card=None if product.sale_price_minor is None else encode_card(product, on_sale=True),
    )


def _seconds(moment: datetime | None, otherwise: float) -> float:
    return otherwise if moment is None else moment.timestamp()


class _Titled(msgspec.Struct):
    title: str = ""


class _Priced(msgspec.Struct):
    price_minor: int = 0
    sale_price_minor: int | None = None
    currency: str = ""


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict).decode
_decode_title = msgspec.json.Decoder(_Titled).decode
_decode_price = msgspec.json.Decoder(_Priced).decode
