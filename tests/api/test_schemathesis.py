"""Generated calls: whatever the document allows or forbids, the service answers as the document says."""

import asyncio
import os
from collections.abc import Callable
from typing import Any

import hypothesis
import pytest
import schemathesis
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import ENDPOINTS
from infra.stripe import WEBHOOK_PATH
from tests.experiments.generated import make_sharing
from tests.record_book.generated import make_possible, prepare_record_book
from tests.support.problems import document
from tests.support.shop import ShopClient

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
OPERATIONS = [
    (endpoint.method, endpoint.path.replace(":path}", "}")) for endpoint in ENDPOINTS if endpoint.body or endpoint.scope
]
REACHED = {200, 202, 204, 404}
"""What a valid call may come to."""
SPREADSHEETS = {"/v1/size-charts:import"}
"""What stands in one is more than a schema can say, so none that is made up is let in."""
EXAMPLES = int(os.environ.get("LASTBOOK_GENERATED_CALLS", "10"))
"""Of each operation, valid and invalid: about 500 calls in all."""


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["valid", "invalid"])
@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=lambda part: part)
async def test_a_generated_call_is_answered_as_documented(
    shop: ShopClient, method: str, path: str, mode: GenerationMode, record_property: Callable[[str, object], None]
) -> None:
    await shop.stock("0", "p1")
    await shop.push("shoppers", [{"id": "0"}])
    await prepare_record_book(shop)
    operation: Any = schemathesis.openapi.from_dict(document())[path][method]  # its type is a union of all dialects
    statuses: list[int] = []

    # The same calls on every run: a failure that comes and goes helps nobody.
    @hypothesis.settings(
        max_examples=EXAMPLES, derandomize=True, database=None, deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )  # fmt: skip
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def call(case: Case[Any]) -> None:
        if mode is GenerationMode.POSITIVE:
            _say_the_unsaid(shop, path, case)
        response = case.call(base_url=shop.service.url, headers=_authorization(shop, path))
        case.validate_response(response, checks=CHECKS)
        statuses.append(response.status_code)

    await asyncio.to_thread(call)
    record_property("calls", len(statuses))
    assert len(statuses) >= 3
    # What its sender signs, and a spreadsheet, cannot be made up.
    if mode is GenerationMode.POSITIVE and path not in (*SPREADSHEETS, WEBHOOK_PATH):
        assert set(statuses) & REACHED, f"no valid call was let in: {statuses}"


def _say_the_unsaid(shop: ShopClient, path: str, case: Case[Any]) -> None:
    """What the document cannot say: which keys there are, and that a text is JSON."""
    if case.query is not None:
        case.query.pop("mapping", None)
    if isinstance(case.body, dict):
        if "key" in case.body:
            case.body |= _vouched(shop, case.body)
        if path == "/public/v1/preorders:open" and "token" not in case.body:
            case.body["guest_email"] = "guest@shop.example"
        make_sharing(case.body)
        make_possible(shop, path, case.body, case.path_parameters)


def _vouched(shop: ShopClient, body: dict[str, Any]) -> dict[str, str]:
    """The shop's own key, and a token of a shopper that it has, where the body has one."""
    return {"key": shop.keys.publishable.secret} | ({"token": shop.token("0")} if "token" in body else {})


def _authorization(shop: ShopClient, path: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {shop.keys.secret.secret}"} if path.startswith("/v1/") else {}
