"""How support ends, takes up and answers a case, each inside the transaction of a caller who has locked it."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import Decision
from contracts.report_kinds import Outcome
from services.audit import audit_log
from services.cases import holds, states, verdicts
from services.cases.case_acts import unresolved_of
from services.cases.case_notices import tell_closed, tell_written
from services.cases.case_rows import note_entry, write
from services.cases.case_work import work_of
from services.cases.kind_files import kinds
from services.cases.states import Case, Verdict
from services.cases.unfreezing import Unfreezing, entry_of

#: The kind of the entries that an owner reads, see `services/reports`: words to them are no internal notes.
MESSAGE = "message"
#: Why a freeze is released with a case.
_CASE = "case {} was legitimate"


class OtherOpen(Exception):
    """The account has another case that is not resolved; `case_id` is it."""

    def __init__(self, case_id: str) -> None:
        super().__init__(
            f"the account has another unresolved case, {case_id}: note it there, or resolve that one first"
        )
        self.case_id = case_id


class NeedsMissing(Exception):
    """The case may end so only once its kind's field is filled in; `field` is its name."""

    def __init__(self, kind: str, field: str) -> None:
        super().__init__(f"the case may end so only once {field} is filled in")
        self.kind, self.field = kind, field


async def resolve(
    connection: AsyncConnection,
    case: Case,
    verdict: Verdict,
    actor: str,
    note: str | None,
    unfreezing: Unfreezing,
    now: float,
) -> tuple[Case, list[Decision]]:
    """Close the case with a verdict; the case, and the decisions to count it for once committed. Raises IllegalTransition.

    A legitimate one also ends the freeze, or asks a second person to, unless steps are missing.
    """
    changed = states.resolved(case, verdict, now)
    await write(connection, case, changed, "resolved", actor, note)
    decisions = await verdicts.send(connection, changed)
    if verdict == "legitimate":
        await _release(connection, case, actor, unfreezing, now)
    return changed, decisions


async def close(
    connection: AsyncConnection,
    case: Case,
    outcome: Outcome,
    message: str,
    actor: str,
    note: str | None,
    now: float,
) -> Case:
    """End what was reported, and tell its owner how and why. Raises IllegalTransition, NeedsMissing."""
    changed = states.closed(case, outcome, now)
    field = needed(case.kind, outcome)
    if field is not None and not (await work_of(connection, case.case_id)).value(field):
        raise NeedsMissing(case.kind, field)
    await write(connection, case, changed, "resolved", actor, note)
    await note_entry(connection, changed, MESSAGE, actor, message)
    await tell_closed(connection, changed)
    return changed


def needed(kind: str, outcome: str) -> str | None:
    """The field that must be filled in before a case of the kind ends so; None where none must."""
    ending = kinds()[kind].ending(outcome)
    return None if ending is None else ending.needs


async def write_to_owner(
    connection: AsyncConnection, case: Case, text: str, actor: str, now: float, notice_id: str | None = None
) -> Case:
    """Words that stand in the owner's case, and a letter that says so, by default one a version. Raises IllegalTransition."""
    changed = states.answered(case, now)
    await write(connection, case, changed, MESSAGE, actor, text)
    await tell_written(connection, changed, notice_id)
    return changed


async def reopen(connection: AsyncConnection, case: Case, reason: str, actor: str, now: float) -> Case:
    """Take up a resolved case again. Raises IllegalTransition, and OtherOpen where the account has an unresolved case of risk."""
    changed = states.reopened(case, now)
    other = await unresolved_of(connection, case.account_id) if case.kind == "risk" else None
    if other is not None:
        raise OtherOpen(other)
    await write(connection, case, changed, "reopened", actor, reason)
    return changed


async def _release(
    connection: AsyncConnection, case: Case, actor: str, unfreezing: Unfreezing, now: float
) -> None:
    hold = await holds.standing(connection, case.account_id)
    if hold is None or await unfreezing.missing(connection, hold):
        return
    done = await unfreezing.release(connection, hold, actor, _CASE.format(case.case_id), now)
    if done is not None:
        await audit_log.record(connection, entry_of(done, actor, now))
