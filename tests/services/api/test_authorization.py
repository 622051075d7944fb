"""Which scope opens which route: every route of the application, every scope. A new route needs a row here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from services.api.route_table import routed
from services.desk.authorisation import MAY
from services.http.api_keys import SCOPES
from tests.services.api.conftest import database, world  # noqa: F401  found here by the tests
from tests.services.api.world import World

#: Opened by no key: health, published keys and documents, pages, which have sessions of their own, and webhooks of help desks,
#: which are signed.
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
    "POST /v1/cases/next": SUPPORT,
    "POST /v1/cases/{case_id}/claim": SUPPORT,
    "GET /v1/cases/{case_id}/story": SUPPORT,
    "GET /v1/cases/{case_id}/files": SUPPORT,
    "POST /v1/cases/{case_id}/files": SUPPORT,
    "GET /v1/cases/{case_id}/files/{number}": SUPPORT,
    "POST /v1/cases/{case_id}/assign": SUPPORT,
    "GET /v1/cases/{case_id}/pack.pdf": SUPPORT,
    "GET /v1/desk/report.csv": SUPPORT,
    "GET /v1/desk/complaints.csv": SUPPORT,
    "GET /v1/cases/{case_id}/pack.json": SUPPORT,
    "POST /v1/cases/{case_id}/pack/unmasked": SUPPORT,
    "GET /v1/evidence-pack.schema.json": SUPPORT,
    "POST /v1/cases/{case_id}/resolve": SUPPORT,
    "POST /v1/cases/{case_id}/reopen": SUPPORT,
    "POST /v1/cases/{case_id}/messages": SUPPORT,
    "POST /v1/cases/{case_id}/close": SUPPORT,
    "PUT /v1/cases/{case_id}/fields": SUPPORT,
    "POST /v1/cases/{case_id}/steps/{step}": SUPPORT,
    "POST /v1/cases": SUPPORT,
    "POST /v1/cases/{case_id}/note": SUPPORT,
    "POST /v1/cases/{case_id}/snooze": SUPPORT,
    "POST /v1/cases/{case_id}/wait": SUPPORT,
    "POST /v1/cases/{case_id}/escalate": SUPPORT,
    "POST /v1/cases/{case_id}/merge": SUPPORT,
    "POST /v1/cases/{case_id}/verdict": SUPPORT,
    "POST /v1/accounts/{account_id}/reports": VERIFY,
    "PUT /v1/reports/{report_id}/files/{number}": VERIFY,
    "GET /v1/reports/{report_id}/files/{number}": SUPPORT,
    "GET /v1/messages/{reference}": {"support", "verify"},
    "PUT /v1/accounts/{account_id}/contact": {"contacts"},
    "PUT /v1/accounts/{account_id}/contact-points/{kind}": {"contacts"},
    "DELETE /v1/accounts/{account_id}/contact-points/{kind}": {"contacts"},
    "GET /v1/accounts/{account_id}/messages": {"verify"},
    "POST /v1/messages/bounce": {"contacts"},
    "POST /v1/messages/reached": {"verify"},
    "GET /v1/accounts/{account_id}/preferences": {"verify", "contacts"},
    "PUT /v1/accounts/{account_id}/preferences": {"verify", "contacts"},
    "GET /v1/accounts/{account_id}/letters": SUPPORT,
    "GET /v1/accounts/{account_id}/activity": {"support", "verify"},
    "GET /v1/attacks": SUPPORT,
    "GET /v1/attacks/{attack_id}": SUPPORT,
    "GET /v1/accounts/{account_id}/holds": {"support", "verify"},
    "POST /v1/accounts/{account_id}/unfreeze": SUPPORT,
    "POST /v1/accounts/{account_id}/reports/{event_id}/undo": VERIFY,
    "POST /v1/accounts/{account_id}/payments/{event_id}/release": SUPPORT,
    "POST /v1/accounts/{account_id}/payments/{event_id}/cancel": SUPPORT,
    "GET /v1/approvals": SUPPORT,
    "POST /v1/accounts/{account_id}/lock": {"verify"},
    "POST /v1/accounts/{account_id}/unlock": {"verify"},
    "GET /v1/accounts/{account_id}/devices": {"support", "verify"},
    "DELETE /v1/accounts/{account_id}/devices/{key}": {"verify"},
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
    "POST /v1/connect/{name}": PUBLIC,
    "GET /v1/faq": ADMIN,
    "GET /v1/faq/{slug}/{locale}": ADMIN,
    "PUT /v1/faq/{slug}/{locale}": ADMIN,
    "GET /v1/notices": ADMIN,
    "POST /v1/notices": ADMIN,
    "PUT /v1/notices/{notice_id}": ADMIN,
    "DELETE /v1/notices/{notice_id}": ADMIN,
    "GET /openapi.json": PUBLIC,
    "GET /docs": PUBLIC,
    "GET /.well-known/jwks.json": PUBLIC,
    "GET /healthz": PUBLIC,
    "GET /readyz": PUBLIC,
    "GET /metrics": PUBLIC,
    "GET /my/open/{link}": PUBLIC,
    "POST /my/open": PUBLIC,
    "GET /my/centre/help": PUBLIC,
    "GET /my/centre/help/{slug}": PUBLIC,
    "POST /my/centre/help/{slug}/useful": PUBLIC,
    "GET /my/assets/{digest}/{name}": PUBLIC,
    "GET /my/sign-in": PUBLIC,
    "GET /my/signed-in": PUBLIC,
    "GET /my/centre": PUBLIC,
    "GET /my/centre/report": PUBLIC,
    "GET /my/centre/report/{kind}": PUBLIC,
    "POST /my/centre/report/send": PUBLIC,
    "GET /my/centre/cases": PUBLIC,
    "GET /my/centre/cases/{case_id}": PUBLIC,
    "POST /my/centre/cases/{case_id}/add": PUBLIC,
    "GET /my/centre/cases/{case_id}/withdraw": PUBLIC,
    "POST /my/centre/cases/{case_id}/withdraw": PUBLIC,
    "GET /my/centre/cases/{case_id}/appeal": PUBLIC,
    "POST /my/centre/cases/{case_id}/appeal": PUBLIC,
    "GET /my/centre/cases/{case_id}/files/{number}": PUBLIC,
    "GET /my/centre/answer": PUBLIC,
    "GET /my/centre/messages": PUBLIC,
    "GET /my/centre/notifications": PUBLIC,
    "POST /my/centre/notifications": PUBLIC,
    "GET /my/centre/lock": PUBLIC,
    "POST /my/centre/lock": PUBLIC,
    "POST /my/centre/unlock": PUBLIC,
    "POST /my/centre/undo": PUBLIC,
    "GET /my/centre/activity": PUBLIC,
    "GET /my/centre/authenticator": PUBLIC,
    "POST /my/centre/authenticator/codes": PUBLIC,
    "POST /my/centre/authenticator/kept": PUBLIC,
    "POST /my/centre/authenticator/remove": PUBLIC,
    "GET /my/centre/devices": PUBLIC,
    "POST /my/centre/devices": PUBLIC,
    "GET /my/centre/not-mine": PUBLIC,
    "POST /my/centre/not-mine": PUBLIC,
    "GET /my/centre/confirm": PUBLIC,
    "POST /my/centre/confirm": PUBLIC,
    "GET /my/approve": PUBLIC,
    "POST /my/approve": PUBLIC,
    "GET /my/approve/stop": PUBLIC,
    "POST /my/approve/stop": PUBLIC,
    "GET /my/approve/stopped": PUBLIC,
    "POST /my/approve/undo": PUBLIC,
    "GET /my/a/{text}": PUBLIC,
    "GET /my/answer/{text}": PUBLIC,
    "GET /my/answer/{text}/no": PUBLIC,
    "POST /my/answer/{text}/no": PUBLIC,
    "GET /my/answer/{text}/yes": PUBLIC,
    "POST /my/answer/{text}/yes": PUBLIC,
    "GET /my/answer/{text}/done/{token}": PUBLIC,
    "POST /my/answer/{text}/undo": PUBLIC,
    "GET /my/unsubscribe/{text}": PUBLIC,
    "POST /my/unsubscribe/{text}": PUBLIC,
    "GET /my/factor": PUBLIC,
    "POST /my/factor/start": PUBLIC,
    "POST /my/factor/confirm": PUBLIC,
    "POST /my/factor/kept": PUBLIC,
    "GET /my/factor/done": PUBLIC,
    "GET /my/authenticator": PUBLIC,
    "POST /my/authenticator/codes": PUBLIC,
    "POST /my/authenticator/remove": PUBLIC,
    # The desk has sessions of its own, and a table of roles.
    **dict.fromkeys(MAY, PUBLIC),
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
    found = list(routes(routed().routes))

    assert sorted(found) == sorted(set(found))
    assert set(found) == set(OPENED_BY)


def test_the_application_has_no_route_of_the_demonstration() -> None:
    assert not [route for route in routes(routed().routes) if "demo" in route.lower()]


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
