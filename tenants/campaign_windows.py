"""Campaign windows: which products can be preordered by everybody, and when; what a shop is served from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from infra.database import Connection


@dataclass(frozen=True, slots=True)
class CampaignWindow:
    """A campaign that is neither paused nor over, whether or not the job that opens and closes it has come by."""

    campaign_id: str
    product_ids: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime | None


async def read_windows(conn: Connection) -> Sequence[CampaignWindow]:
    """All of a shop. Those that end first come first."""
    return [
        CampaignWindow(row["campaign_id"], tuple(row["product_ids"]), row["starts_at"], row["ends_at"])
        for row in await conn.fetch(_READ)
    ]


_READ = """
select campaign_id, starts_at, ends_at, jsonb_path_query_array(document, '$.products[*].product_id') as product_ids
from campaigns
where state in ('scheduled', 'early_access', 'open') and starts_at is not null
order by ends_at nulls last, campaign_id
"""
