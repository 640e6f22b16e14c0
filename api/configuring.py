"""Configuring: a product as it would be made, for a page and for the merchant's server alike."""

from datetime import datetime
from uuid import UUID

from api.public.personal import read_mine
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
    now = state.clock()
    async with state.db.tenant(live.tenant_id) as conn:
        row_id = None if shopper_id is None else await find_shopper_id(conn, shopper_id)
        published = _find_document(live, wished.product, now, await read_mine(conn, live, row_id, now=now))
        terms = Terms(await read_work_calendar(conn), (await read_notice(conn)).texts)
        record = None if shopper_id is None else await _read_record(conn, row_id, wished.person, now)
    return configure(live, published, wished, record, terms, now=now.timestamp())


def _find_document(live: LiveTenant, product_id: str, now: datetime, mine: frozenset[str]) -> Published:
    published = live.documents.get(product_id)
    if (
        published is None
        or product_id not in live.catalogue.rows
        or not live.may_name(product_id, now.timestamp(), mine)
    ):
        raise NotMadeToOrder(f"The product {product_id!r} is not made to order.")
    return published


async def _read_record(conn: Connection, row_id: UUID | None, person: str | None, now: datetime) -> Record:
    if row_id is None:
        return Record(allowed=False)
    try:
        return await read_record(conn, row_id, person_id=person, now=now)
    except NotFound as unknown:
        raise UnknownPerson(unknown.detail) from unknown
