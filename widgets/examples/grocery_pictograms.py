"""Pictogram: the drawing that stands for a grocery product, as Complete Journey has no photographs.

A kind ("milk") is found by words of the product's names; its colours vary with the product's id, so that neighbours on
a shelf look alike but not the same. The shapes are files in `pictograms/`, on 200 × 200: `{c}` stands for the product's
colour, `{d}` for a darker one of it.
"""

import re
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple


class Pictogram(NamedTuple):
    """The tile's colour, and the pairs of colours that a product may have."""

    tile: str
    colours: tuple[tuple[str, str], ...]


RED, BLUE, GREEN = ("#e4572e", "#b93d1a"), ("#3b7dd8", "#2a5da5"), ("#4c9f50", "#35733a")
GOLD, PLUM, TEAL = ("#f0b429", "#c98f10"), ("#8e5bb5", "#6b3f8f"), ("#2fa39a", "#1f766f")
PINK, BROWN, SLATE = ("#e87ea1", "#c2557b"), ("#a9713f", "#7c4f28"), ("#5d7186", "#435466")
PACKS = (RED, BLUE, GREEN, GOLD, PLUM, TEAL)

PICTOGRAMS: Final = {
    "milk": Pictogram("#e3effb", (BLUE, RED, GREEN, TEAL)),
    "yogurt": Pictogram("#fde8ef", (PINK, BLUE, GOLD, PLUM)),
    "cheese": Pictogram("#fdf3d3", (GOLD, ("#f2c14e", "#d49f1f"), ("#f3a83b", "#cc7f16"))),
    "eggs": Pictogram("#f4ece1", (("#e9c9a0", "#b08d63"), ("#fffaf2", "#9aa7b5"))),
    "butter": Pictogram("#fdf6dc", (GOLD, BLUE)),
    "apple": Pictogram("#e9f4e2", (RED, ("#7cb342", "#558b2f"), ("#d9a420", "#a97c10"))),
    "banana": Pictogram("#fff6d6", (("#f6cf3e", "#caa016"), ("#f0d65a", "#bfa22b"))),
    "berries": Pictogram("#fde7e6", (("#d8324a", "#a51d33"), ("#4b63b6", "#33468a"), ("#7b3f8c", "#592a67"))),
    "citrus": Pictogram("#fff0db", (("#f5921e", "#d27208"), ("#f4d03f", "#cfa90c"), ("#8bbf3d", "#62912a"))),
    "grapes": Pictogram("#efe6f5", (PLUM, ("#8fb84a", "#688c2f"), ("#a83b52", "#7d2539"))),
    "melon": Pictogram("#e6f5e6", (("#ef5d6c", "#c53a4b"), ("#f5a35c", "#d27d33"))),
    "salad": Pictogram("#e5f4dc", (("#6ab04c", "#3f7f2b"), ("#86bf3f", "#5a8c23"))),
    "carrot": Pictogram("#fdebd9", (("#f2862e", "#cc6412"),)),
    "tomato": Pictogram("#fde4de", (("#e0412f", "#b32a1b"), ("#ea5b3a", "#c03d1f"))),
    "pepper": Pictogram("#eaf5df", (GREEN, RED, GOLD)),
    "onion": Pictogram("#f6ecdf", (("#d99a4e", "#ad7026"), ("#9b4a74", "#703154"), ("#f2ede2", "#b5a88c"))),
    "potato": Pictogram("#f3eadb", (("#c89b62", "#97703d"), ("#b9654f", "#8c4433"))),
    "mushroom": Pictogram("#f1ebe4", (("#c9a98a", "#9a7957"), ("#efe6da", "#bba88f"))),
    "broccoli": Pictogram("#e6f3e0", (GREEN, ("#eee9d4", "#bfb58c"))),
    "corn": Pictogram("#fff5d0", (("#f5c93b", "#d09d10"),)),
    "vegetable": Pictogram("#e8f5e4", (("#5c9e45", "#3c7329"), ("#7fa83a", "#587a1f"))),
    "peach": Pictogram("#fdeadd", (("#f4a06b", "#d8743c"), ("#b5476a", "#87294a"), ("#c6cf57", "#97a02e"))),
    "bread": Pictogram("#f8ecdb", (("#d9a05b", "#b1762f"), ("#b9824a", "#8d5a27"), ("#e5bb7d", "#bd8a42"))),
    "buns": Pictogram("#f9efdc", (("#dc9f52", "#b4762c"), ("#c98b45", "#9b6524"))),
    "cake": Pictogram("#fdeaf0", (PINK, BROWN, GOLD)),
    "cookie": Pictogram("#f7eadb", (("#cf9a5b", "#7a4b22"), ("#a9713f", "#4e2d14"))),
    "pie": Pictogram("#f9ecd9", (("#d99b4e", "#ad7026"),)),
    "beef": Pictogram("#fbe3de", (("#c9433f", "#962825"), ("#b8393f", "#862227"))),
    "chicken": Pictogram("#fbeadb", (("#d8904a", "#ab6726"), ("#eab98d", "#c48c5a"))),
    "sausage": Pictogram("#fae5dc", (("#bd5a3c", "#8f3c22"), ("#d9807b", "#b25854"))),
    "bacon": Pictogram("#fbe4de", (("#c6473e", "#f2c9b5"), ("#d88c86", "#fbe9e0"))),
    "fish": Pictogram("#dff0f7", (("#5f9fc4", "#3f7799"), ("#f09a7d", "#cf6f50"))),
    "shrimp": Pictogram("#fde9e2", (("#ef8f70", "#d06748"),)),
    "can": Pictogram("#e9eef2", PACKS),
    "jar": Pictogram("#f7efe3", (RED, GOLD, PLUM, GREEN, BROWN)),
    "bottle": Pictogram("#e4f1f4", (RED, BLUE, GREEN, GOLD, BROWN)),
    "soda": Pictogram("#e3f0f6", (RED, BLUE, GREEN, GOLD, PLUM)),
    "water": Pictogram("#def1fa", (("#5fb4e0", "#3487b5"), ("#79c7d9", "#3f96ab"))),
    "juice": Pictogram("#fff1d9", (("#f59b2d", "#d27908"), ("#c8446b", "#96294a"), ("#7fae3c", "#587d22"))),
    "beer": Pictogram("#fbf0d5", (("#e6a82c", "#b57c10"), ("#b8762e", "#85501a"))),
    "wine": Pictogram("#f2e3ea", (("#7b1e3c", "#571229"), ("#d8b94a", "#a98a1f"), ("#d98596", "#b35b6e"))),
    "coffee": Pictogram("#efe5da", (("#6f4a2f", "#4c2f1b"), ("#a33b2c", "#74261b"), ("#2f5d50", "#1d4037"))),
    "tea": Pictogram("#e9f1e0", (GREEN, GOLD, ("#b5653a", "#8a4621"))),
    "cereal": Pictogram("#fdf0dc", PACKS),
    "pasta": Pictogram("#fbf0d8", (GOLD, RED, BLUE)),
    "sack": Pictogram("#f4ecdf", (("#d8bf94", "#a88e5d"), BLUE, GREEN, RED)),
    "chips": Pictogram("#fff1d3", (RED, GOLD, BLUE, GREEN)),
    "candy": Pictogram("#fce6f0", (PINK, RED, TEAL, PLUM)),
    "chocolate": Pictogram("#f1e4d8", (RED, BLUE, GOLD, PLUM)),
    "icecream": Pictogram("#e8f2fb", (PINK, ("#f3e3b5", "#cfb877"), BROWN, TEAL)),
    "pizza": Pictogram("#fdebd8", (("#f4c35a", "#d08a2c"),)),
    "frozen": Pictogram("#dcedf9", (BLUE, TEAL, RED, GREEN)),
    "soup": Pictogram("#fbe9dd", (RED, GOLD, GREEN)),
    "spice": Pictogram("#f8eadd", (RED, GREEN, GOLD, BROWN)),
    "paper": Pictogram("#eef1f5", (BLUE, GREEN, PINK)),
    "cleaning": Pictogram("#e1f3f1", (TEAL, BLUE, GREEN, GOLD, PLUM)),
    "soap": Pictogram("#e8effa", (BLUE, PINK, TEAL, PLUM, GREEN)),
    "cosmetics": Pictogram("#fbe7ee", (("#c2314f", "#8f1c37"), PINK, PLUM)),
    "medicine": Pictogram("#e4f2f2", (RED, BLUE, TEAL, GREEN)),
    "pet": Pictogram("#f2ebe1", (BROWN, SLATE, GOLD, TEAL)),
    "baby": Pictogram("#e9f3fb", (BLUE, PINK, GOLD, TEAL)),
    "flower": Pictogram("#fbe9f1", (PINK, RED, GOLD, PLUM)),
    "book": Pictogram("#ece9f4", (BLUE, RED, PLUM, TEAL)),
    "card": Pictogram("#f6e9ef", (PINK, TEAL, GOLD, BLUE)),
    "toy": Pictogram("#eaf1fb", (RED, BLUE, GOLD, GREEN)),
    "home": Pictogram("#ecf0ee", (SLATE, TEAL, RED, GOLD)),
    "light": Pictogram("#fdf5d8", (GOLD,)),
    "garden": Pictogram("#e6f2dd", (("#c4703f", "#9a5028"),)),
    "deli": Pictogram("#f3f0e0", (GREEN, RED, GOLD)),
    "smoke": Pictogram("#ececec", (SLATE,)),
    "basket": Pictogram("#eef3e6", PACKS),
}

# The first line that matches a product's names decides, so narrow words stand above wide ones.
_RULES: Final = [
    ("buns", "buns|hamburger"),
    ("sausage", "hot dog"),
    ("pet", "cat food|catfd|dog|pet care|litter|bird seed|rawhide|cat "),
    ("baby", "baby|infant|diaper"),
    ("smoke", "cigar|tobacco|smoking"),
    ("flower", "floral|roses|bouquet|lily"),
    ("card", "greeting|cards|gift|balloon"),
    ("book", "magazine|book|newspaper|paperback|stationery|school|writing"),
    ("toy", "toys|games|halloween|christmas|easter|valentine|seasonal  |sports mem|fireworks"),
    ("icecream", "ice cream|sherb|novelties/wtr|popsicle|premium pints"),
    ("pizza", "pizza/|frozen pizza"),
    ("frozen", "frzn|frozen"),
    ("yogurt", "yogurt|pudding|gelatin|sour cream|cottage|dips"),
    ("eggs", "eggs"),
    ("butter", "butter$|^butter|margarine"),
    ("chocolate", "chocolate cand|candy bar|chococlate|cocoa"),
    ("milk", "milk|cream"),
    ("cheese", "cheese"),
    ("soup", "soup|broth|ramen|chili"),
    ("wine", "wine|champagne"),
    ("beer", "beer|ales|coolers"),
    ("bottle", "liquor|spirits|whisk|cordial"),
    ("coffee", "coffee"),
    ("tea", r"\btea"),
    ("juice", "juice|jce|punch|cider"),
    ("water", "water|isotonic|ice -"),
    ("soda", "soft drink|sft drnk|carb|energy drink|new age|beverage"),
    ("cookie", "cookie|wafer|brownie|oreo"),
    ("cake", "cake|donut|sweet goods|sw gds|frosting|dessert|pastr|muffin"),
    ("pie", r"pies?\b"),
    ("buns", "rolls"),
    ("chips", "chips|bag snacks|snack|pretzel|popcorn"),
    ("bread", "bread|bagel|biscuit|dough|tortilla|croutons|stuffing"),
    ("candy", "candy|gum|mints"),
    ("cereal", "cereal|crackers|granola|oatmeal|brkfst|bars|pastries|fitness|diet"),
    ("pasta", "pasta|noodle|spaghetti|macaroni|dinner mx|skillet"),
    ("sack", "rice|flour|sugar|sweet|dry bn|baking|mix|pancake|nuts|charcoal"),
    ("fish", "fish|seafood|tuna|salmon|sushi"),
    ("bacon", "bacon|smoked meat"),
    ("sausage", "sausage|hot dog|bologna|salami|pepperoni|links|frank"),
    ("chicken", "chicken|chix|turkey|poultry|fowl"),
    ("deli", "salad bar|prepared|prep fd|salads|party tray|lunch combo|sandwich"),
    ("can", "canned|shelf stable|beans -|olives"),
    ("beef", "beef|pork|meat|lamb|veal|ham\\b|ribs"),
    ("banana", "banana|tropical"),
    ("berries", "berr|cherr"),
    ("citrus", "citrus|orange|lemon|lime"),
    ("grapes", "grape|raisin"),
    ("melon", "melon|cantaloupe"),
    ("apple", "apple"),
    ("peach", "stone fruit|peach|plum|pear|nectarine|fruit"),
    ("carrot", "carrot"),
    ("tomato", "tomato|ketchup|catsup"),
    ("pepper", "pepper"),
    ("onion", "onion|garlic"),
    ("potato", "potato"),
    ("mushroom", "mushroom"),
    ("broccoli", "broccoli|cauliflower"),
    ("corn", "corn"),
    ("salad", "lettuce|salad mix|greens|spinach|cabbage|herbs|garden plus"),
    ("vegetable", "vegetable|squash|produce"),
    ("jar", "sauce|dressing|condiment|pickle|jam|jelly|pnt btr|syrup|salsa|mustard|relish|hispanic"),
    ("bottle", "oil|shortening|vinegar"),
    ("spice", "spice|season|gravy|extract"),
    ("paper", "tissue|towel|paper|napkin|bath tiss"),
    ("cosmetics", "cosmetic|makeup|fragrance|nail|revlon|covergirl"),
    ("soap", "soap|shampoo|hair|bath|body|deodorant|lotion|shav|oral|tooth|hygiene|suntan|facial"),
    ("cleaning", "clean|laundry|bleach|dish|detergent|air care|broom|insecticid"),
    (
        "medicine",
        "vitamin|analges|cold and flu|antacid|first aid|laxative|allergy|pharm|eye|foot|nutrition|family plan",
    ),
    ("light", "bulb|electric|batter|candle"),
    ("garden", "garden|lawn"),
    ("home", "houseware|gadget|cookware|kitchen|glassware|wraps|domestic|hardware|appliance|plastic|furnish|auto"),
]
_COMPILED: Final = [(kind, re.compile(words)) for kind, words in _RULES]


@cache
def kind_of(department: str | None, category: str | None, product_type: str | None) -> str:
    """The pictogram for a product: its type decides, else its category, else its department."""
    for names in (product_type, category, department):
        for kind, words in _COMPILED:
            if names and words.search(names.lower()):
                return kind
    return "basket"


def draw_pictogram(kind: str, product_id: str) -> str | None:
    """An SVG document, the same for the same product; None where there is no such kind."""
    pictogram = PICTOGRAMS.get(kind)
    if pictogram is None:
        return None
    number = sum(product_id.encode())
    colour, dark = pictogram.colours[number % len(pictogram.colours)]
    shapes = _shapes(kind).replace("{c}", colour).replace("{d}", dark)
    lean = number % 7 - 3
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 200">'
        f'<rect width="200" height="200" fill="{pictogram.tile}"/>'
        '<ellipse cx="100" cy="168" rx="58" ry="7" opacity=".08"/>'
        f'<g transform="rotate({lean} 100 110)">{shapes}</g></svg>'
    )


@cache
def _shapes(kind: str) -> str:
    return (Path(__file__).parent / "pictograms" / f"{kind}.svg").read_text("utf-8")
