"""Standard attributes: definitions that most shops want, ready to be switched on and then theirs to change."""

from collections.abc import Mapping, Sequence
from typing import Literal

from infra.database import Connection
from tenants.attributes import AttributeDefinition, upsert_definitions
from tenants.upserts import Upserted

StandardName = Literal[
    "birthday",
    "address_area",
    "family_size",
    "family_stage",
    "education",
    "income_band",
    "occupation",
    "contact_channel",
]

_DEFINITIONS = (
    AttributeDefinition(
        id="birthday",
        type="date",
        classes=("shopper", "person"),
        required_for_completeness=True,
        ask_text={"en": "When is your birthday?"},
    ),
    AttributeDefinition(
        id="address_area",
        type="place",
        required_for_completeness=True,
        stale_after_days=730,
        ask_text={"en": "Which area do you live in?"},
    ),
    AttributeDefinition(
        id="family_size",
        type="integer",
        required_for_completeness=True,
        stale_after_days=365,
        ask_text={"en": "How many people live in your home, you included?"},
    ),
    AttributeDefinition(
        id="family_stage",
        type="choice",
        choices=("single", "couple", "young_children", "older_children", "empty_nest"),
        stale_after_days=365,
        ask_text={"en": "Who do you share your home with?"},
    ),
    AttributeDefinition(
        id="education",
        type="choice",
        choices=("primary", "secondary", "vocational", "bachelor", "master", "doctorate"),
        ask_text={"en": "What is the highest education that you finished?"},
    ),
    AttributeDefinition(
        id="income_band",
        type="choice",
        choices=("lowest_fifth", "second_fifth", "middle_fifth", "fourth_fifth", "highest_fifth"),
        stale_after_days=730,
        ask_text={"en": "Which band does your household's income fall into?"},
    ),
    AttributeDefinition(
        id="occupation",
        type="text",
        stale_after_days=730,
        ask_text={"en": "What do you do for a living?"},
    ),
    AttributeDefinition(
        id="contact_channel",
        type="choice",
        purpose="contact",
        choices=("email", "phone", "post", "message"),
        ask_text={"en": "How may we best reach you?"},
    ),
)

STANDARD: Mapping[str, AttributeDefinition] = {one.id: one for one in _DEFINITIONS}


async def switch_on(conn: Connection, names: Sequence[StandardName]) -> Upserted:
    """Define these as shipped; one that the shop defined itself becomes the shipped one."""
    return await upsert_definitions(conn, [STANDARD[name] for name in dict.fromkeys(names)])
