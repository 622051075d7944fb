"""The query of `POST /v1/events`: whether to wait for decisions, and whether to send at all."""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct
from starlette.datastructures import QueryParams

from services.api.documentation import MAX_WAIT_S
from services.http.problems import Problem


class EventQuery(Struct, frozen=True):
    """How long to wait for decisions, None when not asked to; `dry_run` validates and sends nothing."""

    wait_s: float | None
    dry_run: bool


@lru_cache(maxsize=256)
def read_event_query(query_string: bytes, default_wait_s: float) -> EventQuery:
    """What the query asks for. Raises Problem 400."""
    query = QueryParams(query_string)
    wait, timeout, dry_run = query.get("wait"), query.get("timeout_s"), query.get("dry_run", "false")
    try:
        timeout_s = default_wait_s if timeout is None else float(timeout)
    except ValueError:
        timeout_s = -1.0
    if wait not in (None, "decision") or not 0.0 <= timeout_s <= MAX_WAIT_S:
        raise _refused(f"wait may be decision, timeout_s a number from 0 to {MAX_WAIT_S:.0f}")
    if dry_run not in ("true", "false"):
        raise _refused("dry_run may be true or false")
    if dry_run == "true" and wait is not None:
        raise _refused("dry_run sends nothing, so there is no decision to wait for: leave out one of them")
    return EventQuery(None if wait is None else timeout_s, dry_run == "true")


def _refused(detail: str) -> Problem:
    return Problem(400, "invalid_request", detail)
