"""What somebody of support asks for with an act, as a form or the API gives it, and what an act answers. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

ActName = Literal[
    "fraud",
    "legitimate",
    "unclear",
    "let_go",
    "cancel",
    "freeze",
    "ask_unfreeze",
    "end_sessions",
    "ask_again",
    "distrust",
    "factor_check",
    "message",
    "note",
    "file",
    "snooze",
    "wait",
    "escalate",
    "merge",
    "close",
    "reopen",
    "assign",
    "approve",
    "refuse",
]
Group = Literal["verdict", "payment", "account", "case", "approval"]
#: What a form asks: words (`why` of the desk's own, `text` that the owner reads), one of several (`choice`), a day (`until`), an
#: event or payment (`event`), another case or approval (`other`), a `colleague`, a `file`.
Field = Literal["why", "text", "choice", "until", "event", "other", "colleague", "file"]


class Asked(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was asked with an act; what the act does not take is empty. `until` is epoch seconds, `file` the digest of one that
    came with it."""

    why: str = ""
    text: str = ""
    choice: str = ""
    until: float = 0.0
    event: str = ""
    other: str = ""
    colleague: str = ""
    file: str = ""


class Off(Struct, frozen=True):
    """Why an act cannot be done now: a code that the words of the desk know, and what stands in its gaps."""

    code: str
    values: Mapping[str, str] = {}


class Line(Struct, frozen=True):
    """One thing that an act will do, by the key of its sentence; `stays`: what it leaves as it is."""

    key: str
    values: Mapping[str, str] = {}
    stays: bool = False


class ActOff(Exception):
    """The act cannot be done now: `off` says why."""

    def __init__(self, name: str, off: Off) -> None:
        super().__init__(f"{name} cannot be done now: {off.code}")
        self.off = off


class Malasked(Exception):
    """What was asked is not what the act takes; `field` names what is wrong."""

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(rule)
        self.field = field
