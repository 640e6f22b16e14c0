"""Words: a till's shouting, cut-off product type ("FRZN SS PREMIUM ENTREES/DNRS/N") as a title a shopper can read."""

import re
from functools import cache
from typing import Final

TITLES: Final = {
    "FLUID MILK WHITE ONLY": "Fresh Milk",
    "YOGURT NOT MULTI-PACKS": "Yogurt Cup",
    "YOGURT MULTI-PACKS": "Yogurt Multipack",
    "SOFT DRINKS 12/18&15PK CAN CAR": "Soft Drink, Fridge Pack",
    "SOFT DRINKS 20PK&24PK CAN CARB": "Soft Drink, 24 Cans",
    "SOFT DRINKS 6PK/4PK CAN CARB (": "Soft Drink, 6 Cans",
    "SFT DRNK 2 LITER BTL CARB INCL": "Soft Drink, Large Bottle",
    "SFT DRNK SNGL SRV BTL CARB (EX": "Soft Drink, Single Bottle",
    "SFT DRNK MLT-PK BTL CARB (EXCP": "Soft Drink, Bottle Multipack",
    "SOFT DRINK POWDER POUCHES": "Drink Powder Pouch",
    "CANDY BARS (SINGLES)(INCLUDING": "Candy Bar",
    "CANDY BARS (MULTI PACK)": "Candy Bars, Multipack",
    "SS ECONOMY ENTREES/DINNERS ALL": "Everyday Frozen Dinner for One",
    "FRZN SS PREMIUM ENTREES/DNRS/N": "Frozen Dinner for One",
    "FRZN SS PREMIUM ENTREES/DNRS/T": "Frozen Dinner for One, Classic",
    "FRZN MULTI SERVE ENTREES ALL": "Frozen Family Dinner",
    "BEERALEMALT LIQUORS": "Beer",
    "MAINSTREAM WHITE BREAD": "White Bread",
    "MAINSTREAM WHEAT/MULTIGRAIN BR": "Wheat & Multigrain Bread",
    "RTS SOUP: CHUNKY/HOMESTYLE ET": "Chunky Homestyle Soup",
    "DAIRY CASE 100% PURE JUICE - O": "Chilled Orange Juice",
    "DAIRY CASE 100% PURE JUICE OTH": "Chilled Fruit Juice",
    "DAIRY CASE JUICE DRNK UNDER 10": "Chilled Juice Drink",
    "DAIRY CASE FRUIT DRINKS (NO JU": "Chilled Fruit Drink",
    "DAIRY CASE CITRUS PNCH/OJ SUBS": "Chilled Citrus Punch",
    "DAIRY CASE TEA WITH SUGAR OR S": "Chilled Sweet Tea",
    "IWS SINGLE CHEESE": "Cheese Singles",
    "PRIMAL": "Beef Roasting Cut",
    "LEAN": "Lean Ground Beef",
    "ENHANCED": "Tender Pork Cut",
    "EGGS - LARGE": "Large Eggs",
    "EGGS - X-LARGE": "Extra Large Eggs",
    "EGGS - MEDIUM": "Medium Eggs",
    "NON-CRBNTD DRNKING/MNERAL WATE": "Still Mineral Water",
    "NON-CARB FLVRD DRNKNG/MNRL WAT": "Flavored Still Water",
    "NON-CARB WATER FLVR - DRNK/MNR": "Flavored Still Water",
    "SGL SV/VEND MACH SNACKS CHIP/P": "Chips, Single Bag",
    "CANNED CAT FOOD (9 LIVES/FRISK": "Canned Cat Food",
    "CAN CATFD GOURMET/SUP PREM (GR": "Gourmet Canned Cat Food",
    "CAN DOG FOOD (SKIPPY/PEDIGREE/": "Canned Dog Food",
    "CAN DOGFD GOURMET/SUPER PREM (": "Gourmet Canned Dog Food",
    "CHEESE CRACKERS (CHEEZ-ITS/GOL": "Cheese Crackers",
    "BUTTER SPRAY CRACKER (RITZ/CLU": "Butter Crackers",
    "SOUP CRACKERS (SALTINE/OYSTER)": "Soup Crackers",
    "BEANS GREEN: FS/WHL/CUT": "Green Beans",
    "TOMATOES: STEWED/DICED/CRMD": "Diced Tomatoes",
    "SEMI-SOLID SALAD DRESSING MAY": "Mayonnaise",
    "MEXICAN SAUCESSALSAPICANTEE": "Salsa",
    "CARROTS MINI PEELED": "Baby Carrots",
    "ORANGES NAVELS ALL": "Navel Oranges",
    "POTATOES SWEET&YAMS": "Sweet Potatoes & Yams",
    "TOMATOES HOTHOUSE ON THE VINE": "Tomatoes on the Vine",
    "TOMATOES VINE RIPE BULK": "Vine-Ripe Tomatoes",
    "TOMATOES VINE RIPE PKG": "Vine-Ripe Tomatoes, Packed",
    "FRZN BREADED PREPARED CHICK": "Frozen Breaded Chicken",
    "FRZN BAGGED VEGETABLES - PLAIN": "Frozen Vegetables",
    "FRZN BOXED VEGETABLES- VALUE A": "Frozen Vegetables in Sauce",
    "FRZN BREAKFAST ENTREES/SANDWIC": "Frozen Breakfast Sandwich",
    "FRZN GARLIC BREAD/TOAST/STICKS": "Frozen Garlic Bread",
    "FRZN BRD STICK/PORTON": "Breaded Fish Sticks",
    "PREPARED BEANS - BAKED W/PORK": "Baked Beans with Pork",
    "CANISTER POTATO/TORT CHIPS": "Stacked Potato Chips",
    "CANDY BAGS-CHOCOCLATE": "Chocolate Candy Bag",
    "CANDY BAGS-NON CHOCOLATE": "Candy Bag",
    "GARBAGE KITCHEN COMPACTOR BA": "Kitchen Trash Bags",
    "FACIAL TISSUE & PAPER HANDKE": "Facial Tissues",
    "BREADINGS  COATINGS CRUMBS": "Bread Crumbs",
    "BREAST - BONELESS(IQF)": "Frozen Chicken Breast",
    "WINGS (IQF)": "Frozen Chicken Wings",
    "PREP FD: SIDE DISHES (HOT)": "Hot Side Dish",
    "CHIX: ROTISSERIE (HOT)": "Rotisserie Chicken",
    "CHIX:FRD 8PC/CUT UP (HOT)": "Fried Chicken, 8 Pieces",
    "FRZN FRENCH FRIES": "French Fries",
    "REFRIGERATED SPECILATY ROLLS": "Chilled Dough Rolls",
    "REFRIGERATED BISCUITS REGULAR": "Chilled Biscuit Dough",
    "TRAY PACK/CHOC CHIP COOKIES": "Chocolate Chip Cookies",
    "VANILLA WAFER/KIDS COOKIES": "Vanilla Wafers",
    "PREMIUM COOKIES (EX: PEPPERIDG": "Premium Cookies",
    "VAC PAC NUTS(CANS)": "Mixed Nuts",
    "PLSTC CTLRYTBLCLTHSTTHPKSST": "Picnic Cutlery & Tableware",
    "SPICES & SEASONINGS": "Spices & Seasoning",
    "MALTED MLK/SYRUP/PWDRS (EGGNOG": "Chocolate Syrup & Malted Powder",
    "ALL FAMILY CEREAL": "Family Cereal",
    "VARIETY BEANS - KIDNEY PINTO": "Kidney & Pinto Beans",
    "SALAD BAR FRESH FRUIT": "Fresh Fruit from the Salad Bar",
    "LUNCH COMBO": "Lunch Kit",
    "TV/MOVIE-MAGAZINE": "TV & Movie Magazine",
    "GRND/PATTY - FROZEN": "Frozen Beef Patties",
    "ICE - CRUSHED/CUBED": "Ice Cubes",
    "BABY FOOD - BEGINNER": "First Baby Food",
    "BABY FOOD JUNIOR ALL BRANDS": "Junior Baby Food",
}
"""The types shoppers meet most, worded by hand; the rest go through the rules below."""

WORDS: Final = {
    "FRZN": "Frozen", "FRZ": "Frozen", "FRE": "Fresh", "RW": "Raw", "SFT": "Soft", "DRNK": "Drink", "DRNKS": "Drinks",
    "DRNKING": "Drinking", "BTL": "Bottle", "SNGL": "Single", "SGL": "Single", "SRV": "Serve", "MLT-PK": "Multipack",
    "SS": "Single-Serve", "DNRS": "Dinners", "DNR": "Dinner", "CHOC": "Chocolate", "CHIX": "Chicken",
    "CHICK": "Chicken", "CKYS": "Cookies", "CRKR": "Crackers", "CNDY": "Candy", "FD": "Food", "SAL": "Salad",
    "FEM.": "Feminine", "HYGN": "Hygiene", "HYGN.NAPKINS": "Hygiene Napkins", "JCE": "Juice", "CONC": "Concentrate",
    "REFRIG": "Chilled", "REFRIGERATED": "Chilled", "REFRGRATD": "Chilled", "VEG": "Vegetables", "PKLD": "Pickled",
    "PICKLD": "Pickled", "BRKFST": "Breakfast", "WHLSM": "Wholesome", "SNKS": "Snacks", "SALD": "Salad",
    "DRSNG": "Dressing", "SNDWCH": "Sandwich", "SPRD": "Spread", "PNT": "Peanut", "BTR": "Butter", "BN": "Beans",
    "BG": "Bags", "TRSH": "Trash", "CLEANG": "Cleaning", "TISS": "Tissue", "MXS": "Mixes", "MX": "Mix", "MIXS": "Mixes",
    "PWDR": "Powder", "CRYSTL": "Crystal", "SPLY": "Supplies", "CNTRL": "Control", "LIQS": "Liquids", "MLK": "Milk",
    "PREPORTND": "Portioned", "PREPCK": "Packed", "PREPACK": "Packed", "PPK": "Packed", "PRPCK": "Packed",
    "PRSLC": "Sliced", "SAUS": "Sausage", "CHP": "Chops", "STK": "Steaks", "SLC": "Slices", "BRD": "Breaded",
    "GDS": "Goods", "SW": "Sweet", "DPS": "Dips", "SYRP": "Syrup", "LOZNG-DRP": "Drops", "VAC": "Vacuum",
    "PAC": "Packed", "GRND": "Ground", "PKGD": "Packaged", "BKD": "Baked", "CATSUP": "Ketchup",
    "WMN": "Women's", "WOMENS": "Women's", "MENS": "Men's", "OJ": "Orange Juice", "CND": "Canned", "WHT": "White",
    "SUPPPLIES": "Supplies", "SPECILATY": "Specialty", "DISPOSIBLE": "Disposable", "SWEETNERS": "Sweeteners",
    "MEMORABLILIA": "Memorabilia", "BBQ": "BBQ", "TV": "TV", "DVD": "DVD", "NZ": "NZ", "SPF": "SPF", "DXM": "DXM",
    "W/SPF": "with SPF", "W/PORK": "with Pork", "DRNKNG": "Drinking", "MNRL": "Mineral", "FLVRD": "Flavored",
    "WORCHESTER": "Worcestershire", "PEPPERIDG": "", "CTLRY": "Cutlery", "ELSTC": "Elastic", "BNDGES": "Bandages",
    "BLVD": "", "MISC": "Assorted", "MISC.": "Assorted", "MISCELLANEOUS": "Assorted", "ASSTD": "Assorted",
    "W": "with", "N/A": "Alcohol-Free", "PROD": "Products", "VALUE": "Value", "HBC": "Body Care", "ML": "ml",
}  # fmt: skip

NOISE: Final = frozenset(
    [
        "PKG",
        "ONLY",
        "ALL",
        "INCL",
        "INCLUDING",
        "EX",
        "EXCP",
        "EXCEPT",
        "CARB",
        "BULK",
        "BULK&BAG",
        "EXACT",
        "WT",
        "OTHER",
        "OTHERS",
        "IQF",
        "NON-RW",
        "ET",
        "CAR",
        "RTS",
    ]
)
SMALL: Final = frozenset(["and", "or", "of", "with", "in", "the", "for", "a"])
ADJECTIVES: Final = frozenset(
    [
        "PREMIUM",
        "TRADITIONAL",
        "MAINSTREAM",
        "ECONOMY",
        "VALUE",
        "SELECT",
        "FRESH",
        "NATURAL",
        "SPECIALTY",
        "REGULAR",
        "ANGUS",
        "BLENDS",
        "LEAN",
        "ENHANCED",
        "POULTRY",
        "MISC",
        "MISCELLANEOUS",
        "SEASONAL",
        "DECOR",
        "NOVELTIES",
        "PATTIES",
        "ENTREES",
        "RIBS",
        "HAM",
    ]
)
"""Types that say nothing without their category."""

PLURALS: Final = frozenset(
    [
        "APPLES",
        "PEPPERS",
        "ONIONS",
        "POTATOES",
        "TOMATOES",
        "GRAPES",
        "PEACHES",
        "MUSHROOMS",
        "CARROTS",
        "ORANGES",
        "PEARS",
        "PLUMS",
        "CORN",
    ]
)
"""Goods that the till names first: "PEPPERS GREEN BELL" are green bell peppers."""

UNITS: Final = {
    "OZ": "oz",
    "LB": "lb",
    "CT": "count",
    "GA": "gal",
    "GAL": "gal",
    "PK": "pack",
    "DZ": "dozen",
    "PT": "pt",
    "QT": "qt",
    "IN": "in",
    "SQ": "sq",
    "FT": "ft",
    "L": "l",
    "ML": "ml",
    "CTN": "carton",
    "LOAD": "loads",
    "LTR": "l",
    "DOZ": "dozen",
}


@cache
def readable_title(product_type: str | None, category: str | None) -> str:
    """A title from the type, and from the category where the type alone says too little."""
    if product_type in TITLES:
        return TITLES[product_type]
    words = readable(product_type or category or "Assorted Goods")
    if product_type in ADJECTIVES and category:
        return f"{words} {readable(category)}"
    return words or readable(category or "Assorted Goods")


@cache
def readable(shouted: str) -> str:
    """Title case with the usual abbreviations written out: "BREAD:ITALIAN/FRENCH" → "Bread: Italian & French"."""
    text = re.sub(r"\([^)]*\)?", " ", shouted)  # asides, also those that were cut off
    text = re.sub(r"\s*:\s*", ": ", re.sub(r"\s+-\s*|-\s+", ", ", text))
    text = re.sub(r"(?<=[A-Z]{2})/(?=[A-Z])", " & ", re.sub(r"(?<=\w)&(?=\w)", " & ", text))
    words = text.split()
    if words and words[0] in PLURALS and not {":", ",", "&"} & set(text):
        words.append(words.pop(0))
    spoken = (_spoken(word) for word in words)
    joined = " ".join(word for word in spoken if word)
    return re.sub(r"(\s*[,:&]+)+$|^[\s,:&]+", "", re.sub(r"\s+([,:])", r"\1", joined)).strip()


def readable_size(size: str | None) -> str:
    """ "12 OZ" → "12 oz"; "" where the till wrote something that only the till understands."""
    found = re.fullmatch(
        r"(?:\(\d+\)\s*)?(\d*\.?\d+)\s*(OZ|LB|CT|GAL?|PK|DZ|PT|QT|IN|SQ FT|L|ML|LOAD)", (size or "").strip()
    )
    if found is None:
        return ""
    amount = f"0{found[1]}" if found[1].startswith(".") else found[1].removesuffix(".0")
    return " ".join([amount, *(UNITS[unit] for unit in found[2].split())])


def _spoken(word: str) -> str:
    mark = word[-1] if word[-1] in ",:" else ""
    bare = word.removesuffix(mark) if mark else word
    if bare.upper() in NOISE:
        return mark
    if bare.upper() in WORDS:
        return WORDS[bare.upper()] + mark
    if bare.lower() in SMALL:
        return bare.lower() + mark
    return "-".join(part.capitalize() for part in bare.split("-")) + mark
