"""Every body and answer in the OpenAPI document has an example, which its schema allows and the API takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema
import msgspec
import pytest

from services.api.application import openapi_document
from services.api.example_values import EVENTS, VALUES
from services.api.offered import checked
from services.events.adapters import ADAPTERS
from tests.services.api.world import World

DOCUMENT = openapi_document()
#: What says that the request itself was not understood.
NOT_UNDERSTOOD = {400, 413, 415, 422}


def media() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every body and answer, by its operation."""
    for path, operations in DOCUMENT["paths"].items():
        for method, operation in operations.items():
            name = f"{method.upper()} {path}"
            for kind, body in operation.get("requestBody", {}).get("content", {}).items():
                yield f"{name} body {kind}", body
            for status, answer in operation["responses"].items():
                for kind, body in answer.get("content", {}).items():
                    yield f"{name} {status} {kind}", body


def requests() -> Iterator[Any]:
    """Every example of a request: method, path, media type and body."""
    for path, operations in DOCUMENT["paths"].items():
        for method, operation in operations.items():
            for kind, body in operation.get("requestBody", {}).get("content", {}).items():
                for number, example in enumerate(shown(body)):
                    yield pytest.param(
                        method, filled(path, operation), kind, example, id=f"{method} {path} {kind} {number}"
                    )


def filled(path: str, operation: dict[str, Any]) -> str:
    """The path with the first value of each of its parameters that the parameter's schema allows."""
    schemas = {
        each["name"]: each["schema"] for each in operation.get("parameters", []) if each["in"] == "path"
    }
    return path.format_map(
        {
            name: next(
                value for value in VALUES[name] if jsonschema.Draft202012Validator(schema).is_valid(value)
            )
            for name, schema in schemas.items()
        }
    )


def shown(body: dict[str, Any]) -> list[Any]:
    if "example" in body:
        return [body["example"]]
    return [each["value"] for each in body.get("examples", {}).values()]


@pytest.mark.parametrize("body", [pytest.param(body, id=name) for name, body in media()])
def test_there_is_an_example_and_its_schema_allows_it(body: dict[str, Any]) -> None:
    examples = shown(body)
    schema = {**body.get("schema", {}), "components": DOCUMENT["components"]}

    assert examples
    for example in examples:
        jsonschema.Draft202012Validator(schema).validate(example)


def test_the_operations_that_have_bodies_show_them() -> None:
    """So that an operation whose body FastAPI cannot see is not left out."""
    told = {
        (method, path)
        for path, operations in DOCUMENT["paths"].items()
        for method, operation in operations.items()
        if operation.get("requestBody", {}).get("content")
    }
    assert {
        ("post", "/v1/events"),
        ("post", "/v1/links"),
        ("put", "/v1/accounts/{account_id}/contact"),
    } <= told


@pytest.mark.parametrize(("method", "path", "kind", "example"), list(requests()))
async def test_the_api_takes_each_request_that_is_shown(
    world: World, method: str, path: str, kind: str, example: Any
) -> None:
    text, _ = await world.keys.create("all", ["admin"])
    headers = {"Authorization": f"Bearer {text}", "content-type": kind}
    content = {"content": example} if isinstance(example, str) else {"json": example}
    answer = await world.client.request(method, path, headers=headers, **content)

    assert answer.status_code not in NOT_UNDERSTOOD, answer.text
    assert answer.status_code < 500, answer.text


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_an_example_of_an_event_says_nothing_that_is_not_read(name: str) -> None:
    _, warnings, _ = checked(msgspec.json.encode(EVENTS[name]))
    assert [each.code for each in warnings if each.code == "unknown_field"] == []


def test_every_way_to_send_events_is_shown() -> None:
    content = DOCUMENT["paths"]["/v1/events"]["post"]["requestBody"]["content"]
    assert set(content) == {adapter.media_type for adapter in ADAPTERS}
    assert len(content["application/json"]["examples"]) == len(EVENTS) + 1
