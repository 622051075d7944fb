"""What an act will do, as lines to read before it is done: what moves, who is told, what is learned, what stays. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from services.cases.acts import off
from services.cases.acts.asked import Asked, Line
from services.cases.acts.situation import Situation
from services.cases.held_payments import HeldPayment


def fraud(situation: Situation, asked: Asked) -> Iterator[Line]:
    """The held payments are given up, the device is trusted no more, events are labelled."""
    if asked.event:
        yield Line("label_one_fraud")
        yield Line("stays_case", stays=True)
        return
    for payment in situation.payments:
        yield Line("cancelled", _money(payment))
    if situation.device is not None:
        yield Line("distrusted", {"device": situation.device.name or ""})
    yield from _told(situation, money=bool(situation.payments))
    yield Line("labelled_fraud", {"count": str(situation.events)})
    yield Line("stays_frozen" if situation.hold is not None else "stays_open", stays=True)


def legitimate(situation: Situation, asked: Asked) -> Iterator[Line]:
    """What is held is let go, unless its owner denies it; the freeze ends, or a second person is asked."""
    if asked.event:
        yield Line("label_one_legitimate")
        yield Line("stays_case", stays=True)
        return
    free = [each for each in situation.payments if each.event_id not in situation.denied]
    for payment in free:
        yield Line("let_go", _money(payment))
    if situation.hold is not None and not situation.missing:
        yield Line("unfreeze_asked" if situation.two else "unfrozen")
    yield from _told(situation, money=bool(free))
    yield Line("labelled_legitimate", {"count": str(situation.events)})
    for payment in situation.payments:
        if payment.event_id in situation.denied:
            yield Line("stays_held", _money(payment), stays=True)
    if situation.hold is not None and situation.missing:
        yield Line("stays_steps", {"steps": " ".join(situation.missing)}, stays=True)


def unclear(situation: Situation, asked: Asked) -> Iterator[Line]:
    """The case ends and nothing else moves."""
    yield Line("ends_unclear")
    yield Line("stays_unlabelled", stays=True)
    if situation.payments or situation.hold is not None:
        yield Line("stays_stopped", stays=True)


def let_go(situation: Situation, asked: Asked) -> Iterator[Line]:
    """One payment goes, or a second person is asked."""
    payment = situation.payment(asked.event)
    if payment is None:
        return
    if payment.event_id in situation.denied:
        yield Line("let_go_asked", _money(payment))
        yield Line("stays_held", _money(payment), stays=True)
        return
    yield Line("let_go", _money(payment))
    yield from _told(situation, money=True)
    yield Line("stays_case", stays=True)


def cancel(situation: Situation, asked: Asked) -> Iterator[Line]:
    """One payment is given up."""
    payment = situation.payment(asked.event)
    if payment is None:
        return
    yield Line("cancelled", _money(payment))
    yield from _told(situation, money=True)
    yield Line("stays_case", stays=True)


def freeze(situation: Situation, _asked: Asked) -> Iterator[Line]:
    """Money stops at once."""
    yield Line("frozen_now")
    yield Line("told_frozen" if situation.reachable else "told_nobody")
    yield Line("stays_in", stays=True)


def ask_unfreeze(situation: Situation, _asked: Asked) -> Iterator[Line]:
    """A second person is asked, or the freeze ends."""
    if situation.two:
        yield Line("unfreeze_asked")
        yield Line("stays_until_second", stays=True)
        return
    yield Line("unfrozen")
    yield from _told(situation, money=True)


def end_sessions(situation: Situation, _asked: Asked) -> Iterator[Line]:
    """Every session ends at once."""
    yield Line("sessions_end")
    yield Line("stays_money" if situation.hold is None else "stays_frozen_still", stays=True)


def ask_again(situation: Situation, asked: Asked) -> Iterator[Line]:
    """The wallet is asked again for each thing that it has not confirmed, or for one of them."""
    for each in situation.to_ask(asked.other):
        yield Line(f"again_{each.kind}", {"at": str(each.at)})
    yield Line("stays_once", stays=True)


def distrust(situation: Situation, _asked: Asked) -> Iterator[Line]:
    """One device is a stranger's again."""
    device = situation.device
    yield Line("distrusted", {"device": "" if device is None else device.name or ""})
    yield Line("stays_other_devices", stays=True)


def factor_check(situation: Situation, _asked: Asked) -> Iterator[Line]:
    """The owner is asked for a code."""
    yield Line("check_asked")
    yield Line("check_where")
    yield Line(
        "stays_stopped" if situation.hold is not None or situation.payments else "stays_case", stays=True
    )


def message(situation: Situation, _asked: Asked) -> Iterator[Line]:
    """The words stand in the owner's case, and a letter says so."""
    yield Line("message_stands")
    yield Line("told_letter" if situation.reachable else "told_nobody")
    if situation.case.first_answered_at is None and situation.case.first_response_due_at is not None:
        yield Line("first_answer")
    yield Line("stays_case", stays=True)


def note(_situation: Situation, _asked: Asked) -> Iterator[Line]:
    """For colleagues alone."""
    yield Line("note_stands")
    yield Line("stays_unseen", stays=True)


def file(_situation: Situation, _asked: Asked) -> Iterator[Line]:
    """A file for colleagues alone."""
    yield Line("file_stands")
    yield Line("file_made_anew")
    yield Line("stays_unseen", stays=True)


def snooze(_situation: Situation, _asked: Asked) -> Iterator[Line]:
    """Out of the queue for a time."""
    yield Line("snoozed")
    yield Line("stays_clock", stays=True)


def wait(_situation: Situation, _asked: Asked) -> Iterator[Line]:
    """The case waits for something."""
    yield Line("waits")
    yield Line("stays_clock", stays=True)


def escalate(_situation: Situation, _asked: Asked) -> Iterator[Line]:
    """A senior takes it."""
    yield Line("escalated")
    yield Line("stays_clock", stays=True)


def merge(_situation: Situation, _asked: Asked) -> Iterator[Line]:
    """This case ends in another."""
    yield Line("merged")
    yield Line("stays_both", stays=True)


def close(situation: Situation, _asked: Asked) -> Iterator[Line]:
    """The report ends as its kind may."""
    yield Line("closed")
    yield Line("told_letter" if situation.reachable else "told_nobody")
    yield Line("stays_appeal", stays=True)


def reopen(_situation: Situation, _asked: Asked) -> Iterator[Line]:
    """The case is open again."""
    yield Line("reopened")
    yield Line("stays_labels", stays=True)


def assign(situation: Situation, _asked: Asked) -> Iterator[Line]:
    """Somebody has it."""
    yield Line("assigned" if situation.case.assignee is None else "handed_on")
    yield Line("stays_clock", stays=True)


def approve(situation: Situation, asked: Asked) -> Iterator[Line]:
    """What somebody asked for is done at once."""
    found = off.waiting(situation, asked)
    if found is not None:
        yield Line(f"approved_{found.act}")
        yield Line("told_asker", {"who": found.asked_by})
        yield Line("stays_case", stays=True)


def refuse(situation: Situation, asked: Asked) -> Iterator[Line]:
    """What somebody asked for is not done."""
    found = off.waiting(situation, asked)
    if found is not None:
        yield Line("taken_back" if found.asked_by == situation.by else "refused")
        yield Line("stays_stopped", stays=True)


def _money(payment: HeldPayment) -> dict[str, str]:
    return {"amount": payment.amount, "currency": payment.currency}


def _told(situation: Situation, *, money: bool) -> Iterator[Line]:
    if money:
        yield Line("told_letter" if situation.reachable else "told_nobody")
