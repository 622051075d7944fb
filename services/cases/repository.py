"""What decisions leave in SQL: recorded decisions, alerts, cases, notices and outbox rows.

Everything is keyed by event id or effect id, so decisions that come again, in any mixture, change nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TypeVar

from msgspec import Struct, structs
from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import (
    Decision,
    Effect,
    Freeze,
    HoldPayment,
    IssueChallenge,
    Notify,
    OpenCase,
    RaiseAlert,
    ReleasePayment,
    RevokeSessions,
    derived_id,
)
from contracts.errors import Unavailable
from services.audit import audit_log
from services.audit.chain import partition_of
from services.cases import held_payments, holds, outbox, states
from services.cases.end_notices import tell_frozen
from services.cases.held_payments import BY_CODE, HeldPayment
from services.cases.hold_tables import owner_words
from services.cases.incident_rows import Found, tell
from services.cases.incidents import WINDOW_S
from services.cases.news import CHALLENGE
from services.cases.queue_states import with_stake
from services.cases.tables import alerts, case_entries, cases, recorded_decisions
from services.platform.database import insert_new
from services.wallet.actions import WalletAction

E = TypeVar("E", bound=Effect)
#: `services.mfa.repository.record_issued`: (connection, decision, effect, issued_at).
RecordIssued = Callable[[AsyncConnection, Decision, IssueChallenge, float], Awaitable[None]]


class Recorded(Struct, frozen=True):
    """A decision with its record: `body` as in the topic, `recorded_at` its time in epoch seconds."""

    decision: Decision
    body: bytes
    recorded_at: float


async def keep(
    connection: AsyncConnection,
    records: Sequence[Recorded],
    record_issued: RecordIssued,
    window_s: float = WINDOW_S,
) -> Counter[str]:
    """Carry out the effects of the decisions inside the caller's transaction; the new alerts by severity.

    Findings of an account are told together for `window_s` seconds.
    Raises Unavailable when another process changed the same cases in between: repeat the whole batch.
    """
    if not records:
        return Counter()
    await connection.execute(insert_new(recorded_decisions), [_decision_row(record) for record in records])
    raised = await _keep_alerts(connection, records)
    await _keep_cases(connection, records)
    await tell(connection, list(_found(records)), window_s)
    ended = await _keep_holds(connection, records)
    await outbox.put(connection, _actions(records), max(record.recorded_at for record in records))
    for record, effect in _asking(records, IssueChallenge):
        await record_issued(connection, record.decision, effect, record.recorded_at)
    for entry in sorted(
        ended, key=partition_of
    ):  # all who lock several parts of the audit lock them in one order
        await audit_log.record(connection, entry)
    return raised


def _asking(records: Sequence[Recorded], *kinds: type[E]) -> Iterator[tuple[Recorded, E]]:
    """Each effect of these kinds, with the record of its decision."""
    for record in records:
        for effect in record.decision.effects:
            if isinstance(effect, kinds):
                yield record, effect


def _decision_row(record: Recorded) -> dict[str, object]:
    decision = record.decision
    return {
        "event_id": decision.event_id,
        "account_id": decision.account_id,
        "at": decision.at,
        "recorded_at": record.recorded_at,
        "body": record.body.decode(),
    }


async def _keep_alerts(connection: AsyncConnection, records: Sequence[Recorded]) -> Counter[str]:
    rows = [
        {
            "effect_id": effect.effect_id,
            "event_id": record.decision.event_id,
            "account_id": record.decision.account_id,
            "severity": effect.severity,
            "raised_at": record.recorded_at,
        }
        for record, effect in _asking(records, RaiseAlert)
    ]
    if not rows:
        return Counter()
    new = await connection.execute(insert_new(alerts).returning(alerts.c.severity), rows)
    return Counter(new.scalars())


def _found(records: Sequence[Recorded]) -> Iterator[Found]:
    """What owners are to be told of: decisions that say so, and challenges that nobody may have seen."""
    for record in records:
        decision = record.decision
        waits = any(isinstance(effect, HoldPayment) for effect in decision.effects)
        for effect in decision.effects:
            if isinstance(effect, Notify):
                notice_id, template, after_s = effect.effect_id, effect.template, 0
            elif isinstance(effect, IssueChallenge) and effect.letter_after_s is not None:
                notice_id, template = derived_id(effect.challenge_id, CHALLENGE), CHALLENGE
                after_s = effect.letter_after_s
            else:
                continue
            yield Found(
                notice_id=notice_id,
                event_id=decision.event_id,
                account_id=decision.account_id,
                template=template,
                at=record.recorded_at,
                due_at=record.recorded_at + after_s,
                own=decision.type == "account_change",
                waits=waits,
            )


def _actions(records: Sequence[Recorded]) -> list[outbox.Outgoing]:
    return [
        outbox.action(
            WalletAction(
                action_id=effect.effect_id,
                kind="revoke_sessions",
                account_id=record.decision.account_id,
                event_id=record.decision.event_id,
                at=record.decision.at,
            )
        )
        for record, effect in _asking(records, RevokeSessions)
    ]


async def _keep_freezes(connection: AsyncConnection, records: Sequence[Recorded]) -> None:
    for record, _ in _asking(records, Freeze):
        decision = record.decision
        by = holds.OWNER if decision.type == "user_report" else holds.DECISION
        frozen = await holds.freeze(
            connection, decision.account_id, decision.event_id, by, decision.at, record.recorded_at
        )
        if frozen and by == holds.OWNER:
            done = {str(each.__struct_config__.tag) for each in decision.effects}
            await tell_frozen(
                connection,
                decision.account_id,
                decision.event_id,
                decision.about_event_id,
                done,
                record.recorded_at,
            )


async def _keep_holds(connection: AsyncConnection, records: Sequence[Recorded]) -> list[audit_log.Entry]:
    """Freezes, which the wallet is told of where none stands, and payments that wait from now on; what the audit keeps of those
    that a code let go."""
    await _keep_freezes(connection, records)
    for record, held in _asking(records, HoldPayment):
        waiting = HeldPayment(
            account_id=record.decision.account_id,
            event_id=record.decision.event_id,
            effect_id=held.effect_id,
            amount=held.amount,
            currency=held.currency,
            payee_id=held.payee_id,
            state="held",
            placed_at=record.recorded_at,
            due_at=record.recorded_at + held.due_s,
            shown=record.decision.shown,
            joins=held.joins,
            waits_for=record.decision.waits_for or "support",
        )
        await held_payments.hold_payment(connection, waiting)
    ended: list[audit_log.Entry] = []
    for record, freed in _asking(records, ReleasePayment):
        account_id, now = record.decision.account_id, record.recorded_at
        payment = await held_payments.settle(
            connection, account_id, freed.event_id, "released", BY_CODE, None, now
        )
        if payment is not None:
            ended.append(held_payments.end_of_payment(payment, BY_CODE, now))
    return ended


async def _keep_cases(connection: AsyncConnection, records: Sequence[Recorded]) -> None:
    taken_back = await _taken_back(connection, records)
    wanted = [(record, effect) for record, effect in _asking(records, OpenCase) if record not in taken_back]
    if not wanted:
        return
    known = await _known_effects(connection, [effect.effect_id for _, effect in wanted])
    accounts = sorted({record.decision.account_id for record, _ in wanted})
    before = await unresolved_cases(connection, cases.c.account_id.in_(accounts))
    now = dict(before)
    entries: list[dict[str, object]] = []
    for record, effect in wanted:
        if effect.effect_id in known:
            continue
        known.add(effect.effect_id)
        account_id = record.decision.account_id
        current = now.get(account_id)
        if current is None:
            case = states.opened(effect.effect_id, account_id, effect.severity, record.recorded_at)
        else:
            case = states.joined(current, effect.severity, record.recorded_at)
        now[account_id] = case = with_stake(case, record.decision.shown)
        entries.append(
            {
                "case_id": case.case_id,
                "kind": "opened" if current is None else "joined",
                "at": record.recorded_at,
                "severity": effect.severity,
                "effect_id": effect.effect_id,
                "event_id": record.decision.event_id,
            }
        )
    await _write_cases(connection, before, now)
    if entries:
        await connection.execute(insert_new(case_entries), entries)


async def _taken_back(connection: AsyncConnection, records: Sequence[Recorded]) -> list[Recorded]:
    """Decisions on reports that their owners have taken back before they were carried out."""
    reports = {
        (each.decision.account_id, each.decision.event_id): each
        for each in records
        if each.decision.type == "user_report"
    }
    if not reports:
        return []
    query = select(owner_words.c.account_id, owner_words.c.event_id).where(
        owner_words.c.event_id.in_({event_id for _, event_id in reports}),
        owner_words.c.undone_at.is_not(None),
    )
    found = [(row.account_id, row.event_id) for row in await connection.execute(query)]
    return [reports[name] for name in found if name in reports]


async def _write_cases(
    connection: AsyncConnection, before: dict[str, states.Case], now: dict[str, states.Case]
) -> None:
    new = [structs.asdict(case) for account_id, case in now.items() if account_id not in before]
    if new:
        kept = await connection.execute(insert_new(cases).returning(cases.c.case_id), new)
        if len(kept.all()) != len(new):
            raise Unavailable("another process opened a case of the same account", "database_conflict")
    for account_id, old in before.items():
        if now[account_id] is not old:
            await change_case(connection, old, now[account_id])


async def unresolved_cases(
    connection: AsyncConnection, condition: ColumnElement[bool]
) -> dict[str, states.Case]:
    """Cases of risk under the condition that are not resolved, by account, locked until the transaction ends."""
    unresolved = cases.c.state != "resolved", cases.c.kind == "risk"
    query = select(cases).where(condition, *unresolved).order_by(cases.c.case_id)
    rows = (await connection.execute(query.with_for_update())).mappings()
    return {row["account_id"]: states.Case(**row) for row in rows}


async def change_case(connection: AsyncConnection, old: states.Case, new: states.Case) -> None:
    """Write the changed case over the version it was made from; raises Unavailable when that version is gone."""
    statement = (
        update(cases)
        .where(cases.c.case_id == old.case_id, cases.c.version == old.version)
        .values(**{name: value for name, value in structs.asdict(new).items() if name != "case_id"})
    )
    if (await connection.execute(statement)).rowcount != 1:
        raise Unavailable("another process changed the same case", "database_conflict")


async def _known_effects(connection: AsyncConnection, effect_ids: Sequence[str]) -> set[str]:
    query = select(case_entries.c.effect_id).where(case_entries.c.effect_id.in_(effect_ids))
    return {effect_id for effect_id in (await connection.execute(query)).scalars() if effect_id is not None}
