"""/v1/rules: what a merchant decides about what is shown, and where these decisions contradict one another."""

from collections.abc import Sequence

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from api.auth import authenticate
from api.endpoints import Endpoint
from api.resources import Resource, answer
from api.state import state_of
from infra.errors import BadRequest, Forbidden, Unauthenticated, Unavailable
from recommender.conflict_report import report_conflicts
from recommender.serving.conflicts import Conflict
from tenants.rules import Rule, StoredRule, delete_rule, get_rule, list_rules, upsert_rules


class RulePage(Struct, frozen=True, kw_only=True):
    """Rules by id."""

    items: Sequence[StoredRule]
    next: str | None


class Conflicts(Struct, frozen=True, kw_only=True):
    """Up to 500, those that change most of what is shown first."""

    items: Sequence[Conflict]


_RULES = Resource(
    name="rules",
    document=Rule,
    stored=StoredRule,
    page=RulePage,
    store=upsert_rules,
    get=get_rule,
    list_page=list_rules,
    delete=delete_rule,
    audited=True,
)


async def get_conflicts(request: Request) -> Response:
    """Judge all enabled rules over the catalogue as it is now."""
    state = state_of(request)
    caller = await authenticate(request, state.keys, "rules:read")
    return answer(Conflicts(items=await report_conflicts(state.db, caller.tenant_id, now=state.clock())))


RULES = [
    *_RULES.endpoints(),
    Endpoint("GET", "/v1/rules:conflicts", get_conflicts, "See which rules contradict one another or the catalogue",
             tag="rules", answer=Conflicts, refusals=(BadRequest, Unauthenticated, Forbidden, Unavailable),
             scope="rules:read"),
]  # fmt: skip
