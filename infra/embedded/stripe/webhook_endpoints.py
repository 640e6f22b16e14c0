"""Webhook endpoints: where events are sent, and the secret they are signed with."""

import secrets

from infra.embedded.stripe.books import Books, Record, new_id
from infra.embedded.stripe.calls import LIST, Call, route
from infra.embedded.stripe.refusals import InvalidRequest


def create(call: Call) -> Record:
    """A new endpoint; its secret is answered this once."""
    params = call.params
    events = params.texts("enabled_events")
    if not events:
        raise InvalidRequest(
            "Missing required param: enabled_events.", code="parameter_missing", param="enabled_events"
        )
    url = params.need_text("url")
    if not url.startswith(("http://", "https://")):
        raise InvalidRequest("Invalid URL: An explicit scheme (such as https) must be provided.", param="url")
    secret = f"whsec_{secrets.token_hex(16)}"
    endpoint = new_endpoint(call.books, url, secret, events, connect=params.flag("connect") or False)
    endpoint.update(metadata=params.metadata(), description=params.text("description"))
    return {**endpoint, "secret": secret}


def retrieve(call: Call) -> Record:
    return call.books.get("webhook_endpoint", call.id)


def update(call: Call) -> Record:
    endpoint, params = call.books.get("webhook_endpoint", call.id), call.params
    if "disabled" in params:
        endpoint["status"] = "disabled" if params.flag("disabled") else "enabled"
    if "enabled_events" in params:
        endpoint["enabled_events"] = params.texts("enabled_events")
    endpoint["url"] = params.text("url") or endpoint["url"]
    endpoint["metadata"] = params.metadata(endpoint["metadata"])
    return endpoint


def delete(call: Call) -> Record:
    call.books.get("webhook_endpoint", call.id)
    del call.books.table("webhook_endpoint")[call.id]
    return {"id": call.id, "object": "webhook_endpoint", "deleted": True}


def list_endpoints(call: Call) -> Record:
    return call.page(call.books.choose("webhook_endpoint", lambda row: True))


def new_endpoint(books: Books, url: str, secret: str, events: list[str], *, connect: bool | None) -> Record:
    """Keep an endpoint: for the connected accounts' events, for the platform's, or with None for both."""
    endpoint: Record = {
        "id": new_id("we"),
        "object": "webhook_endpoint",
        "api_version": None,
        "application": None,
        "created": books.now(),
        "description": None,
        "enabled_events": events,
        "livemode": False,
        "metadata": {},
        "status": "enabled",
        "url": url,
    }
    return books.add(endpoint, secret=secret, connect=connect)


def wants(books: Books, endpoint: Record, kind: str, account: str | None) -> bool:
    """Whether an event of this type, of a connected account or the platform itself, goes there."""
    connect = books.hidden[endpoint["id"]]["connect"]
    side = connect is None or connect == (account is not None)
    named = "*" in endpoint["enabled_events"] or kind in endpoint["enabled_events"]
    return side and named and bool(endpoint["status"] == "enabled")


ROUTES = (
    route("POST", "/v1/webhook_endpoints", create, "connect description enabled_events metadata url"),
    route("GET", "/v1/webhook_endpoints", list_endpoints, LIST),
    route("GET", "/v1/webhook_endpoints/{id}", retrieve),
    route("POST", "/v1/webhook_endpoints/{id}", update, "disabled enabled_events metadata url"),
    route("DELETE", "/v1/webhook_endpoints/{id}", delete),
)
