"""The history of a case as its owner reads it: what they and support did, in order. Internal notes never show. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from notifier.facts import Reader
from services.cases.case_rows import Entry
from services.cases.states import Case
from services.portal.wording import Wording

#: What an owner is told of, and by whom it was done. Whatever else support notes in a case is for support alone.
_SHOWN = {
    "reported": "you",
    "opened": "us",
    "flagged": "us",
    "joined": "us",
    "note": "you",
    "file": "you",
    "assigned": "support",
    "message": "support",
    "step": "support",
    "resolved": "support",
    "reopened": "support",
    "withdrawn": "you",
    "appealed": "you",
}
#: Entries whose `note` the owner wrote, or support wrote to them.
_WORDS = frozenset({"note", "file", "message", "appealed"})


class Step(Struct, frozen=True):
    """One line of the history: what, when, the words that belong to it, and its look: done, or now for the newest."""

    what: str
    who: str
    words: str = ""
    state: str = "done"


def steps(entries: Sequence[Entry], case: Case, reader: Reader, t: Wording) -> list[Step]:
    """The history, newest first. Nothing of it names a person of support."""
    told: list[Step] = []
    taken = False
    for entry in entries:
        if entry.kind not in _SHOWN or (entry.kind == "step" and _did(entry, case) not in t):
            continue
        told.append(_step(entry, case, reader, t, taken))
        taken = taken or entry.kind == "assigned"
    newest = told[::-1]
    if newest and case.state != "resolved":
        first = newest[0]
        newest[0] = Step(first.what, first.who, first.words, "now")
    return newest


def _step(entry: Entry, case: Case, reader: Reader, t: Wording, taken: bool) -> Step:
    if entry.kind == "assigned" and taken:
        what = t("case.did_assigned_again")
    elif entry.kind == "step":
        what = t(_did(entry, case))
    elif entry.kind == "resolved":
        what = t("case.did_resolved", outcome=outcome(entry.verdict, t))
    elif entry.kind == "file":
        what = t("case.did_file", name=entry.note or "")
    else:
        what = t(f"case.did_{entry.kind}")
    words = entry.note or "" if entry.kind in _WORDS - {"file"} else ""
    by = t(f"case.by_{_SHOWN[entry.kind]}")
    who = reader.words.frame["comma"].join([by, reader.moment(entry.at)])
    return Step(what, who, words)


def _did(entry: Entry, case: Case) -> str:
    """The sentence in which an owner reads of a step; there is none for those that are support's own."""
    return f"step.{case.kind}_{entry.note}"


def outcome(verdict: str | None, t: Wording) -> str:
    """How a case ended, in words; also one that this page does not know."""
    key = f"outcome.{verdict}"
    return t(key) if key in t else t("outcome.other")


def standing(case: Case, now: float, reader: Reader, t: Wording) -> dict[str, Any]:
    """Where the case stands: a status with its tone, what comes next, and what of that is the owner's to do."""
    if case.state == "resolved":
        tone = "calm" if case.verdict == "withdrawn" else "good"
        return {
            "stands": t("case.status_resolved"),
            "tone": tone,
            "next": outcome(case.verdict, t),
            "sub": t("case.next_over"),
        }
    status = t(f"case.status_{'open' if case.state == 'open' else 'review'}")
    due, sub = case.due_at, "case.next_decision_sub"
    title = "case.next_decision"
    if case.first_answered_at is None and case.first_response_due_at is not None:
        due, title, sub = case.first_response_due_at, "case.next_first", "case.next_first_sub"
    if due is None:
        return {"stands": status, "tone": "wait", "next": t("case.next_look"), "sub": t("case.next_look_sub")}
    if due < now:
        return {"stands": status, "tone": "wait", "next": t("case.next_late"), "sub": t("case.next_late_sub")}
    return {"stands": status, "tone": "wait", "next": t(title, due=reader.moment(due)), "sub": t(sub)}
