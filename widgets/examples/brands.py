"""Brands: what the two shops say on their pages, in English and in Chinese, and the places of their front pages."""

from typing import Final, Literal, NamedTuple

CAROUSEL: Final = 12
Language = Literal["en", "zh"]
LANGUAGES: Final[dict[Language, tuple[str, str]]] = {"en": ("en", "English"), "zh": ("zh-CN", "中文")}
"""For `lang`, and as its speakers call it."""


class Shelf(NamedTuple):
    """A place of the front page."""

    slot: str
    heading: dict[Language, str]
    """Above the shop's own products."""
    layout: Literal["carousel", "grid"]
    limit: int
    """Of a grid: whole rows at the widths that this shop's cards have."""


class Brand(NamedTuple):
    """The words of a shop's pages."""

    tagline: str
    title: str
    text: str
    promises: tuple[str, ...]
    similar: str
    footer: str


SHELVES: Final = {
    "grocery": (
        Shelf("home-for-you", {"en": "From our shelves this week", "zh": "本周货架"}, "carousel", CAROUSEL),
        Shelf("home-popular", {"en": "What the neighbourhood buys", "zh": "街坊都在买"}, "grid", 12),
    ),
    # A page shows no product twice, and there are two dozen: few in each place.
    "shoemaker": (
        Shelf("home-collection", {"en": "For the season", "zh": "当季"}, "carousel", 4),
        Shelf("home-for-you", {"en": "From the workshop", "zh": "出自工坊"}, "carousel", 5),
        Shelf("home-made-for-you", {"en": "Made to measure", "zh": "量脚定制"}, "carousel", 6),
        Shelf("home-popular", {"en": "Worn the most", "zh": "最受欢迎"}, "grid", 8),
    ),
}
"""The front page's, from the top."""

BRANDS: Final[dict[str, dict[Language, Brand]]] = {
    "grocery": {
        "en": Brand(
            tagline="Good food, close by",
            title="The weekly shop, already half done.",
            text="We remember what your household comes back for, and put it where you will see it first.",
            promises=("Delivered today until 9 pm", "Fresh or your money back", "Pay as in the store"),
            similar="More like this",
            footer="A demonstration shop. Products and purchases: The Complete Journey, by dunnhumby.",
        ),
        "zh": Brand(
            tagline="近在身边的好食材",
            title="一周采购，已完成一半。",
            text="我们记得您家常买的东西，并把它们放在最先看到的地方。",
            promises=("今晚九点前送达", "不新鲜就退款", "与门店同价"),
            similar="类似商品",
            footer="演示商店。商品与购买记录来自 dunnhumby 的 The Complete Journey。",
        ),
    },
    "shoemaker": {
        "en": Brand(
            tagline="Cloth shoes, stitched by hand",
            title="Thirty-two layers of cotton under every step.",
            text="We cut, paste and stitch cloth soles the slow way: two thousand stitches a pair, "
            "four days at the bench.",
            promises=("Made in our own workshop", "Resoled for ten years", "Fitted anew within thirty days"),
            similar="Made in the same hand",
            footer="A demonstration shop. Long Step, its shoes and its customers are made up.",
        ),
        "zh": Brand(
            tagline="手工纳底布鞋",
            title="每一步，三十二层棉布。",
            text="裁、裱、纳，一双鞋两千多针，在工作台上要四天。",
            promises=("自家工坊制作", "十年内可换底", "三十天内免费改合脚"),
            similar="同一双手的作品",
            footer="演示商店。Long Step 及其鞋款和顾客均为虚构。",
        ),
    },
}

WORDS: Final[dict[Language, dict[str, str]]] = {
    "en": {
        "skip": "Skip to the shop",
        "basket": "in the basket",
        "buy": "Put in the basket",
        "sale": "Sale price",
        "regular": "Regular price",
        "preorders": "Preorders",
        "again": "Soon to be used up",
        "again_text": "We keep an eye on what your household uses, and tell you here before it runs out.",
        "measuring": "How we measure, and what we have on record of your feet",
        "measured_here": "Come by the workshop, and we measure both feet in ten minutes.",
        "made_when": "Made when enough of you want it",
        "made_to_feet": "Made to your own feet, once we know who you are.",
        "test_card": "Join with the test card 4242 4242 4242 4242, any later date, any code. Nothing is charged: "
        "this is a demonstration.",
        "no_campaign": "There is no campaign just now.",
        "missing": "We do not carry that.",
        "back": "Back to the shop",
        "demo": "Demo",
        "shopper": "Shop as",
        "nobody": "Not signed in",
        "consent": "Consent",
        "auto": "Auto",
        "granted": "Granted",
        "denied": "Denied",
        "language": "Language",
        "server": "Lastbook",
        "up": "Up",
        "down": "Down",
    },
    "zh": {
        "skip": "跳到商店",
        "basket": "件在购物篮中",
        "buy": "放入购物篮",
        "sale": "优惠价",
        "regular": "原价",
        "preorders": "预订",
        "again": "家里快用完了",
        "again_text": "我们留意您家的用量，在用完之前在这里提醒您。",
        "measuring": "我们如何量脚，以及我们记录的尺寸",
        "measured_here": "到工坊来，十分钟量好双脚。",
        "made_when": "够多人想要，我们就做",
        "made_to_feet": "登录后，按您的双脚定做。",
        "test_card": "可用测试卡 4242 4242 4242 4242、任意未来日期和任意安全码预订。这是演示，不会扣款。",
        "no_campaign": "目前没有预订活动。",
        "missing": "我们没有这件商品。",
        "back": "返回商店",
        "demo": "演示",
        "shopper": "购物身份",
        "nobody": "未登录",
        "consent": "同意状态",
        "auto": "自动",
        "granted": "已同意",
        "denied": "已拒绝",
        "language": "语言",
        "server": "Lastbook",
        "up": "运行",
        "down": "中断",
    },
}
"""What is the same in both shops."""
