"""Which scope opens which route: every route of the application, every scope. A new route needs a row here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from services.api.application import _routed
from services.http.api_keys import SCOPES
from tests.services.api.conftest import database, world  # noqa: F401  found here by the tests
from tests.services.api.world import World

#: Opened by no key: health, published keys and documents, and pages, which have sessions of their own.
PUBLIC: frozenset[str] = frozenset()
SUPPORT, VERIFY, ADMIN = {"support"}, {"verify"}, {"admin"}
#: The scopes that open a route; an admin key opens every one.
OPENED_BY: dict[str, frozenset[str] | set[str]] = {
    "POST /v1/events": {"ingest", "report", "label"},
    "GET /v1/decisions/{event_id}": {"ingest", "support"},
    "GET /v1/accounts/{account_id}/export": ADMIN,
    "POST /v1/accounts/{account_id}/erase": ADMIN,
    "GET /v1/accounts/{account_id}/erasure": ADMIN,
    "POST /v1/accounts/{account_id}/totp": VERIFY,
    "GET /v1/accounts/{account_id}/totp/qr/{ticket}": VERIFY,
    "POST /v1/accounts/{account_id}/totp/confirm": VERIFY,
    "GET /v1/accounts/{account_id}/totp": VERIFY,
    "DELETE /v1/accounts/{account_id}/totp": VERIFY,
    "POST /v1/accounts/{account_id}/totp/recovery-codes": VERIFY,
    "POST /v1/accounts/{account_id}/totp/reset/cancel": VERIFY,
    "POST /v1/accounts/{account_id}/totp/reset": ADMIN,
    "GET /v1/accounts/{account_id}/totp/reset": ADMIN,
    "GET /v1/totp/resets": ADMIN,
    "POST /v1/totp/resets/{reset_id}/approve": ADMIN,
    "POST /v1/totp/resets/{reset_id}/cancel": ADMIN,
    "GET /v1/challenges/{challenge_id}": VERIFY,
    "POST /v1/challenges/{challenge_id}/verify": VERIFY,
    "GET /v1/challenges/{challenge_id}/grant": VERIFY,
    "POST /v1/links": VERIFY,
    "GET /v1/alerts": SUPPORT,
    "GET /v1/cases": SUPPORT,
    "GET /v1/cases/{case_id}": SUPPORT,
    "POST /v1/cases/{case_id}/assign": SUPPORT,
    "POST /v1/cases/{case_id}/resolve": SUPPORT,
    "POST /v1/cases/{case_id}/reopen": SUPPORT,
    "GET /v1/messages/{reference}": {"support", "verify"},
    "PUT /v1/accounts/{account_id}/contact": {"contacts"},
    "GET /v1/accounts/{account_id}/letters": SUPPORT,
    "GET /v1/accounts/{account_id}/activity": {"support", "verify"},
    "GET /v1/accounts/{account_id}/holds": {"support", "verify"},
    "POST /v1/accounts/{account_id}/unfreeze": SUPPORT,
    "POST /v1/accounts/{account_id}/reports/{event_id}/undo": VERIFY,
    "POST /v1/accounts/{account_id}/payments/{event_id}/release": SUPPORT,
    "POST /v1/accounts/{account_id}/payments/{event_id}/cancel": SUPPORT,
    "GET /v1/approvals": SUPPORT,
    "GET /v1/approvals/{approval_id}": SUPPORT,
    "POST /v1/approvals/{approval_id}/approve": SUPPORT,
    "POST /v1/approvals/{approval_id}/refuse": SUPPORT,
    "GET /v1/actions": {"actions"},
    "POST /v1/actions/{action_id}/result": {"actions"},
    "GET /v1/webhooks": ADMIN,
    "POST /v1/webhooks": ADMIN,
    "DELETE /v1/webhooks/{webhook_id}": ADMIN,
    "POST /v1/webhooks/{webhook_id}/rotate": ADMIN,
    "POST /v1/webhooks/{webhook_id}/replay": ADMIN,
    "GET /v1/webhooks/{webhook_id}/deliveries": ADMIN,
    "GET /openapi.json": PUBLIC,
    "GET /docs": PUBLIC,
    "GET /.well-known/jwks.json": PUBLIC,
    "GET /healthz": PUBLIC,
    "GET /readyz": PUBLIC,
    "GET /metrics": PUBLIC,
    "GET /my/open/{link}": PUBLIC,
    "POST /my/open": PUBLIC,
    "GET /my/assets/{digest}/{name}": PUBLIC,
    "GET /my/approve": PUBLIC,
    "POST /my/approve": PUBLIC,
    "GET /my/approve/stop": PUBLIC,
    "POST /my/approve/stop": PUBLIC,
    "GET /my/approve/stopped": PUBLIC,
    "POST /my/approve/undo": PUBLIC,
    "GET /my/factor": PUBLIC,
    "POST /my/factor/start": PUBLIC,
    "POST /my/factor/confirm": PUBLIC,
    "POST /my/factor/kept": PUBLIC,
    "GET /my/factor/done": PUBLIC,
    "GET /my/authenticator": PUBLIC,
    "POST /my/authenticator/codes": PUBLIC,
    "POST /my/authenticator/remove": PUBLIC,
}


def routes(found: Any) -> Iterator[str]:
    """Method and path of every route, those of included routers too, without the converters of its parameters."""
    for route in found:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from routes(inner.routes)
            continue
        for method in sorted(route.methods - {"HEAD"}):
            yield f"{method} {re.sub(r':[a-z]+(?=})', '', route.path)}"


async def status(of: World, route: str, key: str | None) -> int:
    method, path = route.split(" ", 1)
    filled = re.sub(r"\{[^}]+\}", "x", path)
    headers = {"Authorization": "" if key is None else f"Bearer {key}", "Content-Type": "application/json"}
    content = b"{}" if method in ("POST", "PUT") else b""
    return (await of.client.request(method, filled, content=content, headers=headers)).status_code


def test_every_route_of_the_application_has_a_row_and_no_row_is_left_over() -> None:
    found = list(routes(_routed().routes))

    assert sorted(found) == sorted(set(found))
    assert set(found) == set(OPENED_BY)


@pytest.mark.parametrize("route", sorted(name for name, scopes in OPENED_BY.items() if scopes))
async def test_a_route_opens_for_its_scopes_and_for_no_other(world: World, route: str) -> None:  # noqa: F811
    allowed = OPENED_BY[route] | {"admin"}
    answers = {None: await status(world, route, None), "nonsense": await status(world, route, "pg_x")}
    for scope in SCOPES:
        text, _ = await world.keys.create(scope, [scope])
        answers[scope] = await status(world, route, text)

    assert answers.pop(None) == 401
    assert answers.pop("nonsense") == 401
    assert {scope for scope, code in answers.items() if code == 403} == set(SCOPES) - allowed
    assert not {code for scope, code in answers.items() if scope in allowed} & {401, 403}


@pytest.mark.parametrize("route", sorted(name for name, scopes in OPENED_BY.items() if not scopes))
async def test_a_key_changes_nothing_at_a_public_route(world: World, route: str) -> None:  # noqa: F811
    text, _ = await world.keys.create("admin", ["admin"])

    assert await status(world, route, None) == await status(world, route, text)
