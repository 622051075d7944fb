"""What a case's page and an act's page show of acts: the bar, what leaves, what came back, and what colleagues ask for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from notifier import spelled
from services.cases.acts.asked import Asked, Line
from services.cases.acts.registry import ACTS
from services.cases.acts.rows import Kept, OnCase, on_case
from services.cases.acts.situation import JOINS, Ground, Known, Other, Situation, device_of, situation_of
from services.cases.approvals import Approval
from services.cases.case_rows import Entry
from services.desk.case_file import CaseFile
from services.desk.frame import on_clock, words
from services.desk.offered import act_path, off_words, offered, steps_words
from services.desk.surroundings import Surroundings
from services.portal.wording import Wording
from services.staff.access import SENIORS
from services.staff.members import Member


class Shown(Struct, frozen=True, kw_only=True):
    """One line that tells of an act: what, who, how long it may be taken back, and where that is done."""

    act_id: str
    what: str
    who: str
    left_s: int = 0
    mine: bool = False
    why: str = ""
    path: str = ""


class Ask(Struct, frozen=True, kw_only=True):
    """What a colleague asks for: who, for what, why, what it costs meanwhile, until when, and whether this member may decide."""

    approval_id: str
    act: str
    title: str
    why: str
    costs: str
    when: str
    account_id: str
    own: bool
    may: bool
    yes: str = ""
    no: str = ""
    to: str = ""


class ActsRead(Struct, frozen=True):
    """How it stands with a case for a member, and the acts on it that concern them."""

    situation: Situation
    acts: OnCase


async def read_acts(
    connection: AsyncConnection, ground: Ground, file: CaseFile, around: Surroundings, actor: str, now: float
) -> ActsRead:
    """What the case's page needs of acts besides what was read of the case."""
    case = file.case
    acts = await on_case(connection, case.case_id, actor, now)
    known = _known(file, around, acts, now)
    return ActsRead(await situation_of(connection, case, actor, now, ground, known=known), acts)


def _known(file: CaseFile, around: Surroundings, acts: OnCase, now: float) -> Known:
    joined = [each.event_id for each in file.entries if each.kind in JOINS and each.event_id is not None]
    newest = joined[-1] if joined else None
    waiting = [each for each in file.payments if each.state == "held" and each.joins is None]
    open_ = [each for each in file.approvals if each.decision is None and each.expires_at > now]
    return Known(
        hold=next((each for each in file.holds if each.released_at is None), None),
        payments=sorted(waiting, key=lambda each: (each.placed_at, each.event_id)),
        approvals=sorted(open_, key=lambda each: each.asked_at),
        has_factor=file.factor is not None,
        device=device_of(file.rows, newest),
        events=len(set(joined)),
        newest_event=newest,
        reachable=any(each.until is None and each.bouncing_since is None for each in file.points),
        others=[Other(each.case_id, each.kind) for each in around.unresolved],
        leaving=frozenset(each.kind for each in acts.leaving),
    )


def acts_values(read: ActsRead, member: Member) -> dict[str, Any]:
    """All that a case's page shows of acts: `groups`, `more`, `leaving`, `returned`, `asks` and the `toast`."""
    situation, acts = read.situation, read.acts
    now, case_id = situation.now, situation.case.case_id
    t, clock = words(member.locale), on_clock(member)["clock"]
    groups, more = offered(situation, member, t, clock)
    return {
        "groups": groups,
        "more": more,
        "leaving": [shown(each, t, now, member) for each in acts.leaving if each.by != member.actor],
        "returned": [shown(each, t, now, member) for each in acts.returned],
        "asks": [ask_of(each, member, case_id) for each in situation.approvals],
        "toast": toast_of(acts.recent, t, now),
    }


def shown(kept: Kept, t: Wording, now: float, member: Member) -> Shown:
    """The act as a line."""
    clock = on_clock(member)["clock"]
    return Shown(
        act_id=kept.act_id,
        what=t(f"act_title.{kept.kind}"),
        who=plain(kept.by),
        left_s=max(0, round(kept.leaves_at - now)),
        mine=kept.by == member.actor,
        why="" if kept.why is None else off_words(kept.why, t, clock),
        path=act_path(kept.case_id, kept.kind),
    )


def toast_of(kept: Kept | None, t: Wording, now: float) -> dict[str, Any] | None:
    """What was just asked for, with its way back, while there is one."""
    if kept is None:
        return None
    waits = kept.outcome is None
    key = "acts.toast" if waits else "acts.toast_now"
    left_s = round((kept.leaves_at if waits else kept.at + 30.0) - now)
    undo = f"/desk/acts/{kept.act_id}/undo" if ACTS[kept.kind].undoable and left_s > 0 else None
    return {"text": t(key, what=t(f"act_title.{kept.kind}")), "undo": undo, "left_s": max(1, left_s)}


def ask_of(approval: Approval, member: Member, case_id: str | None) -> Ask:
    """What is asked for, as this member sees it."""
    t, clock = words(member.locale), on_clock(member)["moment"]
    own = approval.asked_by == member.actor
    admin = approval.act in ("factor_reset", "erasure", "staff_reset")
    may = member.allows("admin" if admin else "support")
    if approval.act == "attack_act":
        may = member.role in SENIORS
    who, known = plain(approval.asked_by), f"approvals.asks_{approval.act}" in t
    act = approval.act if known else "other"
    whom = approval.subject if approval.act == "staff_reset" else ""
    where = "/desk/approvals" if case_id is None else None
    path = where or act_path(case_id or "", "approve", other=approval.approval_id)
    refuse = where or act_path(case_id or "", "refuse", other=approval.approval_id)
    return Ask(
        approval_id=approval.approval_id,
        act=approval.act,
        title=t(f"approvals.asks_{act}", who=who, act=approval.act, name=whom),
        why=approval.why,
        costs=t(f"approvals.costs_{act}"),
        when=t("approvals.when", at=clock(approval.asked_at), until=clock(approval.expires_at), who=who),
        account_id=approval.account_id,
        own=own,
        may=may,
        yes=path,
        no=refuse,
    )


def will_lines(situation: Situation, name: str, asked: Asked, member: Member) -> Iterator[tuple[str, bool]]:
    """What the act will do, as sentences, each with whether it says what stays."""
    t = words(member.locale)
    for line in ACTS[name].will(situation, asked):
        yield line_words(line, t), line.stays


def line_words(line: Line, t: Wording) -> str:
    """One line as a sentence."""
    values = dict(line.values)
    if "amount" in values:
        values["money"] = spelled.money(values["amount"], values["currency"], t.locale)
    if "steps" in values:
        values["steps"] = steps_words(values["steps"], t)
    if "who" in values:
        values["who"] = plain(values["who"])
    if "device" in values and not values["device"]:
        values["device"] = t("acts.device")
    return t(f"will.{line.key}", **values)


def change_words(entry: Entry, t: Wording) -> str:
    """What an entry of the history changed, in a few words."""
    key = f"change.{entry.kind}"
    severity = "" if entry.severity is None else t(f"acts.sev_{entry.severity}")
    return t(key if key in t else "change.other", note=entry.note or "", severity=severity)


def plain(actor: str) -> str:
    """The name of whoever acted, as people call them."""
    return actor.partition(":")[2] or actor
