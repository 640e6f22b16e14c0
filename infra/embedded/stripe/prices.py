"""Prices: what a unit costs, once or again and again, flat or in tiers, counted or metered."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from infra.embedded.stripe.books import Books, Record, empty, new_id
from infra.embedded.stripe.calls import DATED, Call, route
from infra.embedded.stripe.currencies import read_currency
from infra.embedded.stripe.forms import Params
from infra.embedded.stripe.products import new_product
from infra.embedded.stripe.refusals import InvalidRequest

_FIELDS = "active lookup_key metadata nickname tax_behavior transfer_lookup_key"
AMOUNTS = ("unit_amount", "unit_amount_decimal", "custom_unit_amount", "tiers")


def create(call: Call) -> Record:
    params = call.params
    if "product_data" in params:
        product = new_product(call.books, params.hash("product_data"))["id"]
    else:
        product = call.books.get("product", params.need_text("product"), "product")["id"]
    return new_price(call.books, params, product)


def retrieve(call: Call) -> Record:
    return call.books.get("price", call.id)


def update(call: Call) -> Record:
    price, params = call.books.get("price", call.id), call.params
    changed: Record = {name: params.text(name) for name in ("nickname", "tax_behavior") if name in params}
    if "active" in params:
        changed["active"] = params.flag("active")
    if "lookup_key" in params:
        changed["lookup_key"] = _lookup_key(call.books, params)
    return call.books.change(price, "price.updated", **changed, metadata=params.metadata(price["metadata"]))


def list_prices(call: Call) -> Record:
    keys, active = call.params.texts("lookup_keys"), call.params.flag("active")
    fits = call.books.choose(
        "price",
        lambda row: (
            call.fits(row, "product", "currency", "type")
            and (not keys or row["lookup_key"] in keys)
            and (active is None or row["active"] == active)
        ),
    )
    return call.page(fits)


def new_price(books: Books, given: Params, product: str) -> Record:
    """Keep a new price. Raises InvalidRequest without an amount or with an unknown currency or meter."""
    currency = read_currency(given)
    recurring = _recurring(books, given.hash("recurring")) if "recurring" in given else None
    tiers = [_tier(row) for row in given.rows("tiers")]
    unit = _decimal(given, "unit_amount_decimal") if not tiers else None
    price = {
        **empty("custom_unit_amount transform_quantity"),
        "id": new_id("price"),
        "object": "price",
        "active": given.flag("active") is not False,
        "billing_scheme": "tiered" if tiers else "per_unit",
        "created": books.now(),
        "currency": currency,
        "livemode": False,
        "lookup_key": _lookup_key(books, given),
        "metadata": given.metadata(),
        "nickname": given.text("nickname"),
        "product": product,
        "recurring": recurring,
        "tax_behavior": given.text("tax_behavior") or "unspecified",
        "tiers_mode": given.choice("tiers_mode", "graduated", "volume") if tiers else None,
        "type": "recurring" if recurring else "one_time",
        "unit_amount": int(unit) if unit is not None and unit == int(unit) else None,
        "unit_amount_decimal": None if unit is None else format(unit.normalize(), "f"),
    }
    books.add(price, tiers=tiers)
    books.emit("price.created", price)
    return price


def amount_for(books: Books, price: Record, quantity: int) -> int:
    """What that many units cost, in minor units, rounded half up."""
    tiers = books.hidden[price["id"]]["tiers"]
    if not tiers:
        return _rounded(Decimal(price["unit_amount_decimal"]) * quantity)
    if price["tiers_mode"] == "volume":
        tier = next(tier for tier in tiers if tier["up_to"] is None or quantity <= tier["up_to"])
        return _rounded(_unit(tier) * quantity) + (tier["flat_amount"] or 0)
    total, below = Decimal(0), 0
    for tier in tiers:
        upper = quantity if tier["up_to"] is None else min(quantity, tier["up_to"])
        if upper > below:
            total += _unit(tier) * (upper - below) + (tier["flat_amount"] or 0)
            below = upper
    return _rounded(total)


def _unit(tier: Record) -> Decimal:
    return Decimal(tier["unit_amount_decimal"] or 0)


def _rounded(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


def _tier(row: Params) -> Record:
    row.allow(("up_to", "unit_amount", "unit_amount_decimal", "flat_amount"))
    up_to = row.need_text("up_to")
    unit = _decimal(row, "unit_amount_decimal", needed=False)
    return {
        "flat_amount": row.whole("flat_amount"),
        "unit_amount_decimal": None if unit is None else str(unit),
        "up_to": None if up_to == "inf" else row.need_whole("up_to"),
    }


def _recurring(books: Books, given: Params) -> Record:
    given.allow(("interval", "interval_count", "usage_type", "meter", "trial_period_days"))
    given.need_text("interval")
    meter = given.text("meter")
    if meter is not None:
        books.get("billing.meter", meter, "recurring[meter]")
    usage = given.choice("usage_type", "licensed", "metered") or "licensed"
    if usage == "metered" and meter is None:
        raise InvalidRequest("Metered prices must have a meter.", code="parameter_missing", param="recurring[meter]")
    return {
        "interval": given.choice("interval", "day", "week", "month", "year"),
        "interval_count": given.whole("interval_count") or 1,
        "meter": meter,
        "trial_period_days": given.whole("trial_period_days"),
        "usage_type": usage,
    }


def _decimal(given: Params, name: str, *, needed: bool = True) -> Decimal | None:
    """`unit_amount` or `unit_amount_decimal`, whichever was given."""
    whole = given.need_whole("unit_amount") if needed and name not in given else given.whole("unit_amount")
    text = given.text(name) if whole is None else str(whole)
    try:
        return None if text is None else Decimal(text)
    except InvalidOperation:
        raise InvalidRequest(f"Invalid decimal: {text}", param=given.place(name)) from None


def _lookup_key(books: Books, given: Params) -> str | None:
    """The key, taken from another price if that is allowed. Raises InvalidRequest when it is in use."""
    key = given.text("lookup_key")
    for other in books.choose("price", lambda row: key is not None and row["lookup_key"] == key):
        if not given.flag("transfer_lookup_key"):
            message = f"A price (`{other['id']}`) already uses that lookup key."
            raise InvalidRequest(message, code="resource_already_exists", param="lookup_key")
        other["lookup_key"] = None
    return key


ROUTES = (
    route(
        "POST",
        "/v1/prices",
        create,
        f"{_FIELDS} currency product product_data unit_amount unit_amount_decimal recurring tiers tiers_mode "
        "billing_scheme",
    ),
    route("GET", "/v1/prices", list_prices, f"product currency type active lookup_keys {DATED}"),
    route("GET", "/v1/prices/{id}", retrieve),
    route("POST", "/v1/prices/{id}", update, _FIELDS),
)
