"""Meters: usage that is told event by event and billed with the period."""

from infra.embedded.stripe.books import Books, Record, new_id
from infra.embedded.stripe.calls import LIST, Call, route
from infra.embedded.stripe.refusals import InvalidRequest

_OLDEST_SECONDS = 35 * 86400
_NEWEST_SECONDS = 300
_REMEMBERED_SECONDS = 86400
"""How long an event's identifier is known: at least a day."""


def create(call: Call) -> Record:
    books, params = call.books, call.params
    event_name = params.need_text("event_name")
    if books.choose("billing.meter", lambda row: row["event_name"] == event_name and row["status"] == "active"):
        raise InvalidRequest(f"An active meter already exists with the event name '{event_name}'.", param="event_name")
    mapping, value = params.hash("customer_mapping"), params.hash("value_settings")
    aggregation = params.hash("default_aggregation")
    aggregation.need_text("formula")
    meter = books.add(
        {
            "id": new_id("mtr"),
            "object": "billing.meter",
            "created": books.now(),
            "customer_mapping": {
                "event_payload_key": mapping.text("event_payload_key") or "stripe_customer_id",
                "type": "by_id",
            },
            "default_aggregation": {"formula": aggregation.choice("formula", "count", "last", "sum")},
            "display_name": params.need_text("display_name"),
            "event_name": event_name,
            "event_time_window": params.choice("event_time_window", "day", "hour"),
            "livemode": False,
            "status": "active",
            "status_transitions": {"deactivated_at": None},
            "updated": books.now(),
            "value_settings": {"event_payload_key": value.text("event_payload_key") or "value"},
        }
    )
    books.emit("billing.meter.created", meter)
    return meter


def retrieve(call: Call) -> Record:
    return call.books.get("billing.meter", call.id)


def update(call: Call) -> Record:
    meter = call.books.get("billing.meter", call.id)
    return call.books.change(
        meter, "billing.meter.updated", display_name=call.params.text("display_name") or meter["display_name"]
    )


def deactivate(call: Call) -> Record:
    return _switch(call, "inactive", "billing.meter.deactivated", call.books.now())


def reactivate(call: Call) -> Record:
    return _switch(call, "active", "billing.meter.reactivated", None)


def list_meters(call: Call) -> Record:
    return call.page(call.books.choose("billing.meter", lambda row: call.fits(row, "status")))


def record_event(call: Call) -> Record:
    """Take one event. Raises InvalidRequest for an unknown meter, a bad value, a far time, or a known identifier."""
    books, params = call.books, call.params
    meter = _meter_of(books, params.need_text("event_name"))
    payload = dict(params.hash("payload").tree)
    _check_payload(books, meter, payload)
    now = books.now()
    when = now if params.whole("timestamp") is None else params.need_whole("timestamp")
    if not now - _OLDEST_SECONDS <= when <= now + _NEWEST_SECONDS:
        raise InvalidRequest(
            "The timestamp must be within the past 35 calendar days or up to 5 minutes in the future.",
            code="timestamp_too_far_in_past" if when < now else "timestamp_in_future",
            param="timestamp",
        )
    identifier = params.text("identifier") or new_id("evt")
    table = books.table("billing.meter_event")
    known = table.get(identifier)
    if known is not None and known["created"] > now - _REMEMBERED_SECONDS:
        raise InvalidRequest(f"An event already exists with identifier {identifier}.", param="identifier")
    table[identifier if known is None else new_id("evt")] = event = {
        "object": "billing.meter_event",
        "created": now,
        "event_name": meter["event_name"],
        "identifier": identifier,
        "livemode": False,
        "payload": payload,
        "timestamp": when,
    }
    return event


def list_summaries(call: Call) -> Record:
    """One customer's usage in a stretch of time, as one row."""
    meter, params = call.books.get("billing.meter", call.id), call.params
    customer, start, end = params.need_text("customer"), params.need_whole("start_time"), params.need_whole("end_time")
    if start % 60 or end % 60 or end <= start:
        raise InvalidRequest("Times must be aligned with minute boundaries.", param="start_time")
    row = {
        "id": new_id("mtrusg"),
        "object": "billing.meter_event_summary",
        "aggregated_value": float(usage(call.books, meter, customer, start, end)),
        "end_time": end,
        "livemode": False,
        "meter": meter["id"],
        "start_time": start,
    }
    return call.page([row])


def usage(books: Books, meter: Record, customer: str, start: int, end: int) -> int:
    """What the meter says for a customer from `start` until before `end`."""
    key, value = meter["customer_mapping"]["event_payload_key"], meter["value_settings"]["event_payload_key"]
    events = [
        event
        for event in books.table("billing.meter_event").values()
        if event["event_name"] == meter["event_name"]
        and event["payload"].get(key) == customer
        and start <= event["timestamp"] < end
    ]
    formula = meter["default_aggregation"]["formula"]
    if formula == "count":
        return len(events)
    values = [int(event["payload"][value]) for event in sorted(events, key=lambda event: event["timestamp"])]
    return sum(values) if formula == "sum" else (values or [0])[-1]


def _meter_of(books: Books, event_name: str) -> Record:
    found = books.choose("billing.meter", lambda row: row["event_name"] == event_name and row["status"] == "active")
    if not found:
        message = f"No active meter found with event_name {event_name}"
        raise InvalidRequest(message, code="no_meter", param="event_name")
    return found[0]


def _check_payload(books: Books, meter: Record, payload: dict[str, str]) -> None:
    key, value = meter["customer_mapping"]["event_payload_key"], meter["value_settings"]["event_payload_key"]
    if key not in payload:
        raise InvalidRequest(f"The payload must have the key {key}.", param="payload")
    books.get("customer", payload[key], f"payload[{key}]")
    if meter["default_aggregation"]["formula"] == "count":
        return
    if not payload.get(value, "").isdigit():
        raise InvalidRequest(f"payload[{value}] must be a whole number, 0 or more.", param=f"payload[{value}]")


def _switch(call: Call, status: str, event: str, at: int | None) -> Record:
    meter = call.books.get("billing.meter", call.id)
    if meter["status"] == status:
        raise InvalidRequest(f"This meter is already {status}.")
    return call.books.change(meter, event, status=status, status_transitions={"deactivated_at": at})


ROUTES = (
    route(
        "POST",
        "/v1/billing/meters",
        create,
        "customer_mapping default_aggregation display_name event_name event_time_window value_settings",
    ),
    route("GET", "/v1/billing/meters", list_meters, f"status {LIST}"),
    route("GET", "/v1/billing/meters/{id}", retrieve),
    route("POST", "/v1/billing/meters/{id}", update, "display_name"),
    route("POST", "/v1/billing/meters/{id}/deactivate", deactivate),
    route("POST", "/v1/billing/meters/{id}/reactivate", reactivate),
    route("GET", "/v1/billing/meters/{id}/event_summaries", list_summaries, f"customer start_time end_time {LIST}"),
    route("POST", "/v1/billing/meter_events", record_event, "event_name identifier payload timestamp"),
)
