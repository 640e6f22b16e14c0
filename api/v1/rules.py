"""/v1/rules: what a merchant decides about what is shown, and where these decisions contradict one another."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from msgspec import Meta, Struct
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
    """Up to 100 of each kind, the kinds that change most of what is shown first."""

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


def _given(field: str, kind: str) -> dict[str, object]:
    return {"required": [field], "properties": {field: {"type": kind}, "action": {"enum": _UNNAMED}}}


_UNNAMED = ["hide", "only", "boost", "bury"]
"""Actions that need not name their products."""
_APPLIES_TO_SOMETHING = Meta(
    extra_json_schema={
        "anyOf": [
            {"required": ["products"], "properties": {"products": {"minItems": 1}}},
            _given("when", "string"),
            _given("price_from_minor", "integer"),
            _given("price_until_minor", "integer"),
        ]
    }
)
"""What a struct cannot say of itself in the OpenAPI document."""


def _described(endpoint: Endpoint) -> Endpoint:
    whole = endpoint.body is Rule
    return replace(endpoint, body=Annotated[Rule, _APPLIES_TO_SOMETHING]) if whole else endpoint


RULES = [
    *map(_described, _RULES.endpoints()),
    Endpoint("GET", "/v1/rules:conflicts", get_conflicts, "See which rules contradict one another or the catalogue",
             tag="rules", answer=Conflicts, refusals=(BadRequest, Unauthenticated, Forbidden, Unavailable),
             scope="rules:read"),
]  # fmt: skip
