"""The acts of a case as its page offers them: where each leads, by which key, and why one cannot be done now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import quote, urlencode

from msgspec import Struct

from services.cases.acts.asked import Asked, Off
from services.cases.acts.registry import ACTS, Act
from services.cases.acts.situation import Situation
from services.cases.kind_files import kinds
from services.desk.kind_choices import closings
from services.portal.wording import Wording
from services.staff.members import Member

#: Acts that stand in the bar itself, by their groups; all others are under "more".
_IN_BAR = {
    "verdict": ("fraud", "legitimate", "unclear"),
    "payment": ("let_go", "cancel"),
    "account": ("freeze", "ask_unfreeze", "end_sessions"),
    "case": ("message", "note", "snooze", "wait"),
}
#: Kinds about money that the owner moved: nothing is to be stopped, so these groups are under "more".
_MONEY_ALONE = frozenset({"dispute", "payment_failed", "top_up_missing", "advice"})
_SELDOM = frozenset({"payment", "account"})
_MORE = (
    "file",
    "assign",
    "escalate",
    "distrust",
    "factor_check",
    "ask_again",
    "merge",
    "reopen",
)
Clock = Callable[[float], str]
_NOTHING = Asked()


class Offered(Struct, frozen=True, kw_only=True):
    """One act: `off` says why it cannot be done now, None where it can."""

    name: str
    key: str
    words: str
    href: str
    off: str | None = None


class OfferedGroup(Struct, frozen=True):
    """Acts that belong together, and what the group is called."""

    name: str
    words: str
    acts: list[Offered]


def offered(
    situation: Situation, member: Member, t: Wording, clock: Clock
) -> tuple[list[OfferedGroup], list[Offered]]:
    """The groups of the bar, and what is under "more"."""
    say = _Saying(situation, member, t, clock)
    kind, held = situation.case.kind, bool(situation.payments)
    seldom = _SELDOM if kind in _MONEY_ALONE and not held else frozenset()
    groups = [
        OfferedGroup(name, t(f"acts.{name}"), [say.of(ACTS[act]) for act in names])
        for name, names in _IN_BAR.items()
        if name not in seldom and (kind == "risk" or name != "verdict")
    ]
    if kind != "risk":
        groups.insert(0, OfferedGroup("verdict", t("act.close"), list(say.closings())))
    rare = [act for name, names in _IN_BAR.items() if name in seldom for act in names]
    return groups, [say.of(ACTS[name]) for name in (*_MORE, *rare)]


def off_words(off: Off, t: Wording, clock: Clock) -> str:
    """Why an act cannot be done, in words."""
    values = dict(off.values)
    if "at" in values:
        values["at"] = clock(float(values["at"]))
    if "steps" in values:
        values["steps"] = steps_words(values["steps"], t)
    if "who" in values:
        values["who"] = values["who"].partition(":")[2] or values["who"]
    if "field" in values:
        field = kinds()[values["kind"]].field(values["field"])
        values["field"] = values["field"] if field is None else field.said.in_(t.locale)
    key = f"off.{off.code}"
    return t(key if key in t else "off.illegal", **values)


def steps_words(steps: str, t: Wording) -> str:
    """The policy's steps, in words."""
    return t("step.and").join(t(f"step.{each}") for each in steps.split())


def act_path(case_id: str, name: str, **query: object) -> str:
    """The page of the act."""
    asked = {key: str(value) for key, value in query.items() if value not in (None, "")}
    return f"/desk/cases/{quote(case_id, safe='')}/acts/{name}" + (f"?{urlencode(asked)}" if asked else "")


class _Saying:
    def __init__(self, situation: Situation, member: Member, t: Wording, clock: Clock) -> None:
        self._situation = situation
        self._may = member.allows("support")
        self._role = member.role
        self._t = t
        self._clock = clock

    def of(self, act: Act) -> Offered:
        case = self._situation.case
        return Offered(
            name=act.name,
            key=act.key,
            words=self._t(f"act.{act.name}"),
            href=act_path(case.case_id, act.name, v=case.version),
            off=self._off(act),
        )

    def closings(self) -> Iterator[Offered]:
        case = self._situation.case
        for each in closings(case.kind, self._t.locale):
            yield Offered(
                name="close",
                key=f"v {each.key}",
                words=each.words,
                href=act_path(case.case_id, "close", v=case.version, choice=each.name),
                off=self._off(ACTS["close"], Asked(choice=each.name))
                or (None if self._role in each.who else self._t("off.ending_role")),
            )

    def _off(self, act: Act, asked: Asked = _NOTHING) -> str | None:
        if not self._may:
            return self._t("off.role")
        found = act.off(self._situation, asked)
        return None if found is None else off_words(found, self._t, self._clock)
