"""Deeds about the case itself. Each works inside the caller's transaction and leaves an entry in the audit."""

from __future__ import annotations

import re
from functools import partial
from typing import Literal, cast

from msgspec import json
from msgspec.structs import replace
from sqlalchemy import select

from contracts.decisions import Decision, derived_id
from contracts.report_kinds import Outcome
from services.cases import endings, outbox, queue_states, states, verdicts
from services.cases.acts import off
from services.cases.acts.asked import ActOff, Asked, Malasked, Off
from services.cases.acts.doing import Doing
from services.cases.acts.money_deeds import give_up, settle
from services.cases.acts.situation import Situation
from services.cases.acts.tables import case_mentions
from services.cases.approvals import NothingLeft
from services.cases.case_rows import case_of, write
from services.cases.references import case_number
from services.cases.subjects import known_event
from services.cases.tables import case_entries, recorded_decisions
from services.platform.database import insert_new

#: A colleague named in a note.
_NAMED = re.compile(r"(?<![\w.@-])@([a-z0-9][a-z0-9._-]{0,62}[a-z0-9])")
#: At most so many colleagues see one note.
_MOST_NAMED = 10
_decode = json.Decoder(Decision).decode


async def fraud(doing: Doing, situation: Situation, asked: Asked) -> None:
    """The case, or one event of it, was fraud: held payments are given up, and the device is trusted no more."""
    if asked.event:
        await _label_one(doing, situation, asked.event, "fraud")
        return
    await _resolve(doing, situation, "fraud", asked.why)
    for payment in situation.payments:
        await settle(doing, situation, payment.event_id, "cancelled")
    if situation.device is not None:
        await give_up(doing, situation, situation.device)
    await doing.record(situation, "verdict_fraud")


async def legitimate(doing: Doing, situation: Situation, asked: Asked) -> None:
    """It was the owner: what is held goes, unless they deny it; the freeze ends, or a second person is asked."""
    if asked.event:
        await _label_one(doing, situation, asked.event, "legitimate")
        return
    await _resolve(doing, situation, "legitimate", asked.why)
    for payment in situation.payments:
        if payment.event_id not in situation.denied:
            await settle(doing, situation, payment.event_id, "released")
    await doing.record(situation, "verdict_legitimate")


async def unclear(doing: Doing, situation: Situation, asked: Asked) -> None:
    """Nobody can tell: the case ends, nothing is labelled, and nothing that stands still moves."""
    if asked.event:
        raise ActOff("unclear", Off("not_one_event"))
    await _resolve(doing, situation, "unclear", asked.why)
    await doing.record(situation, "verdict_unclear")


async def _resolve(doing: Doing, situation: Situation, verdict: states.Verdict, why: str) -> None:
    case = await doing.taken(situation.case)
    changed, decisions = await endings.resolve(
        doing.connection, case, verdict, doing.by, why or None, doing.ground.unfreezing, doing.now
    )
    doing.after.append(partial(verdicts.count, changed, decisions))


async def _label_one(doing: Doing, situation: Situation, event_id: str, verdict: states.Verdict) -> None:
    """Label one event of the case and leave the case as it stands. Raises Malasked for an event that is not in it."""
    case = situation.case
    query = (
        select(recorded_decisions.c.body)
        .join(case_entries, case_entries.c.event_id == recorded_decisions.c.event_id)
        .where(case_entries.c.case_id == case.case_id, case_entries.c.event_id == event_id)
        .where(recorded_decisions.c.account_id == case.account_id)
        .limit(1)
    )
    body = await doing.connection.scalar(query)
    if body is None:
        raise Malasked("event", "the event is none of the case's")
    decision = _decode(body)
    said = replace(case, case_id=doing.act_id, verdict=verdict)
    about = decision.about_event_id
    known = None if about is None else await known_event(doing.connection, case.account_id, about)
    record = verdicts.label(said, decision, doing.now, known=known)
    await outbox.put(doing.connection, [record], doing.now)
    changed = states.changed(case, doing.now)
    await write(doing.connection, case, changed, "labelled", doing.by, f"{verdict} {event_id}")
    doing.after.append(partial(verdicts.count, said, [decision]))
    await doing.record(situation, f"label_{verdict}", f"event {event_id}")


async def message(doing: Doing, situation: Situation, asked: Asked) -> None:
    """Words to the owner; the letter's reference follows from the act."""
    case = situation.case
    notice_id = letter_of(doing.act_id)
    await endings.write_to_owner(doing.connection, case, asked.text, doing.by, doing.now, notice_id)
    await doing.record(situation, "message")


def letter_of(act_id: str) -> str:
    """The notice whose letter tells of the act's words."""
    return derived_id(act_id, "letter")


async def note(doing: Doing, situation: Situation, asked: Asked) -> None:
    """Words for colleagues alone; whoever is named as @name sees them."""
    case = situation.case
    await doing.put(case, states.changed(case, doing.now), "internal_note", asked.text)
    names = list(dict.fromkeys(_NAMED.findall(asked.text)))[:_MOST_NAMED]
    rows = [
        {
            "act_id": doing.act_id,
            "name": name,
            "case_id": case.case_id,
            "account_id": case.account_id,
            "by": doing.by,
            "at": doing.now,
        }
        for name in names
    ]
    if rows:
        await doing.connection.execute(insert_new(case_mentions), rows)
    await doing.record(situation, "note")


async def file(doing: Doing, situation: Situation, _asked: Asked) -> None:
    """A file for colleagues alone. Raises ActOff for one that is there, and where there are enough."""
    case, files = situation.case, doing.ground.files
    if files is None or doing.file is None:
        raise ActOff("file", Off("no_files"))
    why = await files.put(doing.connection, case, doing.file, doing.by, doing.now)
    if why is not None:
        raise ActOff("file", why)
    await doing.put(case, states.changed(case, doing.now), "internal_file", doing.file.name)
    await doing.record(situation, "file_added", f"file {doing.file.digest} of case {case.case_id}")


async def take_file_back(doing: Doing, situation: Situation, asked: Asked) -> bool:
    """Remove the file that this act put there; False when it is gone."""
    case, files = situation.case, doing.ground.files
    if files is None or not await files.take_back(doing.connection, case.case_id, asked.file, doing.by):
        return False
    await doing.put(case, states.changed(case, doing.now), "taken_back", "file")
    await doing.record(situation, "file_taken_back", f"file {asked.file} of case {case.case_id}")
    return True


async def snooze(doing: Doing, situation: Situation, asked: Asked) -> None:
    """Lay the case aside. Raises IllegalTransition for a time that is over, or more than 180 days off."""
    case = situation.case
    await doing.put(case, queue_states.snoozed(case, asked.until, doing.now), "snoozed", asked.why)
    await doing.record(situation, "snooze")


async def wait(doing: Doing, situation: Situation, asked: Asked) -> None:
    """The case waits for something that its kind knows."""
    case = situation.case
    await doing.put(case, queue_states.waiting(case, asked.choice, doing.now), "waiting", asked.choice)
    await doing.record(situation, "wait")


async def escalate(doing: Doing, situation: Situation, asked: Asked) -> None:
    """A senior is to take it."""
    case = situation.case
    await doing.put(case, queue_states.escalated(case, doing.now), "escalated", asked.why)
    await doing.record(situation, "escalate")


async def merge(doing: Doing, situation: Situation, asked: Asked) -> None:
    """End this case in another of the account, which says so. Raises Malasked for one that is not there or has ended."""
    case = situation.case
    if asked.other not in {each.case_id for each in situation.others}:
        raise Malasked("other", "it must be another unresolved case of the account")
    into = await case_of(doing.connection, asked.other, lock=True)
    if into is None or into.state == "resolved":
        raise Malasked("other", "it must be another unresolved case of the account")
    await doing.put(into, states.changed(into, doing.now), "merged", case_number(case.case_id))
    await doing.put(
        case, queue_states.merged(case, into, doing.now), "resolved", f"into {case_number(into.case_id)}"
    )
    await doing.record(situation, "merge")


async def close(doing: Doing, situation: Situation, asked: Asked) -> None:
    """End a report as its kind may. Raises IllegalTransition for another end."""
    case = await doing.taken(situation.case)
    outcome = cast("Outcome", asked.choice)
    await endings.close(doing.connection, case, outcome, asked.text, doing.by, asked.why or None, doing.now)
    await doing.record(situation, "close")


async def reopen(doing: Doing, situation: Situation, asked: Asked) -> None:
    """Take the case up again. Raises IllegalTransition, OtherOpen."""
    await endings.reopen(doing.connection, situation.case, asked.why, doing.by, doing.now)
    await doing.record(situation, "reopen")


async def assign(doing: Doing, situation: Situation, asked: Asked) -> None:
    """Somebody has the case from now on. Raises IllegalTransition."""
    case = situation.case
    changed = states.assigned(case, asked.colleague, doing.now)
    await doing.put(case, changed, "assigned", asked.colleague)
    await doing.record(situation, "assign")


async def approve(doing: Doing, situation: Situation, asked: Asked) -> None:
    """Allow what a colleague asked for. Raises SamePerson, NotAllowed, NothingLeft, StepsMissing."""
    await _decide(doing, situation, asked, "approved")


async def refuse(doing: Doing, situation: Situation, asked: Asked) -> None:
    """Refuse what a colleague asked for, or take one's own back."""
    await _decide(doing, situation, asked, "refused")


async def _decide(
    doing: Doing, situation: Situation, asked: Asked, decision: Literal["approved", "refused"]
) -> None:
    found, decide = off.waiting(situation, asked), doing.ground.decide
    if found is None or doing.person is None or decide is None:
        raise NothingLeft("nothing of that id waits")
    case = situation.case
    await doing.put(case, states.changed(case, doing.now), decision, f"{found.act} {found.asked_by}")
    done = await decide(doing.connection, found.approval_id, doing.person, decision, doing.now)
    if done is None:
        raise NothingLeft("nothing of that id waits")
