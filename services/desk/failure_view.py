"""Why payments failed, in one sentence, the checks that say so, and the tries. Pure."""

from __future__ import annotations

from msgspec import Struct

from services.cases.kind_files import kinds
from services.cases.kind_shapes import Cause
from services.cases.repeated_failures import FLAGGED, KIND
from services.desk.kind_reading import Around
from services.desk.story_parts import Telling, one_line


class Check(Struct, frozen=True):
    """One thing that may be the cause: whether it is, and what is known of it."""

    icon: str
    css: str
    name: str
    said: str
    result: str


class Try(Struct, frozen=True):
    """One payment that failed."""

    at: str
    hover: str
    amount: str
    channel: str
    answer: str
    mine: bool


class FailureView(Struct, frozen=True, kw_only=True):
    """The middle of the page: the cause and what helps, the checks, how many are clear, the tries, and whether it was flagged."""

    cause: str
    remedy: str
    known: bool
    checks: list[Check]
    clear: int
    tries: list[Try]
    flagged: str


def cause_of(around: Around) -> Cause | None:
    """What support wrote down, else what the wallet's code of the payment, or of the newest failure, means."""
    kind = kinds()[KIND]
    written = around.work.value("cause")
    by_name = next((cause for cause in kind.causes if cause.name == written), None)
    if by_name is not None:
        return by_name
    rows = [row for row in (around.subject, *around.failed) if row is not None and row.outcome == "failed"]
    return next((cause for row in rows if (cause := kind.cause(row.reason)) is not None), None)


def failure_view(around: Around, tell: Telling) -> FailureView:
    """The middle of a payment failure's page."""
    cause = cause_of(around)
    checks = [_check(each, cause, around, tell) for each in kinds()[KIND].causes]
    return FailureView(
        cause=tell.t("failed.unknown") if cause is None else cause.said.in_(tell.locale),
        remedy=tell.t("failed.unknown_remedy") if cause is None else cause.remedy.in_(tell.locale),
        known=cause is not None,
        checks=checks,
        clear=sum(each.css == "ok" for each in checks),
        tries=[
            Try(
                at=f"{tell.date(row.at)} {tell.clock(row.at, seconds=True)}",
                hover=tell.hover(row.at),
                amount=tell.money(row.amount, row.currency),
                channel=one_line(row.channel) if row.channel else "—",
                answer=one_line(row.reason) if row.reason else tell.t("failed.no_code"),
                mine=row.event_id in around.file.event_ids,
            )
            for row in around.failed
        ],
        flagged=flagged_words(around, tell),
    )


def flagged_words(around: Around, tell: Telling) -> str:
    """That PayGuard opened the case by itself, and what for; nothing where its owner reported it."""
    entry = next((each for each in around.file.entries if each.kind == FLAGGED), None)
    if entry is None:
        return ""
    what, _, rest = (entry.note or "").partition(" ")
    name, _, count = rest.partition(" accounts ")
    if what == "channel":
        return tell.t("failed.flagged_channel", channel=one_line(name), n=count)
    return tell.t("failed.flagged", n=len(around.failed))


def _check(each: Cause, cause: Cause | None, around: Around, tell: Telling) -> Check:
    t, n = tell.t, len(around.failed)
    codes = {code for row in around.failed if (code := row.reason) and kinds()[KIND].cause(code) == each}
    name = t(f"failed.check_{each.name}")
    if cause == each:
        said = tell.join(*sorted(one_line(code) for code in codes)) or t("failed.written_down")
        return Check("warn", "bad", name, said, t("failed.is_cause"))
    if codes:
        return Check("warn", "", name, tell.join(*sorted(one_line(code) for code in codes)), t("failed.seen"))
    if each.name == "our_hold":
        held = any(hold.released_at is None for hold in around.file.holds)
        if held:
            return Check("warn", "", name, t("failed.hold_stands"), t("failed.seen"))
    if each.name == "channel" and around.channel is not None:
        said = t("evidence.channel", failed=around.channel.failed, waiting=around.channel.waiting)
        return Check("done", "ok", name, tell.join(one_line(around.channel.name), said), t("failed.clear"))
    return Check("done", "ok", name, t("failed.none_of", n=n), t("failed.clear"))
