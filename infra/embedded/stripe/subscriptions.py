"""Subscriptions: prices that come back every period; metered ones are billed with what the meter said."""

import calendar
from datetime import UTC, datetime, timedelta

from infra.embedded.stripe.books import Books, Record, empty, listed, new_id
from infra.embedded.stripe.calls import DATED, Call, route
from infra.embedded.stripe.forms import Params
from infra.embedded.stripe.invoices import Draft, Line, make_invoice, pay_invoice, void_invoice
from infra.embedded.stripe.meters import usage
from infra.embedded.stripe.prices import amount_for
from infra.embedded.stripe.refusals import CardRefused, InvalidRequest, WrongState

_FIELDS = "application_fee_percent cancel_at_period_end default_payment_method description items metadata off_session"
_BEHAVIOURS = ("allow_incomplete", "default_incomplete", "error_if_incomplete", "pending_if_incomplete")
_LIVING = ("active", "trialing", "past_due")


def create(call: Call) -> Record:
    """Subscribe and collect the first period. Raises CardRefused with `error_if_incomplete` only."""
    return new_subscription(call.books, call.params, call.params.need_text("customer"))


def retrieve(call: Call) -> Record:
    return call.books.get("subscription", call.id)


def list_subscriptions(call: Call) -> Record:
    status = call.params.text("status")
    fits = call.books.choose(
        "subscription",
        lambda row: (
            call.fits(row, "customer")
            and (status == "all" or (row["status"] == status if status else row["status"] != "canceled"))
        ),
    )
    return call.page(fits)


def update(call: Call) -> Record:
    """Change prices, quantities, card or end. Without proration: a change counts from the next period on."""
    books, params, subscription = call.books, call.params, call.books.get("subscription", call.id)
    if subscription["status"] == "canceled":
        raise WrongState("A canceled subscription can only update its cancellation_details and metadata.")
    changed = _given(books, params, subscription)
    for row in params.rows("items"):
        _change_item(books, subscription, row)
    books.change(subscription, None, **changed)
    if params.flag("cancel_at_period_end") is not None:
        ends = subscription["items"]["data"][0]["current_period_end"]
        subscription["cancel_at"] = ends if subscription["cancel_at_period_end"] else None
        subscription["canceled_at"] = books.now() if subscription["cancel_at_period_end"] else None
    books.emit("customer.subscription.updated", subscription)
    return subscription


def cancel(call: Call) -> Record:
    """End it now; with `invoice_now` what was used is billed."""
    books, subscription = call.books, call.books.get("subscription", call.id)
    if subscription["status"] == "canceled":
        raise WrongState(f"No such subscription: '{call.id}'", code="resource_missing")
    if call.params.flag("invoice_now"):
        _bill(books, subscription, "subscription_cycle", first=False, last=True)
    return end_subscription(books, subscription, "cancellation_requested")


def new_subscription(books: Books, params: Params, customer: str) -> Record:
    """Keep a new subscription and bill its first period, unless it starts with a trial."""
    owner = books.get("customer", customer, "customer")
    subscription = _blank(books, owner["id"])
    subscription.update(_given(books, params, subscription))
    rows = params.rows("items")
    if not rows:
        raise InvalidRequest("Missing required param: items.", code="parameter_missing", param="items")
    behaviour = params.choice("payment_behavior", *_BEHAVIOURS) or "allow_incomplete"
    trial_end = _trial_end(books, params)
    items = [_item(books, subscription, row) for row in rows]
    price = items[0]["price"]
    subscription["currency"] = price["currency"]
    subscription["items"]["data"] = items
    _set_period(items, books.now(), trial_end or _next_end(books.now(), price["recurring"], books.now()))
    if trial_end:
        subscription.update(
            status="trialing", trial_start=books.now(), trial_end=trial_end, billing_cycle_anchor=trial_end
        )
    books.add(subscription)
    books.emit("customer.subscription.created", subscription)
    if not trial_end:
        _start(books, subscription, behaviour)
    books.world.remind(items[0]["current_period_end"], "period", books.account, subscription["id"])
    return subscription


def renew(books: Books, subscription: Record) -> None:
    """Its period is over: bill the next one, or end it."""
    if subscription["status"] not in _LIVING:
        return
    ends = subscription["cancel_at_period_end"]
    invoice = _bill(books, subscription, "subscription_cycle", first=False, last=ends)
    if ends:
        collect(books, subscription, invoice)
        end_subscription(books, subscription, "cancellation_requested")
        return
    items = subscription["items"]["data"]
    start = items[0]["current_period_end"]
    end = _next_end(start, items[0]["price"]["recurring"], subscription["billing_cycle_anchor"])
    _set_period(items, start, end)
    books.emit("customer.subscription.updated", subscription)
    collect(books, subscription, invoice)
    books.world.remind(end, "period", books.account, subscription["id"])


def collect(books: Books, subscription: Record, invoice: Record) -> None:
    """Try to collect an invoice; on a decline the subscription is past due, tried again, and at last ended."""
    if invoice["status"] != "open" or subscription["status"] == "canceled":
        return
    method = method_of(books, subscription)
    try:
        if method is not None:
            pay_invoice(books, invoice, method)
    except CardRefused:
        pass
    if invoice["status"] == "paid":
        books.change(subscription, "customer.subscription.updated", status="active")
    elif method is not None and invoice["next_payment_attempt"] is None:
        end_subscription(books, subscription, "payment_failed")
    else:
        books.change(subscription, "customer.subscription.updated", status="past_due")
        if invoice["next_payment_attempt"]:
            books.world.remind(invoice["next_payment_attempt"], "invoice", books.account, invoice["id"])


def pay(call: Call) -> Record:
    """Collect an invoice now. Raises CardRefused."""
    books, invoice = call.books, call.books.get("invoice", call.id)
    subscription = books.get("subscription", books.hidden[invoice["id"]]["subscription"])
    pay_invoice(books, invoice, call.params.text("payment_method") or method_of(books, subscription))
    if subscription["status"] in ("incomplete", "past_due"):
        books.change(subscription, "customer.subscription.updated", status="active")
    return invoice


def method_of(books: Books, subscription: Record) -> str | None:
    """The card that the subscription is paid with: its own, else the customer's."""
    customer = books.get("customer", subscription["customer"])
    found: str | None = subscription["default_payment_method"] or customer["invoice_settings"]["default_payment_method"]
    return found


def end_subscription(books: Books, subscription: Record, reason: str) -> Record:
    subscription.update(status="canceled", ended_at=books.now(), canceled_at=subscription["canceled_at"] or books.now())
    subscription["cancellation_details"]["reason"] = reason
    books.emit("customer.subscription.deleted", subscription)
    return subscription


def _start(books: Books, subscription: Record, behaviour: str) -> None:
    invoice = _bill(books, subscription, "subscription_create", first=True, last=False)
    method = method_of(books, subscription)
    if invoice["status"] == "open" and behaviour != "default_incomplete" and method is not None:
        try:
            pay_invoice(books, invoice, method)
        except CardRefused:
            if behaviour == "error_if_incomplete":
                del books.table("subscription")[subscription["id"]]
                void_invoice(books, invoice)
                raise
    if invoice["status"] == "paid":
        books.change(subscription, "customer.subscription.updated", status="active")


def _bill(books: Books, subscription: Record, reason: str, *, first: bool, last: bool) -> Record:
    """Bill the next period of what is counted, unless `last`, and the past one of what is metered, unless `first`."""
    items = subscription["items"]["data"]
    start, end = items[0]["current_period_start"], items[0]["current_period_end"]
    following = (
        (start, end)
        if first
        else (end, _next_end(end, items[0]["price"]["recurring"], subscription["billing_cycle_anchor"]))
    )
    draft = Draft(subscription, reason, start=start, end=start if first else end)
    for item in items:
        price = item["price"]
        if price["recurring"]["usage_type"] == "licensed" and not last:
            draft.lines.append(Line(item, item["quantity"], amount_for(books, price, item["quantity"]), *following))
        elif price["recurring"]["usage_type"] == "metered" and not first:
            meter = books.get("billing.meter", price["recurring"]["meter"])
            used = usage(books, meter, subscription["customer"], start, end)
            draft.lines.append(Line(item, used, amount_for(books, price, used), start, end))
    invoice = make_invoice(books, draft)
    subscription["latest_invoice"] = invoice["id"]
    return invoice


def _given(books: Books, params: Params, subscription: Record) -> Record:
    found: Record = {"metadata": params.metadata(subscription["metadata"])}
    if "description" in params:
        found["description"] = params.text("description")
    if "cancel_at_period_end" in params:
        found["cancel_at_period_end"] = params.flag("cancel_at_period_end")
    if "application_fee_percent" in params:
        found["application_fee_percent"] = float(params.need_text("application_fee_percent"))
    if "default_payment_method" in params:
        wanted = params.text("default_payment_method")
        found["default_payment_method"] = wanted and books.get("payment_method", wanted, "default_payment_method")["id"]
    return found


def _trial_end(books: Books, params: Params) -> int | None:
    days = params.whole("trial_period_days")
    if "trial_end" in params and params.text("trial_end") != "now":
        return params.need_whole("trial_end")
    return books.now() + days * 86400 if days else None


def _change_item(books: Books, subscription: Record, row: Params) -> None:
    items, wanted = subscription["items"]["data"], row.text("id")
    if wanted is None:
        items.append(_item(books, subscription, row))
        _set_period(items, items[0]["current_period_start"], items[0]["current_period_end"])
        return
    place = next((place for place, item in enumerate(items) if item["id"] == wanted), None)
    if place is None:
        raise InvalidRequest(f"No such subscription item: '{wanted}'", code="resource_missing", param="items")
    if row.flag("deleted"):
        items.pop(place)
        return
    if "quantity" in row:
        items[place]["quantity"] = row.need_whole("quantity")
    if "price" in row:
        price = books.get("price", row.need_text("price"), "items[price]")
        items[place].update(price=price, plan=_plan(price))


def _item(books: Books, subscription: Record, row: Params) -> Record:
    row.allow(("price", "quantity", "metadata"))
    price = books.get("price", row.need_text("price"), "items[price]")
    if price["recurring"] is None:
        raise InvalidRequest(
            "The price specified is set to `type=one_time` but this field only accepts recurring prices."
        )
    metered = price["recurring"]["usage_type"] == "metered"
    if metered and "quantity" in row:
        raise InvalidRequest("Quantity should not be specified where usage_type is `metered`.", param="items[quantity]")
    item = {
        **empty("billing_thresholds"),
        "id": new_id("si"),
        "object": "subscription_item",
        "created": books.now(),
        "current_period_end": 0,
        "current_period_start": 0,
        "discounts": [],
        "metadata": row.metadata(),
        "plan": _plan(price),
        "price": price,
        "subscription": subscription["id"],
        "tax_rates": [],
    }
    return item if metered else {**item, "quantity": row.whole("quantity") or 1}


def _set_period(items: list[Record], start: int, end: int) -> None:
    for item in items:
        item.update(current_period_start=start, current_period_end=end)


def _next_end(start: int, recurring: Record, anchor: int) -> int:
    """The end of the period that starts then; months keep the anchor's day where they have it."""
    count, interval, begins = recurring["interval_count"], recurring["interval"], datetime.fromtimestamp(start, UTC)
    if interval in ("day", "week"):
        return int((begins + timedelta(days=count * (7 if interval == "week" else 1))).timestamp())
    months = begins.month - 1 + count * (12 if interval == "year" else 1)
    year, month = begins.year + months // 12, months % 12 + 1
    day = min(datetime.fromtimestamp(anchor, UTC).day, calendar.monthrange(year, month)[1])
    return int(begins.replace(year=year, month=month, day=day).timestamp())


def _plan(price: Record) -> Record:
    recurring = price["recurring"]
    return {
        **empty("transform_usage"),
        "id": price["id"],
        "object": "plan",
        "active": price["active"],
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "billing_scheme": price["billing_scheme"],
        "created": price["created"],
        "currency": price["currency"],
        "livemode": False,
        "metadata": price["metadata"],
        "nickname": price["nickname"],
        "product": price["product"],
        "tiers_mode": price["tiers_mode"],
        **{
            name: recurring[name] for name in ("interval", "interval_count", "meter", "trial_period_days", "usage_type")
        },
    }


def _blank(books: Books, customer: str) -> Record:
    subscription_id = new_id("sub")
    return {
        **empty("application application_fee_percent billing_cycle_anchor_config billing_thresholds cancel_at"),
        **empty("canceled_at customer_account days_until_due default_payment_method default_source description"),
        **empty("ended_at latest_invoice next_pending_invoice_item_invoice on_behalf_of pause_collection"),
        **empty("pending_invoice_item_interval pending_setup_intent pending_update schedule test_clock transfer_data"),
        **empty("trial_end trial_start"),
        "id": subscription_id,
        "object": "subscription",
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        "billing_cycle_anchor": books.now(),
        "billing_mode": {"flexible": {"proration_discounts": "included"}, "type": "flexible"},
        "billing_schedules": [],
        "cancel_at_period_end": False,
        "cancellation_details": empty("comment feedback reason"),
        "collection_method": "charge_automatically",
        "created": books.now(),
        "currency": "",
        "customer": customer,
        "default_tax_rates": [],
        "discounts": [],
        "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
        "items": listed([], f"/v1/subscription_items?subscription={subscription_id}"),
        "livemode": False,
        "metadata": {},
        "payment_settings": {
            **empty("payment_method_options payment_method_types"),
            "save_default_payment_method": "off",
        },
        "start_date": books.now(),
        "status": "incomplete",
        "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
    }


ROUTES = (
    route("POST", "/v1/subscriptions", create, f"{_FIELDS} customer payment_behavior trial_end trial_period_days"),
    route("GET", "/v1/subscriptions", list_subscriptions, f"customer status {DATED}"),
    route("GET", "/v1/subscriptions/{id}", retrieve),
    route("POST", "/v1/subscriptions/{id}", update, f"{_FIELDS} payment_behavior proration_behavior"),
    route("DELETE", "/v1/subscriptions/{id}", cancel, "invoice_now prorate cancellation_details"),
    route("POST", "/v1/invoices/{id}/pay", pay, "payment_method off_session"),
)
