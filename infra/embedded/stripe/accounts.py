"""Accounts: the merchants' own, which the platform charges on by naming them in the Stripe-Account header."""

from infra.embedded.stripe.books import Books, Record, empty, new_id
from infra.embedded.stripe.calls import DATED, Call, route
from infra.embedded.stripe.forms import Params
from infra.embedded.stripe.refusals import InvalidRequest

_LINK_SECONDS = 300
_FIELDS = "business_profile business_type email metadata settings"
_CURRENCIES = {"US": "usd", "GB": "gbp", "CN": "cny", "JP": "jpy", "CH": "chf", "AU": "aud", "CA": "cad", "HK": "hkd"}
_TODO = ["business_profile.url", "external_account", "tos_acceptance.date"]


def create(call: Call) -> Record:
    """A new merchant, who may charge after his onboarding."""
    account = _account(call.params)
    account.update(_given(call.params, account))
    account["created"] = call.books.now()
    return call.books.world.open_account(account)


def retrieve(call: Call) -> Record:
    wanted = call.ids.get("id") or call.books.account
    return call.books.world.find_account(wanted)


def update(call: Call) -> Record:
    account = call.books.get("account", call.id, "account")
    account.update(_given(call.params, account))
    tell(call.books.world.books_of(call.id), account)
    return account


def delete(call: Call) -> Record:
    call.books.get("account", call.id, "account")
    call.books.world.close_account(call.id)
    return {"id": call.id, "object": "account", "deleted": True}


def list_accounts(call: Call) -> Record:
    return call.page(call.books.choose("account", lambda row: True))


def create_link(call: Call) -> Record:
    """A page where the merchant finishes his onboarding."""
    params = call.params
    account = call.books.get("account", params.need_text("account"), "account")
    params.choice("type", "account_onboarding", "account_update")
    back = {"return_url": params.need_text("return_url"), "refresh_url": params.need_text("refresh_url")}
    token = new_id("link")
    call.books.hidden[token] = {"account": account["id"], **back}
    return {
        "object": "account_link",
        "created": call.books.now(),
        "expires_at": call.books.now() + _LINK_SECONDS,
        "url": call.books.world.page(f"/onboarding/{token}"),
    }


def finish_onboarding(books: Books, account: Record) -> Record:
    """The merchant has told all that Stripe wants to know: he may charge."""
    return enable_account(books, account, charges=True)


def enable_account(books: Books, account: Record, *, charges: bool) -> Record:
    """Switch payments of an account on or off, as Stripe does after its checks."""
    due = [] if charges else list(_TODO)
    account.update(charges_enabled=charges, payouts_enabled=charges, details_submitted=True)
    account["requirements"].update(currently_due=due, disabled_reason=None if charges else "requirements.past_due")
    account["capabilities"].update(card_payments="active" if charges else "inactive")
    tell(books, account)
    return account


def tell(books: Books, account: Record) -> None:
    books.emit("account.updated", account)


def new_account(account_id: str, name: str, country: str) -> Record:
    """The account as it is before its onboarding."""
    asked = {"alternatives": [], "current_deadline": None, "currently_due": list(_TODO), "disabled_reason": None}
    asked |= {"errors": [], "eventually_due": list(_TODO), "past_due": [], "pending_verification": []}
    return {
        **empty("business_type company"),
        "id": account_id,
        "object": "account",
        "business_profile": {
            **empty("mcc product_description support_email support_phone support_url url"),
            "name": name,
        },
        "capabilities": {"card_payments": "inactive", "transfers": "inactive"},
        "charges_enabled": False,
        "controller": {"is_controller": True, "type": "application"},
        "country": country,
        "created": 0,
        "default_currency": _CURRENCIES.get(country, "eur"),
        "details_submitted": False,
        "email": None,
        "future_requirements": {**asked, "currently_due": [], "eventually_due": []},
        "metadata": {},
        "payouts_enabled": False,
        "requirements": asked,
        "settings": {
            "branding": empty("icon logo primary_color secondary_color"),
            "card_payments": empty("statement_descriptor_prefix"),
            "dashboard": {"display_name": name, "timezone": "Etc/UTC"},
            "payments": empty("statement_descriptor statement_descriptor_kana statement_descriptor_kanji"),
        },
        "type": "standard",
    }


def _account(params: Params) -> Record:
    country = (params.text("country") or "US").upper()
    if len(country) != 2:
        raise InvalidRequest(f"Country '{country}' is unknown.", param="country")
    account = new_account(new_id("acct"), params.hash("business_profile").text("name") or "", country)
    account["type"] = params.choice("type", "custom", "express", "standard") or "none"
    if params.text("default_currency"):
        account["default_currency"] = params.need_text("default_currency").lower()
    return account


def _given(params: Params, account: Record) -> Record:
    found: Record = {"metadata": params.metadata(account["metadata"])}
    found |= {name: params.text(name) for name in ("email", "business_type") if name in params}
    profile = params.hash("business_profile")
    profile.allow(account["business_profile"])
    return {**found, "business_profile": {**account["business_profile"], **profile.tree}}


ROUTES = (
    route("POST", "/v1/accounts", create, f"{_FIELDS} type country default_currency capabilities controller"),
    route("GET", "/v1/accounts", list_accounts, DATED),
    route("GET", "/v1/account", retrieve),
    route("GET", "/v1/accounts/{id}", retrieve),
    route("POST", "/v1/accounts/{id}", update, _FIELDS),
    route("DELETE", "/v1/accounts/{id}", delete),
    route("POST", "/v1/account_links", create_link, "account refresh_url return_url type"),
)
