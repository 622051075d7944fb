"""The HTTP API: events in, decisions out, second factor, cases, health and metrics, as one ASGI application."""

from __future__ import annotations

import gc
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
import uvicorn
from fastapi import Depends, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.telemetry import TelemetryConfig
from redis.asyncio import Redis
from starlette.requests import ClientDisconnect
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from contracts.decisions import Decision
from services.activity.repository import ActivityStore
from services.activity.routes import router as activity_router
from services.api import schema
from services.api.documentation import REHEARSALS_SCHEMA, RESULTS_SCHEMA
from services.api.event_routes import Ingest, add_event_routes
from services.api.examples import add_examples
from services.api.health import router as health_router
from services.api.producer import EventSink, open_producer
from services.api.reference import router as reference_router
from services.api.replies import Replies, ReplyReader
from services.cases.approval_routes import router as approval_router
from services.cases.case_service import CaseService
from services.cases.hold_routes import router as hold_router
from services.cases.hold_service import HoldService
from services.cases.owner_words import OwnerWords
from services.cases.routes import router as cases_router
from services.events.own_events import EventMacs
from services.http import problems
from services.http.api_keys import ApiKeys
from services.http.client_address import TrustedProxies
from services.http.connections import Connections, Patience
from services.http.guard import Guard, gone
from services.http.protocol import GuardedProtocol
from services.http.query_parameters import known_queries_only
from services.http.tracing import Traced
from services.mfa.grants import Grants
from services.mfa.lifecycle import FactorLifecycle
from services.mfa.report_undo import ReportUndo
from services.mfa.routers import add_factor_routes
from services.mfa.service import ChallengesService
from services.platform.clocks import SharedClock
from services.platform.database import Database
from services.platform.progress import Consumers
from services.platform.settings import Settings
from services.portal.portal import Portal
from services.portal.problem_pages import problem_page
from services.portal.routers import ROUTERS as PORTAL_ROUTERS
from services.rights.erasure import AccountRights
from services.rights.routes import router as rights_router
from services.scoring.explain import Reasons
from services.wallet.feed import ActionFeed
from services.wallet.routes import router as actions_router
from services.wallet.webhook_routes import router as webhook_router
from services.wallet.webhooks import Webhooks

__all__ = ["ApiResources", "create_app", "open_producer", "openapi_document", "server"]

VERSION = "0.1.0"
_YOUNG_OBJECTS = 10_000
#: The framework's own spans and logs hold paths and messages of errors, and asking whether they are wanted costs each request.
_NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
_DESCRIPTION = (
    "PayGuard scores logins, transactions and account changes against each account's own history. "
    "Errors are problem details (RFC 9457); every answer carries `X-Request-Id`."
)


@dataclass(frozen=True)
class ApiResources:
    """What the API needs, made by `services.bootstrap`.

    The application starts and stops `replies` and closes `keys` and `producer`; `database` and `redis` stay their
    owner's.
    """

    settings: Settings
    database: Database
    redis: Redis
    producer: EventSink
    stored_replies: ReplyReader
    replies: Replies
    keys: ApiKeys
    challenges: ChallengesService
    lifecycle: FactorLifecycle
    grants: Grants
    cases: CaseService
    activity: ActivityStore
    actions: ActionFeed
    webhooks: Webhooks
    holds: HoldService
    words: OwnerWords
    report_undo: ReportUndo
    portal: Portal
    rights: AccountRights
    reasons: Reasons
    macs: EventMacs
    consumers: Consumers = field(default_factory=Consumers)
    clocks: tuple[SharedClock, ...] = ()


def create_app(resources: ApiResources) -> FastAPI:
    """The application over these resources. Raises ValueError for trusted proxies that are no networks."""
    settings = resources.settings
    app = _routed()
    app.add_middleware(
        Guard,
        proxies=TrustedProxies.parse(settings.trusted_proxies),
        max_event_body_bytes=settings.http_max_body_bytes,
        problem_page=problem_page,
        read_within_s=settings.http_body_timeout_s,
    )
    app.add_middleware(Traced)
    app.router.lifespan_context = _lifespan(resources)
    app.state.resources = resources
    answering = (resources.replies, resources.stored_replies, resources.reasons)
    app.state.ingest = Ingest(resources.settings, resources.producer, *answering, resources.macs)
    for name in (
        "keys",
        "challenges",
        "lifecycle",
        "grants",
        "cases",
        "activity",
        "actions",
        "webhooks",
        "holds",
        "words",
        "report_undo",
        "portal",
        "rights",
    ):
        setattr(app.state, name, getattr(resources, name))
    return app


class _Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # What is loaded by now lives as long as the process: without this a full collection stops it for 0.1 s.
        gc.collect()
        gc.freeze()
        gc.set_threshold(_YOUNG_OBJECTS, 20, 50)


class _Guest(_Server):
    """A server in a process that handles its signals itself; it ends when `should_exit` is set."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def server(
    app: FastAPI, host: str, port: int, *, own_signals: bool = True, patience: Patience | None = None
) -> uvicorn.Server:
    """A server for the application: uvloop and httptools, no access log (paths name accounts).

    `patience` bounds how long and how many clients may keep it waiting. Whose forwarded headers are believed is
    `services.http.client_address`'s to say, so uvicorn reads none.

    `await server(...).serve()` runs it. With `own_signals` it ends on SIGINT and SIGTERM; without, when its
    `should_exit` is set to True.
    """
    kind = _Server if own_signals else _Guest
    return kind(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            loop="uvloop",
            http=_protocol(patience or Patience()),
            ws="none",
            access_log=False,
            server_header=False,
            log_config=None,
            timeout_graceful_shutdown=15,
            proxy_headers=False,
            backlog=1024,
        )
    )


def _protocol(patience: Patience) -> type[HttpToolsProtocol]:
    """The protocol of one server: its connections know of each other."""
    connections = Connections(patience)

    class Bound(GuardedProtocol):
        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named, connections=connections)

    return Bound


def openapi_document() -> dict[str, Any]:
    """The OpenAPI document of every route."""
    return _routed().openapi()


def _routed() -> FastAPI:
    app = FastAPI(
        title="PayGuard",
        version=VERSION,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        telemetry=_NO_TELEMETRY,
        dependencies=[Depends(known_queries_only)],
    )
    add_event_routes(app)
    add_factor_routes(app)
    for router in (
        cases_router,
        activity_router,
        actions_router,
        webhook_router,
        hold_router,
        approval_router,
        rights_router,
        *PORTAL_ROUTERS,
    ):
        app.include_router(router)
    app.include_router(health_router)
    app.include_router(reference_router)
    problems.install(app)
    app.add_exception_handler(ClientDisconnect, gone)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
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
                operation["responses"].pop("422", None)
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        add_examples(document)
        app.openapi_schema = document
    return app.openapi_schema


def _lifespan(resources: ApiResources) -> Any:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await resources.replies.start()
        try:
            yield
        finally:
            await resources.replies.stop()
            await resources.producer.stop()
            await resources.keys.close()

    return lifespan
