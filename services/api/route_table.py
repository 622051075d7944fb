"""Every route of the API, and the document that describes them."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
from fastapi import Depends, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.telemetry import TelemetryConfig
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute

from contracts.decisions import Decision
from services.activity.routes import router as activity_router
from services.answers.routers import ROUTERS as ANSWER_ROUTERS
from services.api import schema
from services.api.documentation import REHEARSALS_SCHEMA, RESULTS_SCHEMA
from services.api.event_routes import add_event_routes
from services.api.examples import add_examples
from services.api.health import router as health_router
from services.api.reference import router as reference_router
from services.attacks.routes import router as attacks_router
from services.cases.act_routes import router as act_router
from services.cases.answer_routes import router as answer_router
from services.cases.approval_routes import router as approval_router
from services.cases.hold_routes import router as hold_router
from services.cases.message_routes import router as message_router
from services.cases.preference_routes import router as preference_router
from services.cases.queue_routes import CASE_ROUTERS
from services.cases.work_routes import router as work_router
from services.centre.routers import ROUTERS as CENTRE_ROUTERS
from services.connect.routes import router as connect_router
from services.desk.api_routers import API_ROUTERS as DESK_API_ROUTERS
from services.desk.routers import ROUTERS as DESK_ROUTERS
from services.help.routers import ROUTERS as HELP_ROUTERS
from services.http import problems
from services.http.guard import gone
from services.http.query_parameters import known_queries_only
from services.mfa.routers import add_factor_routes
from services.portal.routers import ROUTERS as PORTAL_ROUTERS
from services.reports.routers import ROUTERS as REPORT_ROUTERS
from services.rights.routes import router as rights_router
from services.wallet.routes import router as actions_router
from services.wallet.webhook_routes import router as webhook_router

VERSION, _TITLE = "0.1.0", "PayGuard"
#: The framework's own spans and logs hold paths and messages of errors, and asking whether they are wanted costs each request.
_NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
_DESCRIPTION = (
    "PayGuard scores logins, transactions and account changes against each account's own history. "
    "Errors are problem details (RFC 9457); every answer carries `X-Request-Id`."
)


def routed() -> FastAPI:
    """An application that has every route, and whose errors are problems; it has no state yet."""
    app = FastAPI(
        title=_TITLE,
        version=VERSION,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        telemetry=_NO_TELEMETRY,
    )
    app.router.routes.extend(_routes())
    problems.install(app)
    app.add_exception_handler(ClientDisconnect, gone)
    app.openapi = openapi_document  # type: ignore[method-assign]
    return app


@cache
def _routes() -> tuple[BaseRoute, ...]:
    """Every route. What each takes and answers is worked out once in a process, however many applications it makes."""
    app = FastAPI(openapi_url=None, dependencies=[Depends(known_queries_only)])
    add_event_routes(app)
    add_factor_routes(app)
    for router in (
        *CASE_ROUTERS,
        answer_router,
        work_router,
        act_router,
        message_router,
        preference_router,
        activity_router,
        attacks_router,
        actions_router,
        webhook_router,
        hold_router,
        approval_router,
        rights_router,
        connect_router,
        *DESK_API_ROUTERS,
        *HELP_ROUTERS,
        *PORTAL_ROUTERS,
        *ANSWER_ROUTERS,
        *CENTRE_ROUTERS,
        *REPORT_ROUTERS,
        *DESK_ROUTERS,
    ):
        app.include_router(router)
    app.include_router(health_router)
    app.include_router(reference_router)
    return tuple(app.routes)


@cache
def openapi_document() -> dict[str, Any]:
    """The OpenAPI document of every route. It is made once in a process: read it, and change a copy."""
    document = get_openapi(title=_TITLE, version=VERSION, description=_DESCRIPTION, routes=_routes())
    reference = "#/components/schemas/{name}"
    _, decision = msgspec.json.schema_components((Decision,), ref_template=reference)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(
        schema.components(reference),
        **decision,
        Problem=problems.SCHEMA,
        Results=RESULTS_SCHEMA,
        Rehearsals=REHEARSALS_SCHEMA,
    )
    for operations in document["paths"].values():
        for operation in operations.values():
            if "HTTPValidationError" in str(operation["responses"].get("422")):
                del operation["responses"]["422"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    add_examples(document)
    return document
