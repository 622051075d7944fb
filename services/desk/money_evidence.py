"""Evidence about money: failures and their cause, the channel, and a top-up's trace. Pure."""

from __future__ import annotations

from services.desk.evidence_found import Found
from services.desk.failure_view import cause_of
from services.desk.kind_reading import Around
from services.desk.story_parts import Telling, one_line
from services.desk.top_up_trace import trace_of


def failures(around: Around, tell: Telling, _now: float) -> Found | None:
    """How often payments of the account failed of late."""
    if not around.failed:
        return None
    return Found(tell.t("evidence.failures", n=len(around.failed)), "activity", around.failed[0].at)


def cause(around: Around, tell: Telling, _now: float) -> Found | None:
    """Why they failed, as far as the wallet or support says."""
    known = cause_of(around)
    return None if known is None else Found(known.said.in_(tell.locale), "wallet", around.file.case.opened_at)


def channel(around: Around, tell: Telling, _now: float) -> Found | None:
    """What goes on at the channel."""
    at = around.channel
    if at is None:
        return None
    counts = tell.t("evidence.channel", failed=at.failed, waiting=at.waiting)
    return Found(tell.join(one_line(at.name), counts), "activity")


def trace(around: Around, tell: Telling, now: float) -> Found | None:
    """Where the top-up is."""
    if around.subject is None:
        return None
    return Found(trace_of(around, tell, now).state, "activity", around.subject.at)


def credited(around: Around, tell: Telling, _now: float) -> Found | None:
    """When it arrived; None while it has not."""
    done = next((row for row in around.traced if row.outcome == "completed"), None)
    if done is None:
        return None
    return Found(
        tell.t("evidence.credited", at=f"{tell.date(done.at)} {tell.clock(done.at)}"), "activity", done.at
    )


def top_ups(around: Around, tell: Telling, _now: float) -> Found | None:
    """How many top-ups there were, and arrived."""
    arrived = sum(row.outcome == "completed" for row in around.top_ups)
    return Found(tell.t("evidence.top_ups", n=len(around.top_ups), arrived=arrived), "activity")
