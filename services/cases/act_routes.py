"""HTTP of what support does about cases, for its tools: each act at once, on the version in `If-Match`."""

from __future__ import annotations

import re
import secrets
from datetime import datetime
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Header, Request
from pydantic import BaseModel, ConfigDict, Field

from contracts.decisions import Severity
from contracts.report_kinds import Kind
from services.cases.acts.asked import ActName, ActOff, Asked, Malasked
from services.cases.acts.opening import Opening, open_by_hand
from services.cases.acts.service import REFUSALS, DeskActs, refusal
from services.cases.case_rows import Conflict
from services.cases.endings import OtherOpen
from services.cases.routes import CONFLICT, UNKNOWN, CaseId, Cases, Supporter
from services.cases.states import Verdict
from services.cases.views import CaseShown
from services.http.api_keys import ApiKey
from services.http.identifiers import BodyIdentifier
from services.http.problems import RESPONSES, Problem, problem_answer
from services.http.times import utc

router = APIRouter(prefix="/v1", tags=["cases"], responses=RESPONSES)
_OTHER: dict[int | str, dict[str, Any]] = {
    409: problem_answer("The account has an unresolved case of risk already (`case_id`).")
}
_VERSION = re.compile(r'(?:W/)?"?([0-9]{1,9})"?')
#: Words of support's own.
Words = Annotated[str, Field(min_length=1, max_length=4000, pattern=r"^[^\x00]*\S[^\x00]*$")]


async def _acts(request: Request) -> DeskActs:
    return cast("DeskActs", request.app.state.desk_acts)


async def _version(
    if_match: Annotated[
        str | None, Header(max_length=16, description='The `version` of the case that was looked at: `"3"`.')
    ] = None,
) -> int | None:
    if if_match is None or if_match == "*":
        return None
    found = _VERSION.fullmatch(if_match.strip())
    if found is None:
        raise Problem(400, "invalid_version", 'If-Match has the version of the case, such as "3"')
    return int(found[1])


Acts = Annotated[DeskActs, Depends(_acts)]
Version = Annotated[int | None, Depends(_version)]


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class CaseOpening(_Given):
    """A case to open by hand. `severity` is for one of risk; a report has its kind's. The same `request_id` is the same case."""

    account_id: BodyIdentifier
    kind: Kind
    why: Words
    severity: Severity = "medium"
    about_event_id: BodyIdentifier | None = None
    request_id: Annotated[str, Field(min_length=1, max_length=128)] | None = None


class NoteGiven(_Given):
    """Words for colleagues alone; a colleague named as @name sees them."""

    text: Words


class SnoozeGiven(_Given):
    """Until when nobody looks at the case, 180 days at most, and why."""

    until: Annotated[datetime, Field(strict=False)]
    why: Words


class WaitGiven(_Given):
    """What the case waits for, by a name of its kind's."""

    waiting_for: Annotated[str, Field(min_length=1, max_length=32, pattern=r"^[a-z][a-z0-9_]*$")]


class EscalationGiven(_Given):
    """Why a senior is to take it."""

    why: Words


class MergeGiven(_Given):
    """The unresolved case of the same account in which this one goes on."""

    into: BodyIdentifier


class VerdictGiven(_Given):
    """What the case was, or of `event_id` that one event alone, which leaves the case as it stands."""

    verdict: Verdict
    event_id: BodyIdentifier | None = None
    why: Annotated[str, Field(max_length=4000, pattern=r"^[^\x00]*$")] = ""


@router.post("/cases", status_code=201, responses=_OTHER)
async def open_case(acts: Acts, key: Supporter, body: CaseOpening) -> CaseShown:
    """Open a case by hand. Its owner is not told. 409 (`other_case_open`, with its `case_id`): the account has one of risk."""
    opening = Opening(
        account_id=body.account_id,
        kind=body.kind,
        why=body.why,
        severity=body.severity,
        about_event_id=body.about_event_id,
        request_id=body.request_id,
    )
    try:
        return CaseShown.of(await open_by_hand(acts.database, opening, key, acts.clock(), acts.clock_of))
    except OtherOpen as error:
        raise Problem(409, "other_case_open", str(error), case_id=error.case_id) from None


@router.post("/cases/{case_id:segment}/note", responses=UNKNOWN | CONFLICT)
async def note_case(
    acts: Acts, cases: Cases, key: Supporter, case_id: CaseId, body: NoteGiven, version: Version
) -> CaseShown:
    """Put a note down that colleagues read and the owner does not."""
    return await _done(acts, cases, key, case_id, "note", Asked(text=body.text), version)


@router.post("/cases/{case_id:segment}/snooze", responses=UNKNOWN | CONFLICT)
async def snooze_case(
    acts: Acts, cases: Cases, key: Supporter, case_id: CaseId, body: SnoozeGiven, version: Version
) -> CaseShown:
    """Lay the case aside until then, or until something new comes. Its clocks go on."""
    asked = Asked(until=body.until.timestamp(), why=body.why)
    return await _done(acts, cases, key, case_id, "snooze", asked, version)


@router.post("/cases/{case_id:segment}/wait", responses=UNKNOWN | CONFLICT)
async def leave_waiting(
    acts: Acts, cases: Cases, key: Supporter, case_id: CaseId, body: WaitGiven, version: Version
) -> CaseShown:
    """Say what the case waits for. Its clocks go on."""
    return await _done(acts, cases, key, case_id, "wait", Asked(choice=body.waiting_for), version)


@router.post("/cases/{case_id:segment}/escalate", responses=UNKNOWN | CONFLICT)
async def escalate_case(
    acts: Acts, cases: Cases, key: Supporter, case_id: CaseId, body: EscalationGiven, version: Version
) -> CaseShown:
    """Hand the case to senior people: nobody has it until one takes it."""
    return await _done(acts, cases, key, case_id, "escalate", Asked(why=body.why), version)


@router.post("/cases/{case_id:segment}/merge", responses=UNKNOWN | CONFLICT)
async def merge_case(
    acts: Acts, cases: Cases, key: Supporter, case_id: CaseId, body: MergeGiven, version: Version
) -> CaseShown:
    """Close the case as a duplicate of another one of its account. A case of risk ends with a verdict instead."""
    return await _done(acts, cases, key, case_id, "merge", Asked(other=body.into), version)


@router.post("/cases/{case_id:segment}/verdict", responses=UNKNOWN | CONFLICT)
async def give_verdict(
    acts: Acts, cases: Cases, key: Supporter, case_id: CaseId, body: VerdictGiven, version: Version
) -> CaseShown:
    """Say what the case was, and do what follows, at once.

    `fraud` gives held payments up and trusts the device no more. `legitimate` lets go what is held, unless its owner denies it,
    and ends the freeze, or asks a second person to. Both label the events. `resolve` labels them and does nothing else but
    release the freeze. With `event_id` one event alone is labelled.
    """
    asked = Asked(event=body.event_id or "", why=body.why)
    return await _done(acts, cases, key, case_id, body.verdict, asked, version)


async def _done(
    acts: DeskActs,
    cases: Cases,
    key: ApiKey,
    case_id: str,
    name: ActName,
    asked: Asked,
    version: int | None,
) -> CaseShown:
    """The case as changed. Raises Problem 404, 400 and 409."""
    try:
        done = await acts.ask(case_id, name, asked, key, version, secrets.token_hex(16), now=True)
    except Malasked as error:
        raise Problem(400, "invalid_act", str(error), field=error.field) from None
    except Conflict as error:
        changes = [] if version is None else await acts.changes(case_id, version)
        told = [{"kind": each.kind, "at": utc(each.at).isoformat(), "by": each.actor} for each in changes]
        raise Problem(409, "conflict", str(error), changes=told) from None
    except ActOff as error:
        raise Problem(409, "act_off", str(error), why=error.off.code) from None
    except REFUSALS as error:
        raise Problem(409, refusal(error).code, str(error)) from None
    found = None if done is None else await cases.case(case_id)
    if found is None:
        raise Problem(404, "unknown_case", "there is no such case")
    return CaseShown.of(found[0])
