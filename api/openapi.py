"""OpenAPI: the document at /openapi.json, made from the same endpoints and structs that answer."""

from collections.abc import Sequence
from typing import Any

import msgspec

from api.endpoints import Endpoint
from api.errors import PROBLEM_JSON, InternalError, Problem
from infra.errors import Refusal

Json = dict[str, Any]  # a JSON object has values of any kind
TEMPLATE = "#/components/schemas/{name}"


def make_document(endpoints: Sequence[Endpoint], *, version: str, server: str) -> Json:
    """The OpenAPI 3.1 document."""
    types = [one for endpoint in endpoints for one in (endpoint.body, endpoint.answer) if one is not None] + [Problem]
    schemas, components = in_ecma(msgspec.json.schema_components(types, ref_template=TEMPLATE))
    by_type = {id(one): schema for one, schema in zip(types, schemas, strict=True)}
    paths: dict[str, Json] = {}
    for endpoint in endpoints:
        path = endpoint.path.replace(":path}", "}")
        paths.setdefault(path, {})[endpoint.method.lower()] = _operation(endpoint, by_type)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Lastbook", "version": version, "description": _ABOUT},
        "servers": [{"url": server}],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": {"secret": {"type": "http", "scheme": "bearer"}}},
    }


def _operation(endpoint: Endpoint, schemas: dict[int, Json]) -> Json:
    operation: Json = {
        "operationId": _name(endpoint),
        "summary": endpoint.summary,
        "tags": [endpoint.tag],
        "responses": _responses(endpoint, schemas),
    }
    if parameters := _parameters(endpoint):
        operation["parameters"] = parameters
    if endpoint.body is not None:
        content = {kind: {"schema": _body_schema(kind, endpoint, schemas)} for kind in endpoint.body_types}
        operation["requestBody"] = {"required": True, "content": content}
    if endpoint.scope is not None:
        operation["security"] = [{"secret": []}]
        operation["description"] = f"Needs a secret key with the scope `{endpoint.scope}`."
    return operation


def _name(endpoint: Endpoint) -> str:
    """One of its own for each operation; only the preflights share their handler."""
    name = f"{endpoint.tag}_{endpoint.handler.__name__}"
    return f"{name}_{endpoint.path.rpartition('/')[2]}" if endpoint.method == "OPTIONS" else name


def _responses(endpoint: Endpoint, schemas: dict[int, Json]) -> Json:
    success: Json = {"description": "Done"}
    if endpoint.answer is not None:
        success["content"] = {"application/json": {"schema": schemas[id(endpoint.answer)]}}
    responses = {str(endpoint.status): success}
    if endpoint.keepable:
        responses["304"] = {"description": "The answer whose ETag was sent in If-None-Match still holds."}
    refusals: list[type[Refusal]] = [*endpoint.refusals, InternalError]
    for refusal in refusals:
        responses.setdefault(str(refusal.status), _refusal(refusal))
    return responses


def _refusal(refusal: type[Refusal]) -> Json:
    response: Json = {
        "description": (refusal.__doc__ or "").partition("\n")[0],
        "content": {PROBLEM_JSON: {"schema": {"$ref": TEMPLATE.format(name="Problem")}}},
    }
    if refusal.status in (429, 503):
        response["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait."}}
    return response


def _parameters(endpoint: Endpoint) -> list[Json]:
    parameters: list[Json] = [
        {"name": one.name, "in": one.place, "required": one.required, "schema": one.schema,
         "description": one.description}
        for one in endpoint.parameters
    ]  # fmt: skip
    if "{id" in endpoint.path:
        schema = {"type": "string", "minLength": 1, "maxLength": 200}
        parameters.append({"name": "id", "in": "path", "required": True, "schema": schema, "description": "Your id."})
    return parameters


def _body_schema(kind: str, endpoint: Endpoint, schemas: dict[int, Json]) -> Json:
    if kind == "application/x-ndjson":
        return {"type": "string", "description": "One JSON value a line, each as an item of the JSON array."}
    if kind == "application/octet-stream":
        return {"type": "string", "format": "binary", "description": "A file; any other content type does as well."}
    return schemas[id(endpoint.body)]


def in_ecma(value: Any) -> Any:
    """The same with patterns in JSON Schema's dialect, which says ^ and $ where Python's `re` says \\A and \\Z."""
    if isinstance(value, dict):
        return {name: _anchors(one) if name == "pattern" else in_ecma(one) for name, one in value.items()}
    return [in_ecma(one) for one in value] if isinstance(value, list | tuple) else value


def _anchors(pattern: Any) -> Any:
    return pattern.replace(r"\A", "^").replace(r"\Z", "$") if isinstance(pattern, str) else in_ecma(pattern)


_ABOUT = """\
The record, and what is shown from it. Documents go by **your own ids** and are stored whole: send one again and nothing
changes; send it changed and it is replaced. Batches store the good rows and name the bad ones. Every refusal is
`application/problem+json` with a `hint` and a `request_id`.
"""
