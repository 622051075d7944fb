"""`GET /docs` shows every operation, loads nothing, and runs nothing."""

from __future__ import annotations

import re

from services.api.application import openapi_document
from services.api.reference import reference_page
from tests.services.api.conftest import database, world  # noqa: F401  found here by the tests
from tests.services.api.world import World


async def test_the_page_names_every_operation_of_the_document(world: World) -> None:  # noqa: F811
    page = (await world.client.get("/docs")).text
    named = re.findall(r"<summary><code>([A-Z]+) ([^<]+)</code>", page)

    paths = openapi_document()["paths"]
    assert sorted(named) == sorted(
        (method.upper(), path) for path, operations in paths.items() for method in operations
    )


async def test_the_page_loads_nothing_and_its_policy_lets_it_load_nothing(world: World) -> None:  # noqa: F811
    answer = await world.client.get("/docs")
    policy = answer.headers["content-security-policy"]

    assert answer.headers["content-type"].startswith("text/html")
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert not re.search(r"<(script|link|img|iframe|object)|\bsrc=|@import|url\(|https?://", answer.text)


def test_texts_of_the_document_are_text_on_the_page() -> None:
    operation = {"tags": ["<b>"], "summary": "<i>", "description": "`<u>`", "responses": {}}
    page = reference_page(
        {"info": {"title": "T", "description": "<s>"}, "paths": {"/<p>": {"get": operation}}}
    )

    assert not re.search(r"<(b|i|u|s)>|/<p>", page)
    assert "<code>&lt;u&gt;</code>" in page


def test_a_body_is_shown_with_its_fields() -> None:
    page = reference_page(openapi_document())
    (webhook,) = re.findall(r"POST /v1/webhooks</code>.*?</details>", page)

    assert "<code>url</code></td><td>string, required" in webhook
    assert "WebhookMade" in webhook
