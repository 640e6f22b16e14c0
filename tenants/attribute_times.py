"""Attribute times: when each attribute's value was last told. The same value told again moves nothing."""

from typing import Literal


def times_of(table: Literal["shoppers", "people"]) -> str:
    """An SQL expression over a row: {"<name>": "<timestamp>"} with the keys of its attributes.

    Rows keep only what was told later than they were made; a trigger writes it (migration 0005).
    """
    return f"""
    (
        select coalesce(
            jsonb_object_agg(name, coalesce({table}.attribute_times -> name, to_jsonb({table}.created_at))), '{{}}'
        )
        from jsonb_object_keys({table}.attributes) as name
    )
    """
