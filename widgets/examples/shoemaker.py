"""Shoemaker: Long Step, a made-up maker of cloth shoes, with its products, shoppers and orders in our API's shape.

Everything is drawn from one seed, so each call gives the same. Shoppers have a taste (a style, a colour, a motif), and
buy by it: there is something to learn.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

CURRENCY: Final = "USD"
SEED: Final = 1897
LAST_DAY: Final = datetime(2026, 9, 30, 18, tzinfo=UTC)
Row = dict[str, Any]  # a row in API form: JSON, checked by the API itself


class Shoe(NamedTuple):
    """One product: what it is called and what it is made of."""

    id: str
    title: str
    style: str
    sole: str
    colour: str
    motif: str
    price_minor: int
    sale_price_minor: int | None
    story: str


SHOES: Final = (
    Shoe("LS-101", "Thousand-Stitch Slip-On", "slip-on", "stitched cloth", "ink black", "plain", 12800, None,
         "The shoe the house began with: thirty-two layers of cotton, stitched by hand in four days."),
    Shoe("LS-102", "Harbour Slip-On", "slip-on", "rubber", "indigo", "plain", 9800, None,
         "For wet pavements: the old upper on a quiet rubber sole."),
    Shoe("LS-103", "Cloud Walker", "slip-on", "stitched cloth", "indigo", "cloud", 14800, None,
         "Clouds in pale thread, for people who are on their feet all day."),
    Shoe("LS-104", "Oatmeal Loafer", "slip-on", "leather", "oatmeal", "plain", 13800, 11800,
         "Undyed linen over a thin leather sole."),
    Shoe("LS-105", "Scholar's Slip-On", "slip-on", "leather", "grey flannel", "bamboo", 15800, None,
         "Grey flannel with a stand of bamboo at the toe."),
    Shoe("LS-106", "Jade Garden Slip-On", "slip-on", "crepe", "jade", "crane", 16200, None,
         "A crane lifts off a jade ground; the crepe sole is soft as moss."),
    Shoe("LS-201", "Peony Mary Jane", "mary-jane", "stitched cloth", "vermilion", "peony", 16800, None,
         "Our wedding shoe. The peony takes one embroiderer a full day."),
    Shoe("LS-202", "Plum Blossom Mary Jane", "mary-jane", "stitched cloth", "plum purple", "plum", 15800, None,
         "Plum flowers in winter, before any leaf."),
    Shoe("LS-203", "Everyday Mary Jane", "mary-jane", "rubber", "ink black", "plain", 10800, None,
         "One strap, one button, no fuss."),
    Shoe("LS-204", "Rose Mary Jane", "mary-jane", "leather", "rose", "peony", 15200, 12900,
         "Rose satin cotton, tone on tone."),
    Shoe("LS-205", "Jade Dance Shoe", "mary-jane", "leather", "jade", "plain", 13200, None,
         "Light enough for the square at dusk."),
    Shoe("LS-206", "Indigo Crane Mary Jane", "mary-jane", "stitched cloth", "indigo", "crane", 16800, None,
         "Natural indigo, dipped eleven times."),
    Shoe("LS-301", "Clerk's Lace-Up", "lace-up", "leather", "ink black", "plain", 17800, None,
         "A cloth shoe that passes for an Oxford in any office."),
    Shoe("LS-302", "Flannel Lace-Up", "lace-up", "crepe", "grey flannel", "plain", 17200, None,
         "Wool flannel, crepe sole, silent on stairs."),
    Shoe("LS-303", "Traveller's Lace-Up", "lace-up", "rubber", "oatmeal", "plain", 16400, 13900,
         "Washable canvas. Packs flat."),
    Shoe("LS-304", "Bamboo Lace-Up", "lace-up", "stitched cloth", "jade", "bamboo", 18200, None,
         "For walkers who look down now and then."),
    Shoe("LS-401", "Winter Boot", "boot", "crepe", "ink black", "plain", 24800, None,
         "Quilted cotton to the ankle, wool inside."),
    Shoe("LS-402", "Snow Plum Boot", "boot", "crepe", "vermilion", "plum", 26800, None,
         "The winter boot in festival red."),
    Shoe("LS-403", "Rain Boot in Indigo", "boot", "rubber", "indigo", "cloud", 23800, None,
         "Waxed cotton over a rubber sole."),
    Shoe("LS-501", "House Slipper", "slipper", "stitched cloth", "oatmeal", "plain", 5800, None,
         "Linen for bare feet."),
    Shoe("LS-502", "Peony House Slipper", "slipper", "stitched cloth", "rose", "peony", 6800, None,
         "The guest's slipper."),
    Shoe("LS-503", "Ink House Slipper", "slipper", "leather", "ink black", "bamboo", 6400, 5200,
         "For the study, after ten."),
    Shoe("LS-601", "Tiger Shoe for First Steps", "child", "stitched cloth", "vermilion", "tiger", 4800, None,
         "A tiger on each toe keeps watch over the first steps."),
    Shoe("LS-602", "Tiger Shoe in Jade", "child", "stitched cloth", "jade", "tiger", 4800, None,
         "The same tiger, a calmer coat."),
)  # fmt: skip

SHOES_BY_ID: Final = {shoe.id: shoe for shoe in SHOES}
STYLE_NAMES: Final = {
    "slip-on": "Slip-ons", "mary-jane": "Mary Janes", "lace-up": "Lace-ups", "boot": "Boots",
    "slipper": "House slippers", "child": "Children",
}  # fmt: skip
NAMES: Final = (
    "Ada Lindqvist", "Bao Tran", "Carmen Ruiz", "Dmitri Volkov", "Elif Demir", "Farah Haddad", "Grace Okafor",
    "Hiro Tanaka", "Ines Moreau", "Jonas Weber", "Keiko Mori", "Liam Byrne", "Mei Lin", "Noor Rahman",
    "Olga Petrova", "Paolo Conti", "Qiu Yan", "Rosa Almeida", "Samir Aziz", "Tessa Jansen", "Uma Patel",
    "Viktor Novak", "Wanjiru Kamau", "Xin Yi", "Yusuf Kaya", "Zofia Nowak", "Anders Holm", "Bella Rossi",
    "Chidi Eze", "Delphine Roy", "Emeka Obi", "Freya Dahl", "Gita Rao", "Hana Kim", "Ivo Horvat", "Jia Wen",
    "Kofi Mensah", "Lucia Vega", "Marek Dvorak", "Nina Fischer",
)  # fmt: skip


class Taste(NamedTuple):
    """What a shopper leans to."""

    style: str
    colour: str
    motif: str


def list_products(base_url: str) -> Iterator[Row]:
    """The 24 shoes, each in eight sizes."""
    for shoe in SHOES:
        yield _product(shoe, base_url.rstrip("/"))


def find_product(product_id: str, base_url: str) -> Row | None:
    """One shoe for its page, or None."""
    shoe = SHOES_BY_ID.get(product_id)
    return None if shoe is None else _product(shoe, base_url.rstrip("/"))


def list_shoppers(base_url: str) -> Iterator[Row]:
    """The 40 shoppers. Their addresses are of a domain that can never exist."""
    for number, name in enumerate(NAMES, 1):
        taste = taste_of(number)
        email = f"{name.lower().replace(' ', '.')}@shoppers.invalid"
        yield {"id": f"S{number:03}", "name": name, "email": email, "attributes": {"likes": STYLE_NAMES[taste.style]}}


def list_orders(base_url: str) -> Iterator[Row]:
    """About 160 orders over eighteen months, oldest first."""
    dice = random.Random(SEED)  # noqa: S311 - made-up orders, the same each time
    orders = [_order(dice, number) for number in range(1, len(NAMES) + 1) for _ in range(dice.choice((3, 4, 4, 5)))]
    orders.sort(key=lambda order: str(order["ordered_at"]))
    for number, order in enumerate(orders, 1):
        yield {"id": f"LS{number:05}", **order}


def taste_of(number: int) -> Taste:
    """Shopper `number`'s taste. Neighbours differ, and every taste has several shoppers."""
    tastes = (
        Taste("slip-on", "indigo", "cloud"), Taste("mary-jane", "vermilion", "peony"),
        Taste("lace-up", "ink black", "plain"), Taste("boot", "indigo", "plum"),
        Taste("child", "vermilion", "tiger"), Taste("slipper", "oatmeal", "plain"),
        Taste("mary-jane", "jade", "crane"), Taste("slip-on", "grey flannel", "bamboo"),
    )  # fmt: skip
    return tastes[number % len(tastes)]


def _product(shoe: Shoe, base_url: str) -> Row:
    row: Row = {
        "id": shoe.id,
        "title": shoe.title,
        "description": shoe.story,
        "url": f"{base_url}/product/{shoe.id}",
        "image_urls": [f"{base_url}/image/shoe/{shoe.id}.svg"],
        "price_minor": shoe.price_minor,
        "currency": CURRENCY,
        "brand": "Long Step",
        "categories": [STYLE_NAMES[shoe.style]],
        "attributes": {"sole": shoe.sole, "colour": shoe.colour, "embroidery": shoe.motif},
        "variants": [
            {"id": f"{shoe.id}-{size}", "title": f"Size {size}", "attributes": {"size": str(size)}}
            for size in _sizes(shoe)
        ],
        "stock_quantity": 24,
    }
    if shoe.sale_price_minor is not None:
        row["sale_price_minor"] = shoe.sale_price_minor
    return row


def _sizes(shoe: Shoe) -> range:
    return range(20, 28) if shoe.style == "child" else range(36, 44)


def _order(dice: random.Random, number: int) -> Row:
    taste, when = taste_of(number), LAST_DAY - timedelta(minutes=dice.randrange(540 * 24 * 60))
    chosen = _choose(dice, taste, dice.choice((1, 1, 2, 2, 3)))
    return {
        "shopper_id": f"S{number:03}",
        "ordered_at": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "currency": CURRENCY,
        "status": "completed",
        "lines": [_line(shoe) for shoe in chosen],
    }


def _choose(dice: random.Random, taste: Taste, count: int) -> list[Shoe]:
    """`count` different shoes, each the likelier the more it has of the taste."""
    shelf = list(SHOES)
    chosen = []
    for _ in range(count):
        weights = [
            1 + 12 * (shoe.style == taste.style) + 5 * (shoe.colour == taste.colour) + 4 * (shoe.motif == taste.motif)
            for shoe in shelf
        ]
        chosen.append(shelf.pop(dice.choices(range(len(shelf)), weights)[0]))
    return chosen


def _line(shoe: Shoe) -> Row:
    discount = 0 if shoe.sale_price_minor is None else shoe.price_minor - shoe.sale_price_minor
    return {"product_id": shoe.id, "quantity": 1, "unit_price_minor": shoe.price_minor, "discount_minor": discount}
