"""A case that support opens by hand, for an account that nobody has reported anything of."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from msgspec import Struct, json
from msgspec.structs import asdict
from sqlalchemy import insert

from contracts.decisions import Severity, derived_id
from contracts.report_kinds import RULES, Kind
from services.audit import audit_log
from services.cases import states
from services.cases.acts.doing import plain_name
from services.cases.case_acts import unresolved_of
from services.cases.case_deadlines import ClockOf, promises
from services.cases.case_rows import case_of, note_entry, write
from services.cases.endings import OtherOpen
from services.cases.queue_states import with_stake
from services.cases.report_tables import case_reports
from services.cases.states import Case
from services.cases.subjects import known_event
from services.cases.tables import cases
from services.http.api_keys import Acting
from services.platform.database import Database, insert_new

#: How what an owner told support came to be kept.
THROUGH = "desk"
#: While neither a policy nor a set of deadlines says anything else.
USUAL = promises({name: rule.clock for name, rule in RULES.items()})


class Said(Struct, frozen=True):
    """What the owner told support, who wrote it down: their words, and the answers to what the kind asks, both checked."""

    text: str
    answers: Mapping[str, str] = {}


class Opening(Struct, frozen=True, kw_only=True):
    """What to open: one of risk has a severity, another kind has its own, and may have what its owner `said`.

    The same `request_id` is the same case.
    """

    account_id: str
    kind: Kind
    why: str
    severity: Severity = "medium"
    about_event_id: str | None = None
    request_id: str | None = None
    said: Said | None = None


async def open_by_hand(
    database: Database,
    opening: Opening,
    by: Acting,
    now: float,
    clock_of: ClockOf = USUAL,
    *,
    claim: bool = False,
) -> Case:
    """Open it, for whoever opens it if they `claim` it; its owner is not told.

    Raises OtherOpen where the account has a case of risk already, Unavailable.
    """
    named = None if opening.request_id is None else f"{by.ident}:{opening.account_id}:{opening.request_id}"
    case_id = secrets.token_hex(16) if named is None else derived_id(named, "by_hand")
    async with database.begin() as connection:
        known = await case_of(connection, case_id, lock=False)
        if known is not None:
            return known
        case = _case(case_id, opening, now, clock_of)
        if case.subject_event_id is not None:
            about = await known_event(connection, case.account_id, case.subject_event_id)
            case = with_stake(case, about.shown)
        other = await unresolved_of(connection, case.account_id) if case.kind == "risk" else None
        if other is not None:
            raise OtherOpen(other)
        added = insert_new(cases).values(asdict(case)).returning(cases.c.case_id)
        if (await connection.execute(added)).first() is None:
            raise OtherOpen(await unresolved_of(connection, case.account_id) or case_id)
        await note_entry(connection, case, "opened", by.actor, opening.why)
        if opening.said is not None:
            await connection.execute(insert(case_reports).values(_report(case, opening.said)))
        entry = audit_log.Entry(
            at=now,
            action="case_opened",
            result="done",
            actor=by.actor,
            account_id=case.account_id,
            reason=f"case {case_id}",
        )
        await audit_log.record(connection, entry)
        if claim:
            name = plain_name(by.actor)
            claimed = states.assigned(case, name, now)
            await write(connection, case, claimed, "assigned", by.actor, name)
            case = claimed
    return case


def _report(case: Case, said: Said) -> dict[str, object]:
    return {
        "case_id": case.case_id,
        "account_id": case.account_id,
        "answers": json.encode(said.answers).decode(),
        "text": said.text,
        "through": THROUGH,
        "made_at": case.opened_at,
    }


def _case(case_id: str, opening: Opening, now: float, clock_of: ClockOf) -> Case:
    if opening.kind == "risk":
        return states.opened(case_id, opening.account_id, opening.severity, now)
    clock = clock_of(opening.kind, now)
    return states.reported(case_id, opening.account_id, opening.kind, opening.about_event_id, now, clock)
