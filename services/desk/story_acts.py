"""What PayGuard, the wallet and the staff did, as lines of the story: messages, stops, contacts and acts on the case. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from services.cases.approvals import Approval
from services.cases.case_rows import Entry
from services.cases.mail_addresses import masked
from services.cases.owners import Telling as Told
from services.cases.owners import Try
from services.desk.case_file import Asked, CaseFile, PointKept
from services.desk.story_parts import Line, Telling
from services.desk.work_lines import work_words

#: Messages that were none: another one told of the same matter.
_TOLD_OTHERWISE = frozenset({"joined_incident", "told_by_decision"})
_BEST = ("delivered", "handed_over", "sending", "waiting", "failed", "suppressed")
_CHANNELS = frozenset({"mail", "sms", "push", "chat", "web_push", "inbox"})
#: Entries that another line tells of, or a list beside the story.
_TOLD_ELSEWHERE = frozenset({"joined", "note", "internal_note", "file", "answer"})


def act_lines(file: CaseFile, tell: Telling) -> list[Line]:
    """All of these lines, in no order."""
    told = {each.notice_id: each for each in file.owner.told}
    types = {row.event_id: row.type for row in file.rows}
    return [
        *(
            _message(each, types.get(each.event_id), tell)
            for each in file.owner.told
            if each.why not in _TOLD_OTHERWISE
        ),
        *(_asked(each, tell) for each in file.asked),
        *_contacts(file.points, told, tell),
        *(line for each in file.entries if (line := _entry(each, file.case.kind, tell)) is not None),
        *(line for each in file.approvals for line in _approval(each, tell)),
    ]


def _message(told: Told, event_type: str | None, tell: Telling) -> Line:
    letter = tell.reader.words.letter(told.template, event_type)
    what = None if letter is None else letter.get("chip")
    tries = [each for each in told.tries if each.channel != "inbox"] or told.tries
    reached = [each for each in tries if each.state in ("delivered", "handed_over")] or tries
    ways = list(dict.fromkeys(_way(each, tell) for each in reached))
    key = "story.message" if what else "story.message_any"
    how = tell.t("story.by_ways", ways=tell.t("story.and").join(ways)) if ways else ""
    best = min(tries, key=lambda each: _BEST.index(each.state), default=None)
    return Line(
        at=told.recorded_at,
        sign="mail",
        words=tell.t(key, what=what, reference=told.reference, how=how).strip(),
        outcome=_fared(told, best, tell),
    )


def _way(tried: Try, tell: Telling) -> str:
    name = f"channel.{tried.channel if tried.channel in _CHANNELS else 'other'}"
    return tell.t(name)


def _fared(told: Told, best: Try | None, tell: Telling) -> str:
    state = told.state if best is None or told.state == "undeliverable" else best.state
    if best is not None and state in ("delivered", "handed_over"):
        return tell.t(f"outcome.message_{state}", took=tell.span(max(0.0, best.at - told.recorded_at)))
    return tell.t(f"outcome.message_{state}")


def _asked(asked: Asked, tell: Telling) -> Line:
    """What the wallet was asked; an unanswered one is told loudly."""
    if asked.confirmed:
        outcome = tell.t("outcome.wallet", took=tell.span(asked.took_s or 0.0))
    else:
        outcome = tell.t("outcome.wallet_failed" if asked.result == "failed" else "outcome.wallet_silent")
    said = "done" if asked.confirmed else "asked"
    return Line(
        at=asked.asked_at,
        sign="stop",
        words=tell.t(f"wallet.{asked.kind}_{said}"),
        outcome=outcome,
        unconfirmed=not asked.confirmed,
    )


def _contacts(points: Sequence[PointKept], told: dict[str, Told], tell: Telling) -> list[Line]:
    """A line for each way to the owner that took the place of another: both masked, and whether the old one was told."""
    found = []
    before: dict[str, PointKept] = {}
    for point in points:
        old = before.get(point.channel)
        before[point.channel] = point
        if old is None or point.channel not in ("mail", "sms", "chat"):
            continue
        way = tell.t(f"contact.{point.channel}")
        words = tell.t("story.contact", way=way, old=masked(old.address), new=masked(point.address))
        notice = told.get(point.told_by or "")
        reached = notice is not None and notice.state == "delivered"
        outcome = tell.t("outcome.old_told" if reached else "outcome.old_untold")
        found.append(Line(at=point.since, sign="change", words=words, outcome=outcome))
    return found


def _entry(entry: Entry, kind: str, tell: Telling) -> Line | None:
    if entry.kind in _TOLD_ELSEWHERE:
        return None
    t, who = tell.t, tell.who(entry.actor)
    if (work := work_words(entry, kind, tell)) is not None:
        words = work
    elif entry.kind == "opened" and entry.severity is None:
        words = t("story.case_opened_by_hand", who=who)
    elif entry.kind == "opened":
        words = t("story.case_opened", severity=t(f"severity.{entry.severity}"))
    elif entry.kind in ("assigned", "claimed"):
        taken = entry.note is None or entry.note in (entry.actor, (entry.actor or "").partition(":")[2])
        words = t("story.case_taken" if taken else "story.case_given", who=who, to=tell.who(entry.note))
    elif entry.kind in ("resolved", "closed", "withdrawn") and entry.verdict is not None:
        key = f"verdict.{entry.verdict}"
        words = t("story.case_resolved", verdict=t(key) if key in t else entry.verdict, who=who)
    else:
        key = f"story.case_{entry.kind}"
        words = t(key if key in t else "story.case_changed", who=who)
    return Line(at=entry.at, sign="case", words=words)


def _approval(approval: Approval, tell: Telling) -> list[Line]:
    t = tell.t
    named = f"approval.{approval.act}"
    what = t(named) if named in t else approval.act
    asked = t("story.approval_asked", who=tell.who(approval.asked_by), what=what)
    lines = [Line(at=approval.asked_at, sign="case", words=asked)]
    if approval.decision is not None and approval.decided_at is not None:
        key = f"story.approval_{approval.decision}"
        words = t(key, who=tell.who(approval.decided_by), what=what)
        lines.append(Line(at=approval.decided_at, sign="case", words=words))
    return lines
