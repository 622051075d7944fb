"""Acts on all accounts of an attack as its page offers them: how each stands, and what can be done about it now. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from services.attacks.acts import ACT_NAMES, ActName, AttackAct
from services.desk.act_views import Ask
from services.desk.attack_reading import AttackFile
from services.desk.attack_view import Tone, when
from services.desk.story_parts import Telling

#: The keys of the acts: each needs a second person.
KEYS: Mapping[ActName, str] = {
    "require_factor": "F",
    "end_sessions": "S",
    "hold_money": "H",
    "tell_owners": "L",
}


class Card(Struct, frozen=True, kw_only=True):
    """An act for all: what it is, how it stands, and what can be done about it now. `undo` is what taking it back is called."""

    act: ActName
    key: str
    title: str
    says: str
    act_id: str = ""
    stands: str = ""
    tone: Tone = ""
    undo: str = ""
    offer: str = ""
    decide: str = ""
    own: bool = False
    why: str = ""
    done: int = 0
    whole: int = 0


def cards(file: AttackFile, tell: Telling, now: float, *, may: bool, actor: str) -> list[Card]:
    """The acts, in their order; `may`: whether the reader may ask for them and decide."""
    return [_card(act, file, tell, now, may=may, actor=actor) for act in ACT_NAMES]


def _card(act: ActName, file: AttackFile, tell: Telling, now: float, *, may: bool, actor: str) -> Card:
    t, new = tell.t, file.new_for[act]
    last = next((each for each in file.acts if each.act == act and _stands(each, now)), None)
    counts = {} if last is None else file.progress.get(last.act_id, {})
    card: dict[str, Any] = {
        "act": act,
        "key": KEYS[act],
        "title": t(f"attack_act.{act}"),
        "says": t(f"attack.for_{act}", n=f"{(last.accounts if last else new):,}"),
    }
    if last is None:
        none = "" if new else t("attack.nobody_left" if file.acts else "attack.nobody_yet")
        return Card(**card, offer=t("attack.ask") if new and may else "", stands=none)
    card |= {"act_id": last.act_id, "whole": last.accounts, "why": last.why, "own": last.asked_by == actor}
    who = tell.who(last.asked_by)
    if last.waits(now):
        asks = t(f"attack.asks_{act}", who=who, n=f"{last.accounts:,}", hours=last.hours or "")
        undo = t("approvals.take_back") if may and last.asked_by == actor else ""
        card["says"] = t("attack.asked_at", at=when(last.asked_at, tell, now), why=last.why)
        return Card(**card, stands=asks, decide=file.approval_ids.get(last.act_id, ""), undo=undo)
    return _under_way(last, card, counts, new, tell, now, may=may)


def _under_way(
    last: AttackAct,
    card: dict[str, Any],
    counts: Mapping[tuple[str, str], int],
    new: int,
    tell: Telling,
    now: float,
    *,
    may: bool,
) -> Card:
    t = tell.t
    if left_s := last.undoable_s(now):
        undo = t("site.undo") if may else ""
        return Card(**card, stands=t("attack.leaves", s=left_s), tone="warn", undo=undo)
    left = sum(count for (state, _), count in counts.items() if state == "waiting")
    card["says"] = "".join(
        [
            card["says"],
            *(
                t(f"attack.skipped_{why}", n=f"{n:,}")
                for (state, why), n in counts.items()
                if state == "skipped"
            ),
        ]
    )
    erased = last.accounts - sum(counts.values())
    if erased > 0:
        card["says"] += t("attack.skipped_erased", n=f"{erased:,}")
    kept = sum(n for (state, _), n in counts.items() if state == "kept")
    if kept:
        card["says"] += t("attack.kept", n=f"{kept:,}")
    if last.state in ("leaving", "undoing"):
        key = "attack.goes_on" if last.state == "leaving" else "attack.goes_back"
        waiting = left if last.state == "leaving" else counts.get(("done", ""), 0)
        done = last.accounts - waiting
        undo = t("attack.let_go") if may and last.releasable(now) else ""
        said = t(key, done=f"{done:,}", whole=f"{last.accounts:,}")
        return Card(**card, stands=said, tone="warn", done=done, undo=undo)
    since = t("attack.since", n=f"{new:,}") if new else ""
    return Card(
        **{**card, "says": card["says"] + since},
        stands=_done(last, tell, now),
        tone="good",
        undo=t("attack.let_go") if may and last.releasable(now) else "",
        offer=t("attack.ask_since") if new and may else "",
    )


def _done(last: AttackAct, tell: Telling, now: float) -> str:
    if last.until is not None:
        return tell.t("attack.until", at=when(last.until, tell, now))
    return tell.t("attack.done_at", at=when(last.ended_at or now, tell, now))


def _stands(act: AttackAct, now: float) -> bool:
    """Whether it waits, goes on, or holds: what was refused, taken back or is over does not."""
    return act.waits(now) or act.state in ("leaving", "done", "undoing")


def about_attack(ask: Ask, act: AttackAct | None, tell: Telling) -> Ask:
    """What a colleague asks for, with what the act would do and the page of its attack; any other as it is."""
    if act is None:
        return ask
    n = f"{act.accounts:,}"
    title = tell.t(f"attack.asks_{act.act}", who=tell.who(act.asked_by), n=n, hours=act.hours or "")
    return replace(ask, title=f"{title} · {act.attack_id}", to=f"/desk/attacks/{act.attack_id}")
