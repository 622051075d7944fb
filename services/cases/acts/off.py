"""Why an act cannot be done, given how it stands: the same answer on the page, in the API and when it is carried out. Pure."""

from __future__ import annotations

from services.cases.acts.asked import Asked, Off
from services.cases.acts.situation import Situation
from services.cases.approvals import Approval
from services.cases.endings import needed


def nothing(_situation: Situation, _asked: Asked) -> Off | None:
    """Never off."""
    return None


def resolved(situation: Situation, _asked: Asked) -> Off | None:
    """Once the case is resolved."""
    return Off("resolved") if situation.case.state == "resolved" else None


def verdict(situation: Situation, asked: Asked) -> Off | None:
    """Once resolved, where a report ends otherwise, and while another verdict leaves. Of one event nothing is in the way."""
    if asked.event:
        return None if situation.case.kind == "risk" else Off("not_risk")
    if situation.case.kind != "risk":
        return Off("not_risk")
    return resolved(situation, asked) or _leaves(situation, "fraud", "legitimate", "unclear")


def let_go(situation: Situation, asked: Asked) -> Off | None:
    """Without a held payment, and while its owner says that they did not make it and no verdict says otherwise."""
    payment = situation.payment(asked.event)
    if payment is None:
        return Off("no_payment")
    if situation.asked("release_payment", payment.effect_id) is not None:
        return Off("asked")
    if payment.event_id in situation.denied - situation.cleared:
        return Off("denied")
    return _leaves(situation, "let_go", "cancel", "fraud", "legitimate")


def cancel(situation: Situation, asked: Asked) -> Off | None:
    """Without a held payment."""
    if situation.payment(asked.event) is None:
        return Off("no_payment")
    return _leaves(situation, "let_go", "cancel", "fraud", "legitimate")


def freeze(situation: Situation, _asked: Asked) -> Off | None:
    """While the account is frozen."""
    hold = situation.hold
    return None if hold is None else Off("frozen", {"at": str(hold.placed_at)})


def ask_unfreeze(situation: Situation, _asked: Asked) -> Off | None:
    """While it is not frozen, asked for already, or the policy's steps are missing."""
    hold = situation.hold
    if hold is None:
        return Off("not_frozen")
    asked = situation.asked("unfreeze", hold.hold_id)
    if asked is not None:
        return Off("asked_by", {"who": asked.asked_by, "at": str(asked.asked_at)})
    if situation.missing:
        return Off("steps_missing", {"steps": " ".join(situation.missing)})
    return _leaves(situation, "ask_unfreeze", "legitimate")


def ask_again(situation: Situation, asked: Asked) -> Off | None:
    """While the wallet has confirmed everything, or what is asked for."""
    return None if situation.to_ask(asked.other) else Off("confirmed")


def distrust(situation: Situation, _asked: Asked) -> Off | None:
    """Where no device is known of the case's events."""
    return _leaves(situation, "distrust", "fraud") if situation.device is not None else Off("no_device")


def factor_check(situation: Situation, _asked: Asked) -> Off | None:
    """Where the account has no factor, or is being asked for a code."""
    if not situation.may_check or not situation.has_factor:
        return Off("no_factor")
    if situation.newest_event is None:
        return Off("no_event")
    return Off("check_open") if situation.check_open else _leaves(situation, "factor_check")


def escalate(situation: Situation, asked: Asked) -> Off | None:
    """Once resolved, and for what is for senior people already."""
    return Off("escalated") if situation.case.escalated_at is not None else resolved(situation, asked)


def message(situation: Situation, asked: Asked) -> Off | None:
    """Once resolved."""
    return resolved(situation, asked)


def file(situation: Situation, asked: Asked) -> Off | None:
    """Once resolved, and where nobody keeps files."""
    return resolved(situation, asked) if situation.may_file else Off("no_files")


def close(situation: Situation, asked: Asked) -> Off | None:
    """Once resolved, for a case of risk, which ends with a verdict, and while what that end needs is not filled in."""
    if situation.case.kind == "risk":
        return Off("risk_ends")
    field = needed(situation.case.kind, asked.choice)
    if field is not None and field not in situation.filled:
        return resolved(situation, asked) or Off("needs", {"kind": situation.case.kind, "field": field})
    return resolved(situation, asked) or _leaves(situation, "close", "merge")


def merge(situation: Situation, asked: Asked) -> Off | None:
    """Once resolved, for a case of risk, and where the account has no other case."""
    if situation.case.kind == "risk":
        return Off("risk_ends")
    return resolved(situation, asked) or (None if situation.others else Off("no_other"))


def reopen(situation: Situation, _asked: Asked) -> Off | None:
    """Unless resolved, and while another case of risk is open."""
    if situation.case.state != "resolved":
        return Off("not_resolved")
    if situation.case.kind == "risk" and situation.other_risk is not None:
        return Off("other_open", {"case_id": situation.other_risk})
    return _leaves(situation, "reopen")


def approve(situation: Situation, asked: Asked) -> Off | None:
    """Where nothing waits, and for whoever asked."""
    found = waiting(situation, asked)
    if found is None:
        return Off("nothing_asked")
    return Off("own") if found.asked_by == situation.by else None


def refuse(situation: Situation, asked: Asked) -> Off | None:
    """Where nothing waits. Whoever asked may take it back."""
    return None if waiting(situation, asked) is not None else Off("nothing_asked")


def waiting(situation: Situation, asked: Asked) -> Approval | None:
    """What waits for a second person: the one named, else the oldest of the account."""
    found = [each for each in situation.approvals if asked.other in ("", each.approval_id)]
    return found[0] if found else None


def _leaves(situation: Situation, *kinds: str) -> Off | None:
    """While one of these is under way already."""
    return Off("leaves") if not situation.leaving.isdisjoint(kinds) else None
