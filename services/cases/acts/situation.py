"""How it stands with a case and its account: all that decides which acts can be done, and what each will do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from msgspec import Struct
from sqlalchemy import exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.profile import Key
from services.activity.repository import rows_of
from services.activity.rows import Row
from services.cases import approvals, held_payments, holds
from services.cases.acts.attached import CaseFiles
from services.cases.acts.tables import desk_acts
from services.cases.approvals import Approval
from services.cases.case_acts import HasFactor
from services.cases.case_rows import case_of
from services.cases.case_work import work_of
from services.cases.denials import denials
from services.cases.held_payments import HeldPayment
from services.cases.holds import AccountHold
from services.cases.states import Case
from services.cases.tables import case_entries, cases, contact_points
from services.cases.unfreezing import Step, Unfreezing
from services.http.api_keys import Acting
from services.wallet.tables import wallet_actions

#: Entries of a case's history by which an event joins it.
JOINS = ("opened", "joined")


class IssueCheck(Protocol):
    """Asks the owner for a code of their factor: (connection, account, the event it is about, check's id, epoch seconds)."""

    async def __call__(
        self, connection: AsyncConnection, account_id: str, event_id: str, check_id: str, now: float, /
    ) -> None: ...


class CheckOpen(Protocol):
    """Whether the account's owner is being asked for a code already."""

    async def __call__(self, connection: AsyncConnection, account_id: str, now: float, /) -> bool: ...


class Decide(Protocol):
    """Allows or refuses what waits for a second person: `HoldService.decide_within`."""

    async def __call__(
        self,
        connection: AsyncConnection,
        approval_id: str,
        by: Acting,
        decision: Literal["approved", "refused"],
        now: float,
        /,
    ) -> Approval | None: ...


class Ground(Struct, frozen=True, kw_only=True):
    """What acts stand on: the rules of unfreezing, who decides, what rooms above know of factors, and who keeps files. Without
    those no check is offered, nothing is decided, and no file is taken."""

    unfreezing: Unfreezing
    has_factor: HasFactor | None = None
    issue_check: IssueCheck | None = None
    check_open: CheckOpen | None = None
    decide: Decide | None = None
    files: CaseFiles | None = None


class UsedDevice(Struct, frozen=True):
    """The device of the case's newest event, and that event."""

    key: Key
    name: str | None
    event_id: str


class Unconfirmed(Struct, frozen=True):
    """An action that the wallet has not confirmed, published at epoch seconds `at`."""

    action_id: str
    kind: str
    at: float


class Other(Struct, frozen=True):
    """Another unresolved case of the account."""

    case_id: str
    kind: str


class Situation(Struct, frozen=True, kw_only=True):
    """A case as one member of staff (`by`, an actor's name) finds it at epoch seconds `now`.

    `denied` are held payments that the owner says they did not make, `cleared` those of them that a verdict speaks for. `leaving`
    are kinds of acts on the case that wait to be carried out; `filled` are fields of its kind; `events` is how many decided
    events a verdict labels.
    """

    case: Case
    by: str
    now: float
    hold: AccountHold | None = None
    missing: list[Step] = []
    two: bool = False
    payments: list[HeldPayment] = []
    denied: frozenset[str] = frozenset()
    cleared: frozenset[str] = frozenset()
    approvals: list[Approval] = []
    unconfirmed: list[Unconfirmed] = []
    may_check: bool = False
    may_file: bool = False
    has_factor: bool = False
    check_open: bool = False
    device: UsedDevice | None = None
    events: int = 0
    newest_event: str | None = None
    reachable: bool = False
    others: list[Other] = []
    other_risk: str | None = None
    filled: frozenset[str] = frozenset()
    leaving: frozenset[str] = frozenset()

    def asked(self, act: str, subject: str) -> Approval | None:
        """What waits for a second person to allow this act."""
        return next((each for each in self.approvals if (each.act, each.subject) == (act, subject)), None)

    def to_ask(self, action_id: str) -> list[Unconfirmed]:
        """What the wallet can be asked for again: the action of that id, or all of them without one."""
        return [each for each in self.unconfirmed if action_id in ("", each.action_id)]

    def payment(self, event_id: str | None) -> HeldPayment | None:
        """The held payment of that event; without one, the account's oldest."""
        found = [each for each in self.payments if event_id in (None, "", each.event_id)]
        return found[0] if found else None


class Known(Struct, frozen=True, kw_only=True):
    """Of a situation, what whoever shows the case has read already; fields as there."""

    hold: AccountHold | None
    payments: list[HeldPayment]
    approvals: list[Approval]
    has_factor: bool
    device: UsedDevice | None
    events: int
    newest_event: str | None
    reachable: bool
    others: list[Other]
    leaving: frozenset[str]


async def situation_of(
    connection: AsyncConnection,
    case: Case,
    by: str,
    now: float,
    ground: Ground,
    *,
    leaving: bool = True,
    known: Known | None = None,
) -> Situation:
    """How it stands, as the connection sees it; `leaving` False: whatever else waits to be carried out. What is `known` is read
    no more."""
    account_id = case.account_id
    known = known or await _known(connection, case, now, ground, leaving)
    said = await denials(connection, account_id, [each.event_id for each in known.payments])
    factor = known.has_factor and ground.has_factor is not None
    asks = ground.check_open is not None and factor and await ground.check_open(connection, account_id, now)
    return Situation(
        case=case,
        by=by,
        now=now,
        hold=known.hold,
        missing=[] if known.hold is None else await ground.unfreezing.missing(connection, known.hold),
        two=ground.unfreezing.two,
        payments=known.payments,
        denied=frozenset(said),
        cleared=frozenset(event_id for event_id, denial in said.items() if denial == "cleared"),
        approvals=known.approvals,
        unconfirmed=await _unconfirmed(connection, account_id),
        may_check=ground.issue_check is not None,
        may_file=ground.files is not None,
        has_factor=factor,
        check_open=asks,
        device=known.device,
        events=known.events,
        newest_event=known.newest_event,
        reachable=known.reachable,
        others=known.others,
        other_risk=next((each.case_id for each in known.others if each.kind == "risk"), None),
        filled=await _filled(connection, case),
        leaving=known.leaving,
    )


async def _known(connection: AsyncConnection, case: Case, now: float, ground: Ground, leaving: bool) -> Known:
    account_id = case.account_id
    newest, events = await _events(connection, case.case_id)
    return Known(
        hold=await holds.standing(connection, account_id),
        payments=await held_payments.waiting(connection, account_id),
        approvals=await approvals.open_approvals(connection, now, account_id),
        has_factor=ground.has_factor is not None and await ground.has_factor(connection, account_id),
        device=await _device(connection, account_id, newest),
        events=events,
        newest_event=newest,
        reachable=await _reachable(connection, account_id),
        others=await _others(connection, case),
        leaving=await _leaving(connection, case.case_id) if leaving else frozenset(),
    )


async def found(
    connection: AsyncConnection, case_id: str, by: str, now: float, ground: Ground, *, lock: bool = False
) -> Situation | None:
    """The same by the case's id, which is locked if asked; None when there is none."""
    case = await case_of(connection, case_id, lock=lock)
    return None if case is None else await situation_of(connection, case, by, now, ground)


async def _events(connection: AsyncConnection, case_id: str) -> tuple[str | None, int]:
    """The newest event that joined the case, and how many did."""
    of_case = case_entries.c.case_id == case_id, case_entries.c.event_id.is_not(None)
    joined = case_entries.c.kind.in_(JOINS)
    query = select(case_entries.c.event_id).where(*of_case, joined).order_by(case_entries.c.sequence.desc())
    newest: str | None = await connection.scalar(query.limit(1))
    counted = select(func.count(case_entries.c.event_id.distinct())).where(*of_case, joined)
    return newest, int(await connection.scalar(counted) or 0)


async def _device(connection: AsyncConnection, account_id: str, event_id: str | None) -> UsedDevice | None:
    if event_id is None:
        return None
    rows = await rows_of(connection, {(account_id, event_id)})
    if rows and rows[0].device_key is None and rows[0].about_event_id is not None:
        rows += await rows_of(connection, {(account_id, rows[0].about_event_id)})
    return device_of(rows, event_id)


def device_of(rows: Sequence[Row], event_id: str | None) -> UsedDevice | None:
    """The device of that event, or of the one that it speaks of, as far as they are among the rows."""
    by_id = {row.event_id: row for row in rows}
    row = None if event_id is None else by_id.get(event_id)
    if row is not None and row.device_key is None and row.about_event_id is not None:
        row = by_id.get(row.about_event_id)
    if row is None or row.device_key is None:
        return None
    return UsedDevice(row.device_key, row.device, row.event_id)


async def _unconfirmed(connection: AsyncConnection, account_id: str) -> list[Unconfirmed]:
    query = (
        select(wallet_actions.c.action_id, wallet_actions.c.kind, wallet_actions.c.published_at)
        .where(wallet_actions.c.account_id == account_id)
        .where(or_(wallet_actions.c.result.is_(None), wallet_actions.c.result == "failed"))
        .order_by(wallet_actions.c.sequence.desc())
        .limit(20)
    )
    return [Unconfirmed(*row) for row in await connection.execute(query)]


async def _reachable(connection: AsyncConnection, account_id: str) -> bool:
    way = exists().where(
        contact_points.c.account_id == account_id,
        contact_points.c.until.is_(None),
        contact_points.c.bouncing_since.is_(None),
    )
    return bool(await connection.scalar(select(way)))


async def _others(connection: AsyncConnection, case: Case) -> list[Other]:
    query = (
        select(cases.c.case_id, cases.c.kind)
        .where(cases.c.account_id == case.account_id, cases.c.state != "resolved")
        .where(cases.c.case_id != case.case_id)
        .order_by(cases.c.opened_at)
        .limit(20)
    )
    return [Other(*row) for row in await connection.execute(query)]


async def _filled(connection: AsyncConnection, case: Case) -> frozenset[str]:
    """The fields of the case's kind that are filled in; one of risk has none."""
    return frozenset() if case.kind == "risk" else frozenset((await work_of(connection, case.case_id)).fields)


async def _leaving(connection: AsyncConnection, case_id: str) -> frozenset[str]:
    query = select(desk_acts.c.kind).where(desk_acts.c.case_id == case_id, desk_acts.c.outcome.is_(None))
    return frozenset((await connection.execute(query)).scalars())
