"""Every act that support may do on a case: an entry each. An act that is not here can be done nowhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Literal

from msgspec import Struct

from services.cases.acts import case_deeds, money_deeds, off, will
from services.cases.acts.asked import ActName, Asked, Field, Group, Line, Off
from services.cases.acts.doing import Doing
from services.cases.acts.situation import Situation

#: `staged` waits for half a minute and may be taken back; `opposite` is done at once, and undone by its opposite for as long;
#: `once` is done at once and cannot be undone.
When = Literal["staged", "opposite", "once"]
Why = Callable[[Situation, Asked], Off | None]
Will = Callable[[Situation, Asked], Iterator[Line]]
Deed = Callable[[Doing, Situation, Asked], Awaitable[None]]
Back = Callable[[Doing, Situation, Asked], Awaitable[bool]]


class Act(Struct, frozen=True):
    """One act: its key on the keyboard, why it may be off, what it will do, and the deed.

    `takes` are the fields of its form, of which those in `needs` must be filled. `careful`: it is given back to its agent when
    the case changed in between. `back` ends again what an act with an `opposite` did, and says whether it could.
    """

    name: ActName
    group: Group
    key: str
    when: When
    off: Why
    will: Will
    deed: Deed
    takes: tuple[Field, ...] = ()
    needs: tuple[Field, ...] = ()
    careful: bool = True
    back: Back | None = None

    @property
    def undoable(self) -> bool:
        """Whether whoever does it may take it back for half a minute."""
        return self.when != "once"


_W: tuple[Field, ...] = ("why",)
_T: tuple[Field, ...] = ("text",)
_EVENT: tuple[Field, ...] = ("why", "event")
_CLOSE: tuple[Field, ...] = ("choice", "text")
_REGISTERED = (
    Act("fraud", "verdict", "v f", "staged", off.verdict, will.fraud, case_deeds.fraud, _EVENT),
    Act(
        "legitimate", "verdict", "v l", "staged", off.verdict, will.legitimate, case_deeds.legitimate, _EVENT
    ),
    Act("unclear", "verdict", "v u", "staged", off.verdict, will.unclear, case_deeds.unclear, _W),
    Act("let_go", "payment", "p", "staged", off.let_go, will.let_go, money_deeds.let_go, _EVENT),
    Act("cancel", "payment", "x", "staged", off.cancel, will.cancel, money_deeds.cancel, _EVENT),
    Act(
        "freeze",
        "account",
        "z",
        "opposite",
        off.freeze,
        will.freeze,
        money_deeds.freeze,
        careful=False,
        back=money_deeds.take_freeze_back,
    ),
    Act(
        "ask_unfreeze",
        "account",
        "U",
        "staged",
        off.ask_unfreeze,
        will.ask_unfreeze,
        money_deeds.ask_unfreeze,
        _W,
        _W,
    ),
    Act(
        "end_sessions",
        "account",
        "e",
        "once",
        off.nothing,
        will.end_sessions,
        money_deeds.end_sessions,
        careful=False,
    ),
    Act(
        "ask_again",
        "account",
        "",
        "once",
        off.ask_again,
        will.ask_again,
        money_deeds.ask_again,
        ("other",),
        careful=False,
    ),
    Act("distrust", "account", "", "staged", off.distrust, will.distrust, money_deeds.distrust),
    Act(
        "factor_check", "account", "", "staged", off.factor_check, will.factor_check, money_deeds.factor_check
    ),
    Act("message", "case", "m", "staged", off.message, will.message, case_deeds.message, _T, _T),
    Act("note", "case", "c", "staged", off.nothing, will.note, case_deeds.note, _T, _T, careful=False),
    Act(
        "file",
        "case",
        "f",
        "opposite",
        off.file,
        will.file,
        case_deeds.file,
        ("file",),
        ("file",),
        careful=False,
        back=case_deeds.take_file_back,
    ),
    Act(
        "snooze",
        "case",
        "s",
        "staged",
        off.resolved,
        will.snooze,
        case_deeds.snooze,
        ("until", "why"),
        ("until", "why"),
    ),
    Act("wait", "case", "w", "staged", off.resolved, will.wait, case_deeds.wait, ("choice",), ("choice",)),
    Act("escalate", "case", "", "staged", off.escalate, will.escalate, case_deeds.escalate, _W, _W),
    Act("merge", "case", "", "staged", off.merge, will.merge, case_deeds.merge, ("other",), ("other",)),
    Act("close", "case", "v", "staged", off.close, will.close, case_deeds.close, (*_CLOSE, "why"), _CLOSE),
    Act("reopen", "case", "", "staged", off.reopen, will.reopen, case_deeds.reopen, _W, _W),
    Act(
        "assign",
        "case",
        "a",
        "once",
        off.resolved,
        will.assign,
        case_deeds.assign,
        ("colleague",),
        ("colleague",),
    ),
    Act("approve", "approval", "Y", "once", off.approve, will.approve, case_deeds.approve, ("other",)),
    Act("refuse", "approval", "N", "once", off.refuse, will.refuse, case_deeds.refuse, ("other",)),
)
ACTS: Mapping[str, Act] = {act.name: act for act in _REGISTERED}
