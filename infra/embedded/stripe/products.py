"""Products: what a price is for."""

from infra.embedded.stripe.books import Books, Record, empty, new_id
from infra.embedded.stripe.calls import DATED, Call, route
from infra.embedded.stripe.forms import Params
from infra.embedded.stripe.refusals import InvalidRequest, WrongState

_FIELDS = "active description images metadata name shippable statement_descriptor tax_code unit_label url"
_TEXTS = ("description", "name", "statement_descriptor", "tax_code", "unit_label", "url")


def create(call: Call) -> Record:
    return new_product(call.books, call.params)


def retrieve(call: Call) -> Record:
    return call.books.get("product", call.id)


def update(call: Call) -> Record:
    product = call.books.get("product", call.id)
    changed = _given(call.params, product)
    if "default_price" in call.params:
        changed["default_price"] = call.books.get("price", call.params.need_text("default_price"), "default_price")[
            "id"
        ]
    product["updated"] = call.books.now()
    return call.books.change(product, "product.updated", **changed)


def delete(call: Call) -> Record:
    """Forget one that has no prices."""
    product = call.books.get("product", call.id)
    if call.books.choose("price", lambda row: bool(row["product"] == call.id)):
        raise WrongState("This product cannot be deleted because it has one or more user-created prices.")
    del call.books.table("product")[call.id]
    call.books.emit("product.deleted", product)
    return {"id": call.id, "object": "product", "deleted": True}


def list_products(call: Call) -> Record:
    active, ids = call.params.flag("active"), call.params.texts("ids")
    fits = call.books.choose(
        "product", lambda row: (active is None or row["active"] == active) and (not ids or row["id"] in ids)
    )
    return call.page(fits)


def new_product(books: Books, given: Params) -> Record:
    """Keep a new product, under its own id if one is given."""
    given.need_text("name")
    product_id = given.text("id") or new_id("prod")
    if books.find("product", product_id) is not None:
        raise InvalidRequest(f"Product already exists: {product_id}", code="resource_already_exists", param="id")
    product = {
        **empty("default_price description package_dimensions shippable statement_descriptor tax_code unit_label url"),
        "id": product_id,
        "object": "product",
        "active": True,
        "created": books.now(),
        "images": [],
        "livemode": False,
        "marketing_features": [],
        "metadata": {},
        "name": "",
        "type": "service",
        "updated": books.now(),
    }
    product.update(_given(given, product))
    books.add(product)
    books.emit("product.created", product)
    return product


def _given(given: Params, product: Record) -> Record:
    found: Record = {name: given.text(name) for name in _TEXTS if name in given}
    found |= {name: given.flag(name) for name in ("active", "shippable") if name in given}
    if "images" in given:
        found["images"] = given.texts("images")
    return {**found, "metadata": given.metadata(product["metadata"])}


ROUTES = (
    route("POST", "/v1/products", create, f"{_FIELDS} id"),
    route("GET", "/v1/products", list_products, f"active ids {DATED}"),
    route("GET", "/v1/products/{id}", retrieve),
    route("POST", "/v1/products/{id}", update, f"{_FIELDS} default_price"),
    route("DELETE", "/v1/products/{id}", delete),
)
