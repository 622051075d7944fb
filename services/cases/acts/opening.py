"""A case that support opens by hand, for an account that nobody has reported anything of."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import asdict

from contracts.decisions import Severity, derived_id
from contracts.report_kinds import RULES, Clock, Kind, ReportKind
from services.audit import audit_log
from services.cases import states
from services.cases.case_acts import unresolved_of
from services.cases.case_rows import case_of, note_entry
from services.cases.endings import OtherOpen
from services.cases.states import Case
from services.cases.tables import cases
from services.http.api_keys import Acting
from services.platform.database import Database, insert_new

#: While a policy says nothing else.
CLOCKS: Mapping[ReportKind, Clock] = {name: rule.clock for name, rule in RULES.items()}


class Opening(Struct, frozen=True, kw_only=True):
    """What to open: one of risk has a severity, another kind has its own. The same `request_id` is the same case."""

    account_id: str
    kind: Kind
    why: str
    severity: Severity = "medium"
    about_event_id: str | None = None
    request_id: str | None = None


async def open_by_hand(
    database: Database, opening: Opening, by: Acting, now: float, clocks: Mapping[ReportKind, Clock] = CLOCKS
) -> Case:
    """Open it; its owner is not told. Raises OtherOpen where the account has a case of risk already, Unavailable."""
    named = None if opening.request_id is None else f"{by.ident}:{opening.account_id}:{opening.request_id}"
    case_id = secrets.token_hex(16) if named is None else derived_id(named, "by_hand")
    async with database.begin() as connection:
        known = await case_of(connection, case_id, lock=False)
        if known is not None:
            return known
        case = _case(case_id, opening, now, clocks)
        other = await unresolved_of(connection, case.account_id) if case.kind == "risk" else None
        if other is not None:
            raise OtherOpen(other)
        added = insert_new(cases).values(asdict(case)).returning(cases.c.case_id)
        if (await connection.execute(added)).first() is None:
            raise OtherOpen(await unresolved_of(connection, case.account_id) or case_id)
        await note_entry(connection, case, "opened", by.actor, opening.why)
        entry = audit_log.Entry(
            at=now,
            action="case_opened",
            result="done",
            actor=by.actor,
            account_id=case.account_id,
            reason=f"case {case_id}",
        )
        await audit_log.record(connection, entry)
    return case


def _case(case_id: str, opening: Opening, now: float, clocks: Mapping[ReportKind, Clock]) -> Case:
    if opening.kind == "risk":
        return states.opened(case_id, opening.account_id, opening.severity, now)
    clock = clocks[opening.kind]
    return states.reported(case_id, opening.account_id, opening.kind, opening.about_event_id, now, clock)
