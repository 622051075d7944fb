"""The HTTP API: events in, decisions out, second factor, cases, health and metrics, as one ASGI application."""

from __future__ import annotations

import asyncio
import gc
import logging
import re
import secrets
import socket
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, cast

import msgspec
import uvicorn
from fastapi import FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.telemetry import TelemetryConfig
from prometheus_client import CONTENT_TYPE_LATEST, Histogram, generate_latest
from redis.asyncio import Redis
from sqlalchemy import text
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contracts.decisions import Decision
from contracts.errors import Unavailable
from services.cases.desk import CaseDesk
from services.cases.routes import router as cases_router
from services.challenges.grants import Grants
from services.challenges.lifecycle import FactorLifecycle
from services.challenges.routers import add_factor_routes
from services.challenges.service import ChallengesService
from services.database import Database
from services.ingest import problems, schema
from services.ingest.http import Ingest, add_event_routes
from services.ingest.http_docs import RESULTS_SCHEMA
from services.ingest.keys import ApiKeys
from services.ingest.producer import EventSink, open_producer
from services.ingest.replies import Mailbox, Replies
from services.memory.redis_client import ask
from services.metrics import HTTP_REQUESTS, REGISTRY
from services.portal.portal import Portal
from services.portal.routers import ROUTERS as PORTAL_ROUTERS
from services.scoring.explain import Reasons
from services.settings import Settings

__all__ = ["ApiResources", "create_app", "open_producer", "openapi_document", "server"]

VERSION = "0.1.0"
_CHECK_WITHIN_S = 1.0
_YOUNG_OBJECTS = 10_000
#: Longer than the idle time of the usual load balancers (60 s), which else send on a connection that just ended.
_KEEP_ALIVE_S = 75
#: The framework's own spans and logs hold paths and messages of errors, and asking whether they are wanted costs each request.
_NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_DESCRIPTION = (
    "PayGuard scores logins, transactions and account changes against each account's own history. "
    "Errors are problem details (RFC 9457); every answer carries `X-Request-Id`."
)
_log = logging.getLogger(__name__)


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
    mailbox: Mailbox
    replies: Replies
    keys: ApiKeys
    challenges: ChallengesService
    lifecycle: FactorLifecycle
    grants: Grants
    cases: CaseDesk
    portal: Portal
    reasons: Reasons


def create_app(resources: ApiResources) -> FastAPI:
    """The application over these resources."""
    app = _routed()
    app.router.lifespan_context = _lifespan(resources)
    app.state.resources = resources
    app.state.ingest = Ingest(
        resources.settings, resources.producer, resources.replies, resources.mailbox, resources.reasons
    )
    app.state.keys = resources.keys
    app.state.challenges = resources.challenges
    app.state.lifecycle = resources.lifecycle
    app.state.grants = resources.grants
    app.state.cases = resources.cases
    app.state.portal = resources.portal
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


def server(app: FastAPI, host: str, port: int, *, own_signals: bool = True) -> uvicorn.Server:
    """A server for the application: uvloop and httptools, no access log (paths name accounts).

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
            http="httptools",
            ws="none",
            access_log=False,
            server_header=False,
            log_config=None,
            timeout_graceful_shutdown=15,
            timeout_keep_alive=_KEEP_ALIVE_S,
            backlog=1024,
        )
    )


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
    )
    add_event_routes(app)
    add_factor_routes(app)
    for router in (cases_router, *PORTAL_ROUTERS):
        app.include_router(router)
    app.add_api_route("/healthz", _healthz, tags=["health"], summary="Is the process alive")
    app.add_api_route("/readyz", _readyz, tags=["health"], summary="Can it serve", responses={503: {}})
    app.add_api_route(
        "/metrics", _metrics, tags=["health"], summary="Metrics", response_class=PlainTextResponse
    )
    problems.install(app)
    app.add_middleware(Traced)
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
            schema.components(reference), **decision, Problem=problems.SCHEMA, Results=RESULTS_SCHEMA
        )
        for operations in document["paths"].values():
            for operation in operations.values():
                operation["responses"].pop("422", None)
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
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


async def _healthz() -> dict[str, str]:
    """Answers while the event loop runs."""
    return {"state": "alive"}


async def _readyz(request: Request) -> Response:
    """The state of each part: 200 when all answer, else 503."""
    resources: ApiResources = request.app.state.resources
    broker, store, database = await asyncio.gather(
        resources.producer.reachable(), _store_answers(resources.redis), _database_answers(resources.database)
    )
    parts = {"broker": broker, "store": store and resources.replies.listening, "database": database}
    ready = all(parts.values())
    body = {
        "state": "ready" if ready else "unavailable",
        "parts": {name: "ready" if there else "unavailable" for name, there in parts.items()},
    }
    return JSONResponse(body, status_code=200 if ready else 503)


async def _metrics() -> Response:
    """In the text format of Prometheus."""
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)


async def _store_answers(redis: Redis) -> bool:
    try:
        async with asyncio.timeout(_CHECK_WITHIN_S):
            return bool(await ask(redis, "PING"))
    except (Unavailable, TimeoutError):
        return False


async def _database_answers(database: Database) -> bool:
    try:
        async with asyncio.timeout(_CHECK_WITHIN_S), database.read() as connection:
            await connection.execute(text("SELECT 1"))
    except (Unavailable, TimeoutError):
        return False
    return True


class Traced:
    """Gives every request an id, counts and times it by route template, and logs one line that names no one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._timers: dict[tuple[str, int], Histogram] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["request_id"] = request_id = _request_id(scope)
        started = time.perf_counter()
        status = 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            await self._app(scope, receive, answer)
        finally:
            took_s = time.perf_counter() - started
            route = _template(scope)
            self._timer(route, status).observe(took_s)
            _log.debug("%s %s %d %.1f ms %s", scope["method"], route, status, took_s * 1000, request_id)

    def _timer(self, route: str, status: int) -> Histogram:
        timer = self._timers.get((route, status))
        if timer is None:
            timer = self._timers[route, status] = HTTP_REQUESTS.labels(route, str(status))
        return timer


def _request_id(scope: Mapping[str, Any]) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return cast("bytes", value).decode()
    return secrets.token_hex(16)


def _template(scope: Mapping[str, Any]) -> str:
    """The route's path with its parameters unnamed; paths that match none count as one."""
    return str(getattr(scope.get("route"), "path", "unmatched"))
