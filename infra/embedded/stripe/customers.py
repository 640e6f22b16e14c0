"""Customers: who pays; one account's customers are unknown to every other."""

from infra.embedded.stripe.books import Books, Record, empty, new_id
from infra.embedded.stripe.calls import DATED, Call, route
from infra.embedded.stripe.forms import Params
from infra.embedded.stripe.payment_methods import ADDRESS, attach_to, resolve
from infra.embedded.stripe.refusals import NoSuchObject
from infra.embedded.stripe.searching import SEARCH, search

_TEXTS = ("description", "email", "name", "phone")
_FIELDS = "address description email invoice_settings metadata name phone preferred_locales shipping"


def create(call: Call) -> Record:
    customer = new_customer(call.books, call.params)
    method = call.params.text("payment_method")
    if method is not None:
        attach_to(call.books, resolve(call.books, method, "payment_method"), customer["id"])
    return customer


def retrieve(call: Call) -> Record:
    """The customer; one that was deleted is answered by its id and `deleted`."""
    return call.books.find("customer", call.id) or _deleted(call.books, call.id)


def update(call: Call) -> Record:
    customer = call.books.get("customer", call.id)
    return call.books.change(customer, "customer.updated", **_given(call.books, call.params, customer))


def delete(call: Call) -> Record:
    """Forget the customer; its cards are detached."""
    books = call.books
    customer = books.table("customer").pop(books.get("customer", call.id)["id"])
    for method in books.choose("payment_method", lambda row: row["customer"] == call.id):
        method["customer"] = None
        books.hidden[method["id"]]["used"] = True
    books.hidden[call.id] = {"deleted": True}
    books.emit("customer.deleted", customer)
    return _deleted(books, call.id)


def list_customers(call: Call) -> Record:
    return call.page(call.books.choose("customer", lambda row: call.fits(row, "email")))


def search_customers(call: Call) -> Record:
    return search(call, "customer", ("created", "email", "name", "phone"))


def new_customer(books: Books, given: Params) -> Record:
    """Keep a new customer."""
    customer = {
        **empty("address currency customer_account default_source description discount email name phone shipping"),
        **empty("test_clock business_name individual_name"),
        "id": new_id("cus"),
        "object": "customer",
        "balance": 0,
        "created": books.now(),
        "delinquent": False,
        "invoice_prefix": new_id("x")[2:10].upper(),
        "invoice_settings": empty("custom_fields default_payment_method footer rendering_options"),
        "livemode": False,
        "metadata": {},
        "next_invoice_sequence": 1,
        "preferred_locales": [],
        "tax_exempt": "none",
    }
    customer.update(_given(books, given, customer))
    books.add(customer)
    books.emit("customer.created", customer)
    return customer


def _given(books: Books, given: Params, before: Record) -> Record:
    """The fields that the call sets. Raises NoSuchObject for an unknown default payment method."""
    found: Record = {name: given.text(name) for name in _TEXTS if name in given}
    found["metadata"] = given.metadata(before["metadata"])
    if "preferred_locales" in given:
        found["preferred_locales"] = given.texts("preferred_locales")
    if "address" in given:
        found["address"] = {**empty(ADDRESS), **given.hash("address").tree}
    if "shipping" in given:
        found["shipping"] = shipping_of(given.hash("shipping"))
    default = given.hash("invoice_settings")
    if "default_payment_method" in default:
        method = default.text("default_payment_method")
        if method is not None:
            books.get("payment_method", method, "invoice_settings[default_payment_method]")
        found["invoice_settings"] = {**before["invoice_settings"], "default_payment_method": method}
    return found


def shipping_of(given: Params) -> Record | None:
    """A shipping address, or None when none was given."""
    if not given.tree:
        return None
    address = {**empty(ADDRESS), **given.hash("address").tree}
    return {**{name: given.text(name) for name in ("carrier", "name", "phone", "tracking_number")}, "address": address}


def _deleted(books: Books, wanted: str) -> Record:
    if not books.hidden.get(wanted, {}).get("deleted"):
        raise NoSuchObject("customer", wanted)
    return {"id": wanted, "object": "customer", "deleted": True}


ROUTES = (
    route("POST", "/v1/customers", create, f"{_FIELDS} payment_method"),
    route("GET", "/v1/customers", list_customers, f"email {DATED}"),
    route("GET", "/v1/customers/search", search_customers, SEARCH),
    route("GET", "/v1/customers/{id}", retrieve),
    route("POST", "/v1/customers/{id}", update, _FIELDS),
    route("DELETE", "/v1/customers/{id}", delete),
)
