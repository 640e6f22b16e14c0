"""/v1/people: those around a shopper whom they buy for."""

from collections.abc import Sequence

from msgspec import Struct

from api.resources import Resource
from tenants.people import Person, StoredPerson, delete_person, get_person, list_people, upsert_people


class PersonPage(Struct, frozen=True, kw_only=True):
    """People by id."""

    items: Sequence[StoredPerson]
    next: str | None


PEOPLE = Resource(
    name="people",
    document=Person,
    stored=StoredPerson,
    page=PersonPage,
    store=upsert_people,
    get=get_person,
    list_page=list_people,
    delete=delete_person,
)
