"""Import columns: the names of a file's columns in its report. A file without a header has somebody's data there."""

from typing import get_args

from infra.database import Connection
from tenants.suppression import Kind, Suppressed

FORGOTTEN = "The import failed; its sentence named a person who was erased."


async def forget_columns(conn: Connection, suppressed: Suppressed) -> int:
    """Drop the columns of every ended import that has an erased person's id, address or telephone for one.

    All of its columns go, for the others are of the same person. Returns how many imports.
    """
    if not suppressed.hashes:
        return 0
    names = [row["name"] for row in await conn.fetch(_NAMES)]
    erased = [name for name in names if any(suppressed.holds(kind, name) for kind in get_args(Kind))]
    if not erased:
        return 0
    rows = await conn.fetch(_FORGET, erased, FORGOTTEN)
    return len(rows)


# A failed import quotes the columns as 'a', 'b'; a name that has a quote itself stands in double ones.
_COLUMNS = """
select import_id, jsonb_object_keys(plan -> 'mapping') as name
from imports
where plan is not null
union
select import_id, jsonb_object_keys(options -> 'mapping')
from imports
where options ? 'mapping'
union
select import_id, coalesce(quoted[1], quoted[2])
from imports
cross join regexp_matches(error, '''([^'']*)''|"([^"]*)"', 'g') as found (quoted)
where error is not null
"""

_NAMES = f"select distinct name from ({_COLUMNS}) as columns"

_FORGET = f"""
update imports
set plan = null, options = options - 'mapping', error = case when error is not null then $2 end
where finished_at is not null and import_id in (select import_id from ({_COLUMNS}) as columns where name = any($1))
returning true
"""
