"""Evidence that is filled in by itself: a function of each name that kinds of cases may ask for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from services.cases.kind_shapes import Evidence
from services.cases.references import reference
from services.desk import money_evidence
from services.desk.evidence_found import Found, Query, event_words
from services.desk.kind_reading import Around
from services.desk.story_parts import Telling, one_line

_DAY_S = 86_400.0
_MOST_NAMED = 3


def _event(around: Around, tell: Telling, _now: float) -> Found | None:
    row = around.subject
    if row is None:
        return None
    what = event_words(row, tell)
    said = tell.join(
        what, f"{tell.date(row.at)} {tell.clock(row.at, seconds=True)}", row.reference or row.event_id
    )
    return Found(said, "activity", row.at)


def _payee(around: Around, tell: Telling, _now: float) -> Found | None:
    row = around.subject
    if row is None or row.payee_id is None:
        return None
    before = [
        each
        for each in around.file.rows
        if each.payee_id == row.payee_id and each.at < row.at and each.outcome != "failed"
    ]
    times = tell.t("evidence.payee_new") if not before else tell.t("evidence.payee_times", n=len(before))
    return Found(tell.join(one_line(row.payee_id), times), "activity")


def _device(around: Around, tell: Telling, _now: float) -> Found | None:
    row = around.subject
    if row is None or row.device is None:
        return None
    first = min(
        (
            each.at
            for each in around.file.rows
            if each.device_key == row.device_key and row.device_key is not None
        ),
        default=row.at,
    )
    key = "evidence.device_new" if first >= row.at else "evidence.device_since"
    place = tell.city(row.city, row.country)
    return Found(
        tell.join(tell.whole_device(row.device), tell.t(key, day=tell.date(first)), place), "activity"
    )


def _devices(around: Around, tell: Telling, _now: float) -> Found | None:
    names = dict.fromkeys(row.device for row in around.file.rows if row.device is not None)
    if not names:
        return None
    told = [tell.device(name) for name in list(names)[:_MOST_NAMED]]
    return Found(tell.join(*told), "activity")


def _last_place(around: Around, tell: Telling, _now: float) -> Found | None:
    row = next((each for each in around.file.rows if each.city or each.country), None)
    if row is None:
        return None
    return Found(
        tell.join(tell.city(row.city, row.country), f"{tell.date(row.at)} {tell.clock(row.at)}"),
        "activity",
        row.at,
    )


def _second_factor(around: Around, tell: Telling, _now: float) -> Found | None:
    """The challenge and its grant: was the second factor applied to this event."""
    subject = around.file.case.subject_event_id
    if subject is None:
        return None
    asked = next((each for each in around.file.challenges if each.event_id == subject), None)
    if asked is None:
        return Found(tell.t("evidence.factor_not_asked"), "challenge")
    at = asked.closed_at
    state = f"evidence.factor_{asked.state}"
    said = tell.t(state if state in tell.t else "evidence.factor_open")
    if asked.state == "passed" and at is not None:
        said = tell.join(said, tell.span(max(0.0, at - asked.issued_at)))
        bound = "evidence.factor_bound" if asked.amount is not None else "evidence.factor_unbound"
        said = tell.join(said, tell.t(bound))
    return Found(said, "challenge", at or asked.issued_at)


def _factor(around: Around, tell: Telling, _now: float) -> Found | None:
    kept = around.file.factor
    if kept is None:
        return Found(tell.t("evidence.factor_none"), "factor")
    since = "" if kept.confirmed_at is None else tell.date(kept.confirmed_at)
    return Found(tell.t(f"evidence.factor_is_{kept.state}", day=since), "factor", kept.confirmed_at)


def _holds(around: Around, tell: Telling, _now: float) -> Found | None:
    standing = next((hold for hold in around.file.holds if hold.released_at is None), None)
    if standing is not None:
        at = standing.placed_at
        said = tell.t("evidence.frozen", at=f"{tell.date(at)} {tell.clock(at)}")
        return Found(said, "holds", at)
    held = next((each for each in around.file.payments if each.state == "held"), None)
    if held is not None:
        return Found(
            tell.t("evidence.held", money=tell.money(held.amount, held.currency)), "holds", held.placed_at
        )
    return Found(tell.t("evidence.free"), "holds")


def _stopped(around: Around, tell: Telling, now: float) -> Found | None:
    found = _holds(around, tell, now)
    return found if found is not None and found.at is not None else None


def _messages(around: Around, tell: Telling, _now: float) -> Found | None:
    subject = around.file.case.subject_event_id
    mine = [each for each in around.file.owner.told if subject is not None and each.event_id == subject]
    if not mine:
        return None
    last = mine[-1]
    return Found(tell.t("evidence.messages", n=len(mine), ref=reference(last.notice_id)), "messages")


def _files(around: Around, tell: Telling, _now: float) -> Found | None:
    files = around.file.files
    if not files:
        return None
    names = tell.join(*(one_line(file.name) for file in files[:_MOST_NAMED]))
    source = "owner" if any(file.added_by == "owner" for file in files) else "case"
    return Found(tell.t("evidence.files", names=names, n=len(files)), source, files[-1].added_at)


def _told(around: Around, tell: Telling, _now: float) -> Found | None:
    told = around.told
    return None if told is None else Found(one_line(told.text), "owner", told.made_at)


def _answered(around: Around, tell: Telling, _now: float) -> Found | None:
    written = [entry for entry in around.file.entries if entry.kind == "message"]
    if not written:
        return None
    return Found(tell.t("evidence.answered", who=tell.who(written[-1].actor)), "case", written[-1].at)


def _owner_word(around: Around, tell: Telling, _now: float) -> Found | None:
    own = around.file.event_ids
    said = [each for each in around.file.words if each.undone_at is None and each.about_event_id in own]
    return Found(tell.t(f"chip.{said[0].verdict}"), "owner", said[0].told_at) if said else None


def _followed(around: Around, tell: Telling, _now: float) -> Found | None:
    row = around.subject
    if row is None:
        return None
    after = [each for each in around.file.rows if row.at < each.at <= row.at + _DAY_S]
    money = sum(each.type == "transaction" for each in after)
    changes = sum(each.type == "account_change" for each in after)
    return Found(tell.t("evidence.followed", n=len(after), money=money, changes=changes), "activity")


def _signed_out(around: Around, tell: Telling, _now: float) -> Found | None:
    since = around.file.case.opened_at
    asked = next(
        (each for each in around.file.asked if each.kind == "revoke_sessions" and each.asked_at >= since),
        None,
    )
    if asked is None:
        return None
    key = "evidence.signed_out" if asked.confirmed else "evidence.signing_out"
    return Found(tell.t(key), "wallet", asked.asked_at)


def _distrusted(around: Around, tell: Telling, _now: float) -> Found | None:
    return _last_row(around, tell, "owner_act", {"forget_device"}, "evidence.distrusted") or _last_row(
        around, tell, "account_change", {"device_removed"}, "evidence.distrusted"
    )


def _re_enrolled(around: Around, tell: Telling, _now: float) -> Found | None:
    return _last_row(
        around, tell, "account_change", {"totp_enrolled", "totp_replaced"}, "evidence.re_enrolled"
    )


def _last_row(around: Around, tell: Telling, kind: str, names: set[str], key: str) -> Found | None:
    since = around.file.case.opened_at
    row = next(
        (each for each in around.file.rows if each.type == kind and each.kind in names and each.at >= since),
        None,
    )
    return None if row is None else Found(tell.t(key), "activity", row.at)


def _help(around: Around, tell: Telling, _now: float) -> Found | None:
    if not around.answers:
        return None
    return Found(tell.join(*(each.text.title for each in around.answers)), "help", around.file.case.opened_at)


EVIDENCE: Mapping[Evidence, Query] = {
    "event": _event,
    "payee": _payee,
    "device": _device,
    "devices": _devices,
    "last_place": _last_place,
    "second_factor": _second_factor,
    "factor": _factor,
    "holds": _holds,
    "messages": _messages,
    "files": _files,
    "told": _told,
    "answered": _answered,
    "owner_word": _owner_word,
    "failures": money_evidence.failures,
    "cause": money_evidence.cause,
    "channel": money_evidence.channel,
    "trace": money_evidence.trace,
    "credited": money_evidence.credited,
    "top_ups": money_evidence.top_ups,
    "followed": _followed,
    "signed_out": _signed_out,
    "distrusted": _distrusted,
    "re_enrolled": _re_enrolled,
    "help": _help,
}
#: What of these does a step: of a hold, that one stands.
DOES_STEP: Mapping[Evidence, Query] = {**EVIDENCE, "holds": _stopped}
assert set(EVIDENCE) == set(get_args(Evidence))
