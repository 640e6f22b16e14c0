"""The OpenAPI document: says all that there is, and nothing that there is not."""

import re
from collections.abc import Iterator
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Route

from api.app import ENDPOINTS, build_app
from infra.settings import Settings
from tests.support.problems import document
from tests.support.shop import Document, ShopClient

OPERATORS = {"/health/live", "/health/ready", "/metrics", "/openapi.json"}
"""For those who run the service, not for those who call it."""


def operations() -> Iterator[tuple[str, str, Document]]:
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    if isinstance(value, list):
        for inner in value:
            yield from references(inner)


def patterns(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("pattern"), str):
            yield value["pattern"]
        for inner in value.values():
            yield from patterns(inner)
    if isinstance(value, list):
        for inner in value:
            yield from patterns(inner)


async def test_the_document_is_served_as_json_without_a_key(shop: ShopClient) -> None:
    answer = await shop.page.get("/openapi.json")

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    served = answer.json()
    assert served["openapi"].startswith("3.1.")
    assert served["servers"] == [{"url": shop.service.url}]
    assert served["paths"] == document()["paths"]
    assert served["info"]["title"] == "Lastbook"


def test_every_route_is_documented_and_every_operation_has_a_route(settings: Settings) -> None:
    app: Any = build_app(settings)
    while not isinstance(app, Starlette):
        app = app._app
    routes = {
        (method, route.path.replace(":path}", "}"))
        for route in app.routes
        if isinstance(route, Route) and route.path not in OPERATORS and not route.path.startswith(("/w/", "/p/v1/"))
        for method in {*(route.methods or ())} - {"HEAD"}
    }

    assert {(method.upper(), path) for method, path, _ in operations()} == routes
    assert len(routes) == len(ENDPOINTS)


def test_every_operation_has_a_name_of_its_own_and_a_summary() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]

    assert len(names) == len(set(names))
    assert all(operation["summary"] and operation["tags"] for _, _, operation in operations())


def test_every_reference_leads_somewhere() -> None:
    schemas = document()["components"]["schemas"]
    found = set(references(document()))

    assert found
    assert [one for one in found if one.removeprefix("#/components/schemas/") not in schemas] == []


def test_every_parameter_of_a_path_is_described() -> None:
    for method, path, operation in operations():
        described = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"}
        assert described == set(re.findall(r"\{(\w+)\}", path)), (method, path)
        assert all(one["required"] for one in operation.get("parameters", ()) if one["in"] == "path")


def test_every_operation_names_its_success_and_its_refusals() -> None:
    for method, path, operation in operations():
        responses = operation["responses"]
        assert [status for status in responses if status.startswith("2")], (method, path)
        assert all(one["description"] for one in responses.values()), (method, path)
        for status, response in responses.items():
            if status >= "400":
                assert [*response["content"]] == ["application/problem+json"], (method, path, status)
        if method != "options":
            assert {"400", "401", "503"} <= {*responses}, (method, path)


def test_what_needs_a_secret_key_says_so() -> None:
    for _, path, operation in operations():
        assert ("security" in operation) == path.startswith("/v1/"), path


def test_patterns_are_in_the_dialect_of_json_schema() -> None:
    r"""ECMA 262 does not know Python's \A and \Z."""
    found = set(patterns(document()))

    assert found
    assert [one for one in found if r"\A" in one or r"\Z" in one] == []
