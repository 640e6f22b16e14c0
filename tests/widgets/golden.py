"""Golden answers: forty slots as the API may answer them, with the attributes that a page wrote on the element."""

from typing import Any, NamedTuple

from tests.widgets.support import make_product

Document = dict[str, Any]
PICTURE = "https://shop.example/i/1.jpg?w=300&h=300"


class Golden(NamedTuple):
    """One slot."""

    filling: Document
    attributes: dict[str, str]


def golden(products: list[Document], *, attributes: dict[str, str] | None = None, **filling: Any) -> Golden:
    whole = {
        "name": "", "strategy": "for_you", "source": "model", "heading": "Picked for you", "why": None,
        "layout": "carousel", "fields": ["image", "brand", "title", "price"], "locale": "en", "products": products,
    }  # fmt: skip
    return Golden(whole | filling, attributes or {})


def item(number: int = 1, **changes: Any) -> Document:
    reason = {"code": "popular", "text": "Popular in this shop", "product": None}
    return make_product(number, **{"image": PICTURE, "reason": reason, "token": f"t{number}.x-_9", **changes})


def priced(locale: str, currency: str, minor: int, sale: int | None = None) -> Golden:
    cards = [item(1, price_minor=minor, currency=currency, sale_price_minor=sale), item(2, currency=currency)]
    return golden(cards, attributes={"locale": locale})


MADE = {"ready": True, "prompt": None, "price_minor": 15_400, "text": "Made to your measure · 10 work days"}
ASKED = {"ready": False, "prompt": "measure", "price_minor": None, "text": None}
LONG = "A very long title that goes on & on, " * 12
ALL = ["image", "brand", "title", "price", "reason"]

GOLDEN = (
    golden([item(n) for n in range(12)]),
    golden([item(n) for n in range(3)], layout="grid"),
    golden([item()], layout="grid", attributes={"layout": "carousel", "limit": "4"}),
    golden([item()], heading=""),
    golden([item()], attributes={"heading": "The shop's own <words>"}),
    golden([item()], attributes={"heading": ""}),
    golden([], why="Nothing is on sale."),
    golden([], exposure="hold.out"),
    golden([item()], exposure="e.1"),
    golden([item(token=None)]),
    golden([{name: value for name, value in item().items() if name not in ("token", "reason", "image", "brand")}]),
    golden([item(image=None), item(2, image="javascript:alert(1)"), item(3, image="/relative.png")]),
    golden([item(title=""), item(2, url="javascript:alert(1)"), item(3, url="ftp://shop.example/"), item(4)]),
    golden([item(url="https://shop.example/p?a=1&b=%20x#top"), item(2, url="HTTPS://SHOP.example".lower())]),
    golden([item(title="<b>bold</b> & \"quoted\" 'single' `tick` &amp; &lt;", brand="<i>", id='"><x>&')]),
    golden([item(title=LONG, brand=LONG)]),
    golden([item(title="  two  spaces\tand a tab  ", brand="\u00a0")]),
    golden([item(title="鞋子 👟 शू — été", brand="Σ"), item(2, title="عربى \u202eabc\u202c", brand="\u200b")]),
    golden([item(sale_price_minor=99), item(2, sale_price_minor=199), item(3, sale_price_minor=300)]),
    golden([item(made=MADE, sale_price_minor=99), item(2, made=ASKED), item(3, made=MADE | {"price_minor": 0})]),
    golden([item()], fields=["image", "title"]),
    golden([item()], fields=["title", "price"]),
    golden([item()], fields=["image"]),
    golden([item()], fields=ALL),
    golden([item()], fields=ALL, attributes={"reason": "none"}),
    golden([item()], attributes={"reason": "line"}),
    golden([item(price_minor=0), item(2, currency="euro"), item(3, price_minor=10**14)]),
    golden([item(), item(2)], attributes={"locale": "zh-CN"}, heading="为您推荐", locale="zh"),
    golden([item()], attributes={"product": "P 1", "category": "Shoes & <more>", "exclude": "a, b", "cart": "c d"}),
    golden([item()], attributes={"limit": "many", "currency": "USD"}),
    priced("en-GB", "GBP", 123_456, 99_999),
    priced("de-DE", "EUR", 123_456),
    priced("fr-FR", "EUR", 1_234_567, 1),
    priced("pl", "PLN", 123_450),
    priced("es-ES", "EUR", 123_450),
    priced("ja", "JPY", 1_099, 999),
    priced("en", "KWD", 1_099),
    priced("hu", "HUF", 199_900),
    priced("ar", "SAR", 1_250),
    priced("pt-BR", "BRL", 123_456),
)
