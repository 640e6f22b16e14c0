"""Quoted measures: the values that a quote is made by: held, counted, and copied inside Postgres.

They pass through no memory of ours. `COUNT` and `COPY` are expressions over a row of `quotes`.
"""

from collections.abc import Sequence
from uuid import UUID

from infra.database import Connection

COUNT = """
case
    when copied_order_id is not null then (
        select count(*)
        from jsonb_to_recordset(measured) as needed (key text, side text)
        where exists (
            select
            from made_lines as copied, jsonb_to_recordset(measurements) as kept (key text, side text)
            where copied.order_id = copied_order_id and copied.line_id = copied_line_id
                and kept.key = needed.key and kept.side = needed.side
        )
    )
    else (
        select count(*)
        from jsonb_to_recordset(measured) as needed (key text, side text, profile uuid, version integer)
        join measurement_values on measurement_values.profile_id = needed.profile
            and measurement_values.version = needed.version and measurement_values.key = needed.key
            and measurement_values.side = needed.side
    )
end
"""
"""How many of them can be copied."""

COPY = """
case
    when copied_order_id is not null then coalesce(
        (
            select jsonb_agg(kept.measure || jsonb_build_object('option', needed.option) order by place)
            from rows from (
                jsonb_to_recordset(measured) as (option text, key text, side text)
            ) with ordinality as needed (option, key, side, place)
            cross join lateral (
                select measure
                from made_lines as copied, jsonb_array_elements(measurements) as measure
                where copied.order_id = copied_order_id and copied.line_id = copied_line_id
                    and measure ->> 'key' = needed.key and measure ->> 'side' = needed.side
                limit 1
            ) as kept
        ),
        '[]'
    )
    else coalesce(
        (
            select jsonb_agg(
                jsonb_build_object(
                    'option', option, 'key', needed.key, 'side', needed.side, 'value_tenth_mm', value_tenth_mm,
                    'profile_id', external_id, 'version', needed.version, 'source', source,
                    'measured_at', kept.measured_at
                )
                order by place
            )
            from rows from (
                jsonb_to_recordset(measured) as (option text, key text, side text, profile uuid, version integer)
            ) with ordinality as needed (option, key, side, profile, version, place)
            join measurement_profiles on measurement_profiles.profile_id = needed.profile
            join measurement_versions as told on told.profile_id = needed.profile and told.version = needed.version
            join measurement_values as kept
                on kept.profile_id = needed.profile and kept.version = needed.version
                and kept.key = needed.key and kept.side = needed.side
        ),
        '[]'
    )
end
"""
"""All that stands of them, in the form of `made_lines.measurements`."""


async def hold_quotes(conn: Connection, quote_ids: Sequence[UUID]) -> None:
    """Until the transaction ends nobody deletes the values that these quotes are made by, nor uses the quotes.

    Whoever deletes a profile, a version or an order waits. The values before the quotes, as deleting an order does it;
    what is counted in the next statement is what will be copied.
    """
    await conn.execute(_HOLD_VALUES, list(quote_ids))
    # A statement of its own: one that waited for the lock would still see what was ordered before it began.
    await conn.execute(_HOLD, list(quote_ids))


# The versions stand for their values, which go with them.
_HOLD_VALUES = """
select
    (
        select count(*)
        from (
            select
            from measurement_versions
            where (profile_id, version) in (
                select needed.profile, needed.version
                from quotes, jsonb_to_recordset(measured) as needed (profile uuid, version integer)
                where quote_id = any($1::uuid[]) and copied_order_id is null
            )
            order by profile_id, version
            for key share
        ) as told
    ),
    (
        select count(*)
        from (
            select
            from made_lines
            where (order_id, line_id) in (
                select copied_order_id, copied_line_id
                from quotes
                where quote_id = any($1::uuid[]) and copied_order_id is not null
            )
            order by order_id, line_id
            for key share
        ) as copied
    )
"""

_HOLD = """
select
from quotes
where quote_id = any($1::uuid[])
order by quote_id
for update
"""
