"""Configuring: a product as it would be made, for a page and for the merchant's server alike."""

from datetime import UTC, datetime

from api.public.personal import read_personal
from api.state import State
from infra.database import Connection
from infra.errors import Invalid, NotFound
from recommender.serving.live_tenant import LiveTenant
from tenants.measured import Record, read_record
from tenants.option_plan import Published
from tenants.quote_settings import read_notice
from tenants.quotes import NotMadeToOrder
from tenants.shoppers import find_shopper_id
from tenants.work_calendar import read_work_calendar
from widgets.configurator import Configured, Terms, Wished, configure


class UnknownPerson(Invalid):
    """Nobody of that id is around this shopper."""

    code = "unknown_person"
    hint = "Leave 'person' out for the shopper, or name one of their people."


async def configure_for(state: State, live: LiveTenant, wished: Wished, shopper_id: str | None) -> Configured:
    """What the answers come to now. `shopper_id`: the merchant's id of somebody proven, None for a stranger.

    Raises NotMadeToOrder, UnknownPerson, DatabaseDown.
    """
    now = state.clock().timestamp()
    published = _find_document(live, wished.product, now, await _read_collections(state, live, shopper_id))
    async with state.db.tenant(live.tenant_id) as conn:
        terms = Terms(await read_work_calendar(conn), await read_notice(conn))
        record = None if shopper_id is None else await _read_record(conn, shopper_id, wished.person, now)
    return configure(live, published, wished, record, terms, now=now)


async def _read_collections(state: State, live: LiveTenant, shopper_id: str | None) -> frozenset[str]:
    """Which collections with a personal audience hold the shopper; asked only where there are any."""
    if not live.opening.personal:
        return frozenset()
    return (await read_personal(state, live, shopper_id, (), now=state.clock())).collections


def _find_document(live: LiveTenant, product_id: str, now: float, mine: frozenset[str]) -> Published:
    published = live.documents.get(product_id)
    if published is None or product_id not in live.catalogue.rows or not live.may_name(product_id, now, mine):
        raise NotMadeToOrder(f"The product {product_id!r} is not made to order.")
    return published


async def _read_record(conn: Connection, shopper_id: str, person: str | None, now: float) -> Record:
    row_id = await find_shopper_id(conn, shopper_id)
    if row_id is None:
        return Record(allowed=False)
    try:
        return await read_record(conn, row_id, person_id=person, now=datetime.fromtimestamp(now, UTC))
    except NotFound as unknown:
        raise UnknownPerson(unknown.detail) from unknown
