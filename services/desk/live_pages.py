"""Live counts of the desk: one stream of events a tab, which ends with the session and with the process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from contracts.errors import Unavailable
from notifier import spelled
from services.desk.attack_reading import attack_of
from services.desk.frame import PREFIX, headers, words
from services.desk.queue_pages import queue_of
from services.desk.service import Desk, desk_of
from services.http.streams import Streams, mark
from services.staff.access import Reader, cookie_of
from services.staff.members import Member

router = APIRouter(prefix=PREFIX, include_in_schema=False)
#: What the browser hears, and how often the session is looked at, in seconds.
_EVERY_S, _SESSION_EVERY_S, _LOOKS_EVERY_S, _SIGN_EVERY_S = 2.0, 10.0, 10.0, 15.0
#: A stream ends so long after it began and the browser opens the next: what balances load sees new ones.
_LONGEST_S = 600.0
#: How long a browser waits before it opens the next, in milliseconds.
_AGAIN_MS = 3000


@router.get("/events")
async def events(
    request: Request,
    member: Reader,
    case: Annotated[str, Query(max_length=128)] = "",
    attack: Annotated[str, Query(max_length=32)] = "",
) -> Response:
    """Counts of the views as they change, who else looks at the case or attack that the page shows, and the attack's size.

    204, which a browser takes as the end, where the member or the process has too many.
    """
    streams: Streams = request.app.state.streams
    if not streams.room(member.name):
        return Response(status_code=204, headers=headers(request))
    mark(request.scope)
    told = _told(request, member, case or attack, streams, attack)
    return StreamingResponse(
        told, media_type="text/event-stream", headers={**headers(request), "X-Accel-Buffering": "no"}
    )


async def _told(
    request: Request, member: Member, case: str, streams: Streams, attack: str
) -> AsyncIterator[str]:
    desk, loop = desk_of(request), asyncio.get_running_loop()
    token = request.cookies.get(cookie_of(request), "")
    streams.of[member.name] += 1
    before: dict[str, str] = {}
    looking: dict[str, str] = {}
    began = checked = signed = loop.time()
    looked = began - _LOOKS_EVERY_S
    try:
        yield f"retry: {_AGAIN_MS}\n\n"
        while not streams.ending.is_set() and loop.time() < began + _LONGEST_S:
            if case and loop.time() >= looked + _LOOKS_EVERY_S:
                looking, looked = {"looking": await _looking(request, member, case)}, loop.time()
            now = await _state(request, desk, member) | looking
            if attack:
                now |= await _size(desk, attack)
            changed = {name: value for name, value in now.items() if before.get(name) != value}
            before = now
            if changed:
                yield f"data: {json.dumps(changed, ensure_ascii=False)}\n\n"
                signed = loop.time()
            elif loop.time() >= signed + _SIGN_EVERY_S:
                yield ": here\n\n"
                signed = loop.time()
            await _pause(streams.ending)
            if loop.time() >= checked + _SESSION_EVERY_S:
                if await desk.staff.sessions.find(token, used=False) is None:
                    return
                checked = loop.time()
    except Unavailable:
        return  # the browser opens the next one, which says when the database is back
    finally:
        streams.of[member.name] -= 1


async def _size(desk: Desk, attack_id: str) -> dict[str, str]:
    """How large the attack is."""
    async with desk.database.read() as connection:
        found = await attack_of(connection, attack_id)
    if found is None:
        return {}
    sizes = {
        "attempts": found.attempts,
        "touched": found.accounts,
        "sources": found.sources,
        "gave_way": found.gave_way,
    }
    return {f"attack.{name}": f"{count:,}" for name, count in sizes.items()}


async def _looking(request: Request, member: Member, case: str) -> str:
    """Who else looks at the case, in words; nothing for nobody. The member is noted as looking."""
    t, names = words(member.locale), await queue_of(request).looks(case, member.name)
    if not names:
        return ""
    key = "queue_live.looking" if len(names) == 1 else "queue_live.looking_many"
    return t(key, names=("、" if t.locale == "zh-CN" else ", ").join(names))


async def _state(request: Request, desk: Desk, member: Member) -> dict[str, str]:
    """What the page shows, by the name that its places bear."""
    counted = await queue_of(request).counts()
    top = await desk.counts.of(desk.database, member, desk.clock)
    found: dict[str, Any] = {f"view.{view}": count for view, count in counted.views(member.name).items()}
    found |= {f"kind.{kind}": count for kind, count in counted.kinds().items()}
    found |= {"queue": top.queue, "attacks": top.attacks, "approvals": top.approvals}
    found["clock"] = spelled.clock(desk.clock(), member.time_zone)
    return {name: str(value) for name, value in found.items()}


async def _pause(ending: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(_EVERY_S):
            await ending.wait()
    except TimeoutError:
        return
