"""What each offered event is answered, and what that makes of the whole request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal
from urllib.parse import quote

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace
from starlette.responses import Response

from contracts.decisions import REUSED, REUSED_DETAIL, answer_name
from contracts.errors import Unavailable
from services.api.attribution import FORBIDDEN
from services.api.event_warning import EventWarning
from services.api.offered import Offered
from services.http.problems import Problem, as_problem

Status = Literal["accepted", "malformed", "conflict", "unavailable"]


class Result(Struct, frozen=True, omit_defaults=True):
    """The answer to one event: `reason` and `detail` when it was not accepted; `decision` when waited for and there.

    `warnings` are what its sender should know (`services.api.warnings`).
    """

    index: int
    event_id: str | None
    status: Status
    reason: str = ""
    detail: str = ""
    decision: Raw | None = None
    decision_url: str = ""
    warnings: tuple[EventWarning, ...] = ()


def name_of(offer: Offered) -> str:
    """What the answer to a valid event is called."""
    return answer_name(offer.account_id, str(offer.event_id), offer.value)


def once_each(offers: Sequence[Offered]) -> tuple[list[Offered], list[Offered]]:
    """Those to be sent; and those whose event id stands before them in the same body, for the same account and other content."""
    first: dict[tuple[str, str | None], bytes] = {}
    again = [
        offer
        for offer in offers
        if first.setdefault((offer.account_id, offer.event_id), offer.value) != offer.value
    ]
    reused = {offer.index for offer in again}
    return [offer for offer in offers if offer.index not in reused], again


def result_of(offer: Offered, arrived: bool, decisions: Mapping[str, bytes]) -> Result:
    """The answer to one event, from what the broker and the stored replies said."""
    index, warnings = offer.index, offer.warnings
    if offer.error is not None:
        reason, detail = offer.error.reason, offer.error.detail
        return Result(index, offer.event_id, "malformed", reason, detail, warnings=warnings)
    event_id = str(offer.event_id)
    if not arrived:
        detail = "the broker did not confirm it; send it again with the same event_id"
        return Result(index, event_id, "unavailable", "unavailable", detail, warnings=warnings)
    decision = decisions.get(name_of(offer)) if decisions else None
    if decision == REUSED:
        return Result(index, event_id, "conflict", "event_id_reused", REUSED_DETAIL, warnings=warnings)
    if decision is not None:
        return Result(index, event_id, "accepted", decision=Raw(decision), warnings=warnings)
    url = f"/v1/decisions/{quote(event_id, safe='')}"
    return Result(index, event_id, "accepted", decision_url=url, warnings=warnings)


def not_acted_on(result: Result) -> Result:
    """The answer to a report that was taken and could not be acted on."""
    detail = "the report was taken, and what follows from it could not be done; send it again with the same event_id"
    return replace(
        result, status="unavailable", reason="unavailable", detail=detail, decision=None, decision_url=""
    )


def answered(results: Sequence[Result], waited: bool) -> Response:
    """The answer to the request: 200 when all that was waited for is there, else 202. Raises Problem when none was accepted."""
    accepted = [result for result in results if result.status == "accepted"]
    if not accepted:
        return _refused(results)
    decided = waited and all(result.decision is not None for result in accepted)
    return shown({"results": results}, 200 if decided else 202)


def shown(body: object, status: int) -> Response:
    """The body as JSON that nobody keeps."""
    headers = {"Cache-Control": "no-store"}
    return Response(
        msgspec.json.encode(body), status_code=status, media_type="application/json", headers=headers
    )


def _refused(results: Sequence[Result]) -> Response:
    """A problem that carries the results: 503 when repeating can help, else 403, 409 for used ids, or 400."""
    each = msgspec.to_builtins(results)
    if all(result.reason == FORBIDDEN for result in results):
        raise Problem(403, "forbidden", results[0].detail, results=each)
    if any(result.status == "unavailable" for result in results):
        away = as_problem(Unavailable("broker"))
        raise Problem(away.status, away.code, away.detail, away.headers, results=each)
    if any(result.status == "conflict" for result in results):
        raise Problem(409, "event_id_reused", REUSED_DETAIL, results=each)
    raise Problem(400, "malformed", "no event of this request is valid; see results", results=each)
