"""`POST /v1/events` and `GET /v1/decisions/{event_id}`.

An event is answered `accepted` once the broker has it on all in-sync replicas.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Depends, FastAPI, Query, Request
from msgspec import Struct
from starlette.responses import Response

from contracts.decisions import REUSED, account_in
from contracts.errors import Overloaded, Unavailable
from contracts.topics import HEADER_REPLY_TO, HEADER_TRACEPARENT
from services.api.attribution import SENDING, attributed
from services.api.decision_members import explained, settled, told
from services.api.documentation import DECISION_DOCS, EVENTS_DOCS
from services.api.dry_run import rehearsed
from services.api.event_query import read_event_query
from services.api.offered import Offered, read_body
from services.api.producer import EventSink, Headers, Outgoing
from services.api.repeats import with_settlements
from services.api.replies import Replies, ReplyReader
from services.api.reports import believed, with_codes
from services.api.results import Result, answered, name_of, once_each, result_of, shown
from services.events.adapters import BY_MEDIA_TYPE, Adapter
from services.events.own_events import EventMacs, is_own
from services.http.api_keys import ApiKey, authorized, require
from services.http.direct_routes import add_direct_post
from services.http.identifiers import AccountQuery, plain
from services.http.problems import RESPONSES, Problem
from services.platform.metrics import HTTP_EVENTS
from services.platform.settings import Settings
from services.scoring.explain import Reasons

MAX_BODIES_BYTES = 64_000_000
_READ_WITHIN_S = 20.0
_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_COUNTED = {name: HTTP_EVENTS.labels(name) for name in ("accepted", "malformed", "conflict", "unavailable")}


class _When(Struct, frozen=True):
    at: float = 0.0


class Ingest:
    """Takes offered events to the broker and brings decisions back."""

    def __init__(
        self,
        settings: Settings,
        producer: EventSink,
        replies: Replies,
        stored_replies: ReplyReader,
        reasons: Reasons,
        macs: EventMacs,
    ) -> None:
        self.max_body_bytes = settings.http_max_body_bytes
        self.wait_s = settings.decision_wait_s
        self.stored_replies = stored_replies
        self.reasons = reasons
        self._producer = producer
        self._replies = replies
        self._macs = macs
        self._bodies_bytes = 0

    async def submit(
        self, offers: Sequence[Offered], traceparent: bytes | None, wait_s: float | None
    ) -> list[Result]:
        """Answer each event, in order. Raises Overloaded."""
        good, again = once_each([offer for offer in offers if offer.error is None])
        headers = [(HEADER_REPLY_TO, self._replies.channel.encode())]
        if traceparent is not None:
            headers.append((HEADER_TRACEPARENT, traceparent))
        decisions: dict[str, bytes] = {}
        if wait_s is None:
            arrived = await self._publish(good, headers)
        else:
            arrived, decisions = await self._publish_and_wait(good, headers, wait_s)
        decisions.update((name_of(offer), REUSED) for offer in again)
        arrived.update(offer.index for offer in again)
        results = [result_of(offer, offer.index in arrived, decisions) for offer in offers]
        for result in results:
            _COUNTED[result.status].inc()
        return results

    async def body_of(self, request: Request) -> bytes:
        """The body, at most `max_body_bytes` whatever its length header says. Raises Problem 413 or Overloaded."""
        claimed = request.headers.get("content-length", "")
        if claimed.isdecimal() and int(claimed[:20]) > self.max_body_bytes:
            raise self._too_large()
        body = bytearray()
        try:
            async with asyncio.timeout(_READ_WITHIN_S):
                async for chunk in request.stream():
                    self._bodies_bytes += len(chunk)
                    body += chunk
                    if len(body) > self.max_body_bytes:
                        raise self._too_large()
                    if self._bodies_bytes > MAX_BODIES_BYTES:
                        raise Overloaded("too many requests are being read")
        except TimeoutError:
            raise Problem(408, "too_slow", f"the body did not arrive in {_READ_WITHIN_S:.0f} s") from None
        finally:
            self._bodies_bytes -= len(body)
        return bytes(body)

    async def _publish(self, offers: Sequence[Offered], headers: Headers) -> set[int]:
        if not offers:
            return set()
        acknowledged = await self._producer.publish([self._outgoing(offer) for offer in offers], headers)
        return {offer.index for offer, there in zip(offers, acknowledged, strict=True) if there}

    def _outgoing(self, offer: Offered) -> Outgoing:
        """An event as it is sent: reports and labels under PayGuard's MAC, for the API knows who told them."""
        if offer.event is None or not is_own(offer.event):
            return Outgoing(offer.account_id, offer.value)
        mac = self._macs.header(offer.account_id.encode(), offer.value)
        return Outgoing(offer.account_id, offer.value, (mac,))

    async def _publish_and_wait(
        self, offers: Sequence[Offered], headers: Headers, wait_s: float
    ) -> tuple[set[int], dict[str, bytes]]:
        """What was decided before is answered again and not sent again; the rest is sent and waited for."""
        names = list({name_of(offer) for offer in offers})
        with self._replies.expected(names) as expected:
            earlier = await self._decided(names)
            known = {offer.index for offer in offers if name_of(offer) in earlier}
            fresh = [offer for offer in offers if offer.index not in known]
            arrived = await self._publish(fresh, headers)
            waited = {name_of(offer) for offer in fresh if offer.index in arrived}
            decisions = await expected.within(wait_s, sorted(waited))
        return arrived | known, earlier | decisions

    async def _decided(self, names: Sequence[str]) -> dict[str, bytes]:
        try:
            return await self._replies.kept(names)
        except Unavailable:
            return {}  # sending a repeat is harmless: one event id is one event

    def _too_large(self) -> Problem:
        detail = f"a body has at most {self.max_body_bytes} bytes"
        return Problem(413, "too_large", detail, {"Connection": "close"})


router = APIRouter(tags=["events"], responses=RESPONSES)


async def post_events(request: Request) -> Response:
    """Offer one event, an array of up to 1,000, or as many lines of newline-delimited JSON.

    Each event is answered on its own, in the order of the body. An event is accepted once the broker has it;
    repeating an `event_id` is harmless. With `wait=decision` the decisions are in the answer (200), or, for those
    that took longer, the address to fetch them at (202); the decision on a held payment has its `settlement` beside it, so that
    a repeat learns how it ended. With `dry_run=true` nothing is sent: the answer says how each
    event would be read, and everything that is wrong with it.

    Scopes: `ingest` for logins, transactions and account changes, `report` for `user_report`, `label` for `label`, whose
    `source` becomes `key:` and the key's name.
    """
    key = await authorized(request, *SENDING)
    ingest: Ingest = request.app.state.ingest
    query = read_event_query(request.scope["query_string"], ingest.wait_s)
    adapter = _adapter_of(request)
    offered = read_body(await ingest.body_of(request), adapter, "" if query.dry_run else key.key_id)
    offers = [attributed(offer, key) for offer in offered]
    if key.allows("report"):
        offers = await with_codes(request.app.state.words, offers)
    if query.dry_run:
        return shown({"results": rehearsed(offers)}, 200)
    results = await ingest.submit(offers, _traceparent(request), query.wait_s)
    if key.allows("report"):
        results = await believed(request.app.state.words, offers, results, key.actor)
    if query.wait_s is not None:
        state = request.app.state
        results = await with_settlements(state.cases, state.holds, offers, results)
    return answered(results, waited=query.wait_s is not None)


@router.get("/v1/decisions/{event_id:tail}", **DECISION_DOCS)
async def get_decision(
    request: Request,
    event_id: str,
    key: Annotated[ApiKey, Depends(require("ingest", "support"))],
    account_id: AccountQuery,
    explain: Annotated[Literal["en", "zh-CN"] | None, Query(description="Add sentences for people.")] = None,
) -> Response:
    """The decision about an event: for an hour after it was made, and for good when it had effects.

    Event ids are the callers' own: say `account_id` where several accounts may use the same. A payment that was held has
    `settlement` beside its decision: held, released, cancelled or expired, since when and by whom. One of which the owner is to
    be told has `owner`: whether there is a way to the owner, and how each notice fared.
    """
    ingest: Ingest = request.app.state.ingest
    body = _only(await ingest.stored_replies.of_event(plain(event_id)), account_id)
    if body is None:
        recorded = await request.app.state.cases.decisions(event_id, account_id)
        if len(recorded) > 1:
            raise _several()
        body = next(iter(recorded), None)
    if body is None:
        detail = (
            "not decided yet; or decided more than an hour ago, or not offered over HTTP, and without effects"
        )
        raise Problem(404, "no_decision", detail, {"Retry-After": "1"})
    if explain is not None:
        # Only support is told what would have passed: a wallet may show its sentences to whoever holds the phone.
        body = explained(body, explain, ingest.reasons, counterfactual=key.allows("support"))
    if b'"hold_payment"' in body:
        body = await settled(request.app.state.holds, body)
    if b'"notify"' in body:
        body = await told(request.app.state.cases, body, addresses=key.allows("support"))
    return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})


def add_event_routes(app: FastAPI) -> None:
    """Both routes; `POST /v1/events` first of the application's routes: most requests are this one."""
    docs = {**EVENTS_DOCS, "responses": {**RESPONSES, **EVENTS_DOCS["responses"]}}
    add_direct_post(app, "/v1/events", post_events, status_code=202, tags=["events"], **docs)
    app.include_router(router)


def _only(answers: Mapping[str, bytes], account_id: str | None) -> bytes | None:
    """The decision among the answers about an event id, the account's if one is named. Raises Problem 409 for several."""
    found = {
        rest: body
        for rest, body in answers.items()
        if body != REUSED and account_id in (None, account_in(rest))
    }
    if len({account_in(rest) for rest in found}) > 1:
        raise _several()
    # An account's id that was used again after it had been forgotten is two events: the later one is meant.
    return max(found.values(), key=lambda body: msgspec.json.decode(body, type=_When).at, default=None)


def _several() -> Problem:
    return Problem(409, "event_id_reused", "several accounts used this event id: say account_id")


def _adapter_of(request: Request) -> Adapter:
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    adapter = BY_MEDIA_TYPE.get(content_type)
    if adapter is None:
        raise Problem(415, "unsupported_media_type", f"send {' or '.join(BY_MEDIA_TYPE)}")
    if request.headers.get("content-encoding", "identity") != "identity":
        raise Problem(415, "unsupported_media_type", "send the body without content-encoding")
    return adapter


def _traceparent(request: Request) -> bytes | None:
    given = request.headers.get("traceparent", "").encode()
    return given if _TRACEPARENT.fullmatch(given) else None
