"""The HTTP API: events in, decisions out, second factor, cases, health and metrics, as one ASGI application."""

from __future__ import annotations

import gc
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from fastapi import FastAPI
from redis.asyncio import Redis
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from services.activity.repository import ActivityStore
from services.answers.answers import Answers
from services.api.event_routes import Ingest
from services.api.producer import EventSink, open_producer
from services.api.replies import Replies, ReplyReader
from services.api.route_table import openapi_document, routed
from services.attacks.listing import Attacks
from services.cases.case_service import CaseService
from services.cases.hold_service import HoldService
from services.cases.owner_words import OwnerWords
from services.centre.service import Centre
from services.centre.sign_in import SignIn
from services.connect.arriving import Arrivals
from services.desk.packs import Packs
from services.desk.problem_pages import problem_page as desk_problem_page
from services.desk.service import Desk
from services.events.own_events import EventMacs
from services.help.library import Library
from services.http.api_keys import ApiKeys
from services.http.client_address import TrustedProxies
from services.http.connections import Connections, Patience
from services.http.guard import DESK, PAGES, Guard
from services.http.protocol import GuardedProtocol
from services.http.streams import Streams
from services.http.tracing import Traced
from services.http.uploads import Uploads
from services.mfa.grants import Grants
from services.mfa.lifecycle import FactorLifecycle
from services.mfa.report_undo import ReportUndo
from services.mfa.service import ChallengesService
from services.platform.clocks import SharedClock
from services.platform.database import Database
from services.platform.progress import Consumers
from services.platform.settings import Settings
from services.portal.portal import Portal
from services.portal.problem_pages import problem_page
from services.reports.service import ReportService
from services.rights.erasure import AccountRights
from services.scoring.explain import Reasons
from services.wallet.feed import ActionFeed
from services.wallet.webhooks import Webhooks

__all__ = ["ApiResources", "create_app", "open_producer", "openapi_document", "server"]

_YOUNG_OBJECTS = 10_000


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
    centre: Centre
    answers: Answers
    reports: ReportService
    portal: Portal
    desk: Desk
    rights: AccountRights
    packs: Packs
    library: Library
    arrivals: Arrivals
    reasons: Reasons
    macs: EventMacs
    sign_in: SignIn | None = None
    consumers: Consumers = field(default_factory=Consumers)
    clocks: tuple[SharedClock, ...] = ()


def create_app(resources: ApiResources) -> FastAPI:
    """The application over these resources. Raises ValueError for trusted proxies that are no networks."""
    settings = resources.settings
    app = routed()
    app.add_middleware(
        Guard,
        proxies=TrustedProxies.parse(settings.trusted_proxies),
        max_event_body_bytes=settings.http_max_body_bytes,
        problem_pages={PAGES: problem_page, DESK: desk_problem_page},
        read_within_s=settings.http_body_timeout_s,
    )
    app.add_middleware(Traced)
    app.router.lifespan_context = _lifespan(resources)
    app.state.resources = resources
    answering = (resources.replies, resources.stored_replies, resources.reasons)
    app.state.ingest = Ingest(resources.settings, resources.producer, *answering, resources.macs)
    for name in (
        "keys", "challenges", "lifecycle", "grants", "cases", "activity", "actions", "webhooks", "holds", "words",
        "report_undo", "centre", "answers", "reports", "portal", "desk", "rights", "packs", "library", "arrivals",
        "sign_in",
    ):  # fmt: skip
        setattr(app.state, name, getattr(resources, name))
    app.state.staff, app.state.desk_acts = resources.desk.staff, resources.desk.acts
    app.state.uploads, app.state.streams = Uploads(), Streams()
    app.state.attacks = Attacks(resources.database)
    return app


class _Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # What is loaded by now lives as long as the process: without this a full collection stops it for 0.1 s.
        gc.collect()
        gc.freeze()
        gc.set_threshold(_YOUNG_OBJECTS, 20, 50)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # What does not end by itself would be waited for.
        streams: Streams | None = getattr(getattr(self.config.app, "state", None), "streams", None)
        if streams is not None:
            streams.ending.set()
        await super().shutdown(sockets)


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
