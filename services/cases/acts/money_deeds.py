"""Deeds about money, sessions, devices and factors. Each works inside the caller's transaction, which the audit has."""

from __future__ import annotations

from sqlalchemy import update

from contracts.decisions import derived_id
from contracts.events import OwnerAct, to_wire
from services.audit import audit_log
from services.cases import denials, device_acts, held_payments, holds, outbox
from services.cases.acts.asked import ActOff, Asked, Off
from services.cases.acts.doing import Doing
from services.cases.acts.situation import Situation, UsedDevice
from services.cases.end_notices import tell_stopped, untell_stopped
from services.cases.endings import write_to_owner
from services.cases.settlements import Outcome
from services.cases.states import changed as noted
from services.cases.tables import outbox as outbox_rows
from services.cases.unfreezing import entry_of
from services.wallet import feed
from services.wallet.actions import WalletAction

_BY_VERDICT = "case {} was {}"


async def let_go(doing: Doing, situation: Situation, asked: Asked) -> None:
    """Let one held payment go, or ask a second person to. Raises Denied, ActOff."""
    payment = situation.payment(asked.event)
    if payment is None:
        raise ActOff("let_go", Off("no_payment"))
    case = situation.case
    await doing.put(case, noted(case, doing.now), "payment", "released")
    why = asked.why or f"case {case.case_id}"
    done = await denials.release(
        doing.connection, case.account_id, payment.event_id, doing.by, why, doing.now
    )
    if done is None:
        raise ActOff("let_go", Off("no_payment"))


async def cancel(doing: Doing, situation: Situation, asked: Asked) -> None:
    """Give one held payment up. Raises ActOff."""
    payment = situation.payment(asked.event)
    if payment is None:
        raise ActOff("cancel", Off("no_payment"))
    case = situation.case
    await doing.put(case, noted(case, doing.now), "payment", "cancelled")
    if not await settle(doing, situation, payment.event_id, "cancelled", asked.why):
        raise ActOff("cancel", Off("no_payment"))


async def settle(doing: Doing, situation: Situation, event_id: str, outcome: Outcome, why: str = "") -> bool:
    """End a payment that waits; whether it did."""
    case = situation.case
    because = why or _BY_VERDICT.format(case.case_id, outcome)
    ended = await held_payments.settle(
        doing.connection, case.account_id, event_id, outcome, doing.by, because, doing.now
    )
    if ended is not None:
        entry = held_payments.end_of_payment(ended, doing.by, doing.now)
        await audit_log.record(doing.connection, entry)
    return ended is not None


async def freeze(doing: Doing, situation: Situation, _asked: Asked) -> None:
    """Stop outgoing money at once; its owner is told once it can no longer be taken back. Raises ActOff."""
    case, now = situation.case, doing.now
    await doing.put(case, noted(case, now), "freeze")
    if not await holds.freeze(doing.connection, case.account_id, doing.act_id, doing.by, now, now):
        raise ActOff("freeze", Off("frozen", {"at": str(now)}))
    event = OwnerAct(
        event_id=doing.act_id,
        account_id=case.account_id,
        occurred_at=int(now * 1000),
        act="lock",
        by="support",
    )
    told = outbox.Outgoing(event.event_id, "event", case.account_id, to_wire(event))
    await outbox.put(doing.connection, [told], now)
    hold = await holds.standing(doing.connection, case.account_id)
    if hold is not None:
        await tell_stopped(doing.connection, hold.hold_id, doing.act_id, case.account_id, now)
    await doing.record(situation, "freeze")


async def take_freeze_back(doing: Doing, situation: Situation, _asked: Asked) -> bool:
    """End the freeze that this act placed, without a word to anybody but the wallet; False when it has ended."""
    hold = situation.hold
    if hold is None or hold.event_id != doing.act_id:
        return False
    ended = await holds.unfreeze(doing.connection, hold.hold_id, doing.by, "taken back", doing.now)
    if ended is None:
        return False
    await untell_stopped(doing.connection, hold.hold_id)
    case = situation.case
    await doing.put(case, noted(case, doing.now), "taken_back", "freeze")
    await audit_log.record(doing.connection, holds.end_of_freeze(ended, doing.by, doing.now))
    return True


async def ask_unfreeze(doing: Doing, situation: Situation, asked: Asked) -> None:
    """Ask a second person to end the freeze, or end it. Raises ActOff, StepsMissing."""
    case, hold = situation.case, situation.hold
    if hold is None:
        raise ActOff("ask_unfreeze", Off("not_frozen"))
    await doing.put(case, noted(case, doing.now), "unfreeze", asked.why)
    done = await doing.ground.unfreezing.release(doing.connection, hold, doing.by, asked.why, doing.now)
    if done is None:
        raise ActOff("ask_unfreeze", Off("not_frozen"))
    await audit_log.record(doing.connection, entry_of(done, doing.by, doing.now))


async def end_sessions(doing: Doing, situation: Situation, _asked: Asked) -> None:
    """Ask the wallet to end every session, at once."""
    case, now = situation.case, doing.now
    await doing.put(case, noted(case, now), "sessions")
    action = WalletAction(
        action_id=derived_id(doing.act_id, "revoke_sessions"),
        kind="revoke_sessions",
        account_id=case.account_id,
        event_id=situation.newest_event or doing.act_id,
        at=now,
    )
    await outbox.put(doing.connection, [outbox.action(action)], now)
    await doing.record(situation, "end_sessions")


async def ask_again(doing: Doing, situation: Situation, asked: Asked) -> None:
    """Ask for what the wallet has not confirmed once more, with its ids, at the end of every feed. Raises ActOff."""
    case = situation.case
    again = await feed.ask_again(
        doing.connection, [each.action_id for each in situation.to_ask(asked.other)], doing.now
    )
    if not again:
        raise ActOff("ask_again", Off("confirmed"))
    this = outbox_rows.c.identity.in_(again), outbox_rows.c.kind == "action"
    await doing.connection.execute(update(outbox_rows).where(*this).values(sent_at=None, attempts=0))
    await doing.put(case, noted(case, doing.now), "asked_again", str(len(again)))
    await doing.record(situation, "ask_again")


async def distrust(doing: Doing, situation: Situation, _asked: Asked) -> None:
    """Give the device of the case's newest event up. Raises ActOff."""
    if situation.device is None:
        raise ActOff("distrust", Off("no_device"))
    case = situation.case
    await doing.put(case, noted(case, doing.now), "device")
    await give_up(doing, situation, situation.device)
    await doing.record(situation, "forget_device")


async def give_up(doing: Doing, situation: Situation, device: UsedDevice) -> None:
    """The device is a stranger's from now on, to the wallet and to the stream."""
    account_id = situation.case.account_id
    last = await device_acts.last_use(doing.connection, account_id, device.key) or device.event_id
    await device_acts.give_up(doing.connection, account_id, device.key, last, doing.now, by="support")


async def factor_check(doing: Doing, situation: Situation, asked: Asked) -> None:
    """Ask the owner for a code of their factor, and tell them where to give it. Raises ActOff."""
    issue = doing.ground.issue_check
    if issue is None:
        raise ActOff("factor_check", Off("no_factor"))
    account_id = situation.case.account_id
    await issue(doing.connection, account_id, doing.act_id, derived_id(doing.act_id, "check"), doing.now)
    notice_id = derived_id(doing.act_id, "letter")
    await write_to_owner(doing.connection, situation.case, asked.text, doing.by, doing.now, notice_id)
    await doing.record(situation, "factor_check")
