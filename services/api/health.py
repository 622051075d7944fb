"""Whether a process with an HTTP API lives, can serve, and does what it does in the background; and its metrics."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from redis.asyncio import Redis
from sqlalchemy import text
from starlette.responses import JSONResponse, PlainTextResponse, Response

from contracts.errors import Unavailable
from services.memory.redis_client import ask
from services.platform.database import Database
from services.platform.metrics import REGISTRY

if TYPE_CHECKING:
    from services.api.application import ApiResources

_CHECK_WITHIN_S = 1.0
router = APIRouter(tags=["health"])


@router.get("/healthz", summary="Is the process alive")
async def healthz() -> dict[str, str]:
    """Answers while the event loop runs."""
    return {"state": "alive"}


@router.get("/readyz", summary="Can it serve", responses={503: {}})
async def readyz(request: Request) -> Response:
    """The state of each part and of what runs in the background: 200 when all answer and go on, else 503."""
    resources: ApiResources = request.app.state.resources
    broker, store, database = await asyncio.gather(
        resources.producer.reachable(), _store_answers(resources.redis), _database_answers(resources.database)
    )
    parts = {"broker": broker, "store": store and resources.replies.listening, "database": database}
    parts |= {name: fault is None for name, fault in resources.consumers.faults().items()}
    ready = all(parts.values())
    body: dict[str, object] = {
        "state": "ready" if ready else "unavailable",
        "parts": {name: "ready" if there else "unavailable" for name, there in parts.items()},
    }
    if resources.producer.trouble is not None:
        body["why"] = resources.producer.trouble
    return JSONResponse(body, status_code=200 if ready else 503)


@router.get("/metrics", summary="Metrics", response_class=PlainTextResponse)
async def metrics() -> Response:
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
