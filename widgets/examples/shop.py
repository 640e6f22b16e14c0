"""Shop: a merchant's web shop as small as can be, showing how one puts Lastbook into its pages.

The shop renders its own products (they stay where Lastbook does not answer), signs a token for the shopper it knows,
and writes `<lastbook-slot>` around its own shelves; the grocery also `<lastbook-again>` for who is signed in, the
shoemaker `<lastbook-custom>` around its price and button, `<lastbook-measure>` below, and `<lastbook-campaign>` on a
page of its own. Its Content-Security-Policy is as strict as they come. A panel of links switches shopper, consent and
language, and takes Lastbook away.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from infra.clock import Clock, system_clock
from widgets.examples.brands import BRANDS, CAROUSEL, LANGUAGES, SHELVES, WORDS
from widgets.examples.grocery_pictograms import draw_pictogram
from widgets.examples.made_shoes import RECORDED, is_made
from widgets.examples.shoe_drawings import draw_shoe
from widgets.examples.shoemaker import SHOES_BY_ID
from widgets.examples.shopper_token import SigningKey, sign_shopper_token
from widgets.examples.view import CONSENTS, Shopper, read_view

HERE: Final = Path(__file__).parent
NOWHERE: Final = "http://127.0.0.1:2"
"""Where nobody answers, at once: what the pages point at while the panel says that Lastbook is down."""
Product = Mapping[str, Any]  # in API form, as the merchant pushed it


@dataclass(frozen=True, slots=True)
class Shop:
    """What one merchant's shop is made of."""

    kind: Literal["grocery", "shoemaker"]
    name: str
    api_url: str
    publishable_key: str
    signing_key: SigningKey
    shoppers: tuple[Shopper, ...]
    shelf: tuple[Product, ...]
    """The shop's own choice, shown until Lastbook answers; `CAROUSEL` of them fill every shelf."""
    find_product: Callable[[str], Product | None]
    clock: Clock = system_clock
    list_campaigns: Callable[[], Sequence[Mapping[str, Any]]] = tuple
    """The cards of its preorder campaigns that are not over."""


def build_shop(shop: Shop) -> Starlette:
    """The shop as an app: home, product pages, drawings, style sheets."""
    routes = [
        Route("/", home),
        Route("/product/{product_id}", product_page),
        Route("/preorders", preorders_page),
        Route("/image/shoe/{product_id}.svg", shoe_image),
        Route("/image/{kind}/{product_id}.svg", pictogram_image),
        Mount("/static", StaticFiles(directory=HERE / "static")),
    ]
    app = Starlette(routes=routes)
    app.state.shop = shop
    app.state.pages = _pages()
    return app


async def home(request: Request) -> Response:
    """The front page."""
    return _answer(request, "home.html")


async def product_page(request: Request) -> Response:
    """One product and what is similar to it."""
    product = _shop(request).find_product(request.path_params["product_id"])
    if product is None:
        return _answer(request, "missing.html", status=404)
    shop = _shop(request)
    others = [other for other in shop.shelf if other["id"] != product["id"]]
    made = shop.kind == "shoemaker" and is_made(product["id"])
    return _answer(request, "product.html", product=product, others=others, made=made, carousel=CAROUSEL)


async def preorders_page(request: Request) -> Response:
    """The preorder campaigns, each of which can be joined."""
    return _answer(request, "preorders.html", campaigns=_shop(request).list_campaigns())


async def shoe_image(request: Request) -> Response:
    """A drawn shoe."""
    shoe = SHOES_BY_ID.get(request.path_params["product_id"])
    return _image(None if shoe is None else draw_shoe(shoe.style, shoe.sole, shoe.colour, shoe.motif))


async def pictogram_image(request: Request) -> Response:
    """A drawn grocery product."""
    return _image(draw_pictogram(request.path_params["kind"], request.path_params["product_id"]))


def content_security_policy(shop: Shop, api_url: str) -> str:
    """Nothing but the shop itself and Lastbook; no inline script or style; no markup from strings."""
    api = _origin(api_url)
    images = " ".join(sorted({_origin(address) for product in shop.shelf for address in product["image_urls"]}))
    rules = (
        "default-src 'none'",
        f"script-src 'self' {api}",
        f"style-src 'self' {api}",
        f"img-src 'self' {images}".rstrip(),
        f"connect-src {api}",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
    return "; ".join(rules)


def _answer(request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
    shop = _shop(request)
    view = read_view(request.url.path, request.query_params, shop.shoppers)
    recorded = next((one for one in shop.shoppers if one.external_id == RECORDED), None)
    api_url = NOWHERE if view.down else shop.api_url
    html = request.app.state.pages.get_template(template).render(
        shop=shop,
        view=view,
        lang=LANGUAGES[view.language][0],
        languages=LANGUAGES,
        consents=CONSENTS,
        brand=BRANDS[shop.kind][view.language],
        shelves=SHELVES[shop.kind],
        words=WORDS[view.language],
        api_url=api_url,
        sign_in=view.link(shopper=recorded),
        token=sign_shopper_token(shop.signing_key, view.shopper.external_id, shop.clock()) if view.shopper else None,
        **values,
    )
    # The page holds a shopper's token, so no cache may keep it.
    headers = {
        "content-security-policy": content_security_policy(shop, api_url),
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "referrer-policy": "strict-origin-when-cross-origin",
    }
    return HTMLResponse(html, status, headers)


def _image(drawing: str | None) -> Response:
    if drawing is None:
        return Response("There is no such drawing.", 404, media_type="text/plain")
    headers = {
        "cache-control": "public, max-age=86400",
        "content-security-policy": "default-src 'none'",
        "x-content-type-options": "nosniff",
    }
    return Response(drawing, media_type="image/svg+xml", headers=headers)


def _pages() -> Environment:
    pages = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters["money"] = lambda minor: f"${minor / 100:,.2f}"  # both shops sell in US dollars
    return pages


def _shop(request: Request) -> Shop:
    shop: Shop = request.app.state.shop
    return shop


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
