"""What the file of a kind of case may hold: the shapes of `services/cases/kinds/*.toml`. Pure."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

Role = Literal["agent", "senior", "security", "admin"]
ROLES: tuple[Role, ...] = ("agent", "senior", "security", "admin")
Name = Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,31}$")]
Key = Annotated[str, Meta(pattern="^[a-z]$")]
Seconds = Annotated[int, Meta(ge=60, le=7_776_000)]
#: What is filled in, or ticked, by itself: a function of each name stands in `services/desk/evidence.py`.
Evidence = Literal[
    "event",
    "payee",
    "device",
    "devices",
    "last_place",
    "second_factor",
    "factor",
    "holds",
    "messages",
    "files",
    "told",
    "answered",
    "owner_word",
    "failures",
    "cause",
    "channel",
    "trace",
    "credited",
    "top_ups",
    "followed",
    "signed_out",
    "distrusted",
    "re_enrolled",
    "help",
]


class Said(Struct, frozen=True, forbid_unknown_fields=True):
    """A sentence in both languages."""

    en: Annotated[str, Meta(min_length=1)]
    zh: Annotated[str, Meta(min_length=1)] = field(name="zh-CN")

    def in_(self, locale: str) -> str:
        """The sentence in `en` or `zh-CN`."""
        return self.zh if locale == "zh-CN" else self.en


class Choice(Struct, frozen=True, forbid_unknown_fields=True):
    """One answer of several: its name, and its words in both languages."""

    name: Name
    en: Annotated[str, Meta(min_length=1)]
    zh: Annotated[str, Meta(min_length=1)] = field(name="zh-CN")

    def in_(self, locale: str) -> str:
        """The words in `en` or `zh-CN`."""
        return self.zh if locale == "zh-CN" else self.en


class OwnerField(Struct, frozen=True, forbid_unknown_fields=True):
    """What the owner is asked; without choices something short to type, which may be left empty."""

    name: Name
    ask: Said
    choices: tuple[Choice, ...] = ()


class OwnerSide(Struct, frozen=True, forbid_unknown_fields=True):
    """What the owner sees of a kind: the tile's words and sign, how letters call it, answers (slugs) that help, questions."""

    title: Said
    sub: Said
    called: Said
    sign: Name
    help: tuple[str, ...] = ()
    fields: tuple[OwnerField, ...] = ()


class EvidenceRow(Struct, frozen=True, forbid_unknown_fields=True):
    """A line of evidence: the query that fills it in, and what it is called."""

    query: Evidence
    name: Said


class DeskField(Struct, frozen=True, forbid_unknown_fields=True):
    """What support writes down in a case; `evidence` puts it among the evidence."""

    name: Name
    said: Said
    form: Literal["short", "long", "amount", "choice"] = "short"
    choices: tuple[Choice, ...] = ()
    evidence: bool = False


class Step(Struct, frozen=True, forbid_unknown_fields=True):
    """One step of the work. It is done once somebody of `who` ticks it, or by itself: once the evidence of that name is there, or
    the field of that name is filled in.

    `owner` are the words in which the owner reads that it was done, if they do. `deadline` is the rule by which it is due; an
    `optional` one may be left out.
    """

    name: Name
    said: Said
    owner: Said | None = None
    evidence: Evidence | None = None
    field: Name | None = None
    deadline: Name | None = None
    who: tuple[Role, ...] = ROLES
    optional: bool = False


class Reason(Struct, frozen=True, forbid_unknown_fields=True):
    """What a case may wait for."""

    name: Name
    said: Said


class Due(Struct, frozen=True, forbid_unknown_fields=True):
    """A deadline that is shown, by its rule in the set of deadlines; it `binds` a clock of the case where it says so."""

    rule: Name
    said: Said
    binds: Literal["first_answer", "closed"] | None = None


class Macro(Struct, frozen=True, forbid_unknown_fields=True):
    """A message to the owner, with PLACEHOLDERS in braces; the one that is `ready` stands filled in on the page."""

    name: Name
    said: Said
    text: Said
    ready: bool = False


class Ending(Struct, frozen=True, forbid_unknown_fields=True):
    """One way to close: its outcome and key, what support and the owner read, who may, the macro that goes with it, and the field
    that must be filled in before. `letter` stands in a letter in place of `owner`."""

    outcome: Name
    key: Key
    said: Said
    does: Said
    owner: Said
    letter: Said | None = None
    who: tuple[Role, ...] = ROLES
    macro: Name | None = None
    needs: Name | None = None


class KindClock(Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds to the first answer and to the end, where neither policy nor deadlines say otherwise."""

    first_answer_s: Seconds
    closed_s: Seconds


class Repeats(Struct, frozen=True, forbid_unknown_fields=True):
    """From when failures open a case by themselves: so many of an account within `within_s` seconds, or so many accounts that
    fail at one channel within `channel_within_s`."""

    failures: Annotated[int, Meta(ge=2, le=100)]
    within_s: Seconds
    accounts: Annotated[int, Meta(ge=2, le=10_000)]
    channel_within_s: Seconds


class Cause(Struct, frozen=True, forbid_unknown_fields=True):
    """Why a payment failed: the wallet's codes for it, the sentence that support and the owner read, and what helps."""

    name: Name
    codes: tuple[str, ...]
    said: Said
    remedy: Said


class KindFile(Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of case. `about`, `subject`, `clock` and `owner` belong to what owners report, so not to `risk`."""

    order: int
    name: Said
    severity: Literal["low", "medium", "high", "critical"]
    closings: Annotated[tuple[Ending, ...], Meta(min_length=1)]
    steps: Annotated[tuple[Step, ...], Meta(min_length=1)]
    about: str = ""
    subject: Literal["any", "money_out", "money_failed", "top_up", "access", "none"] = "none"
    clock: KindClock | None = None
    owner: OwnerSide | None = None
    repeats: Repeats | None = None
    causes: tuple[Cause, ...] = ()
    evidence: tuple[EvidenceRow, ...] = ()
    fields: tuple[DeskField, ...] = ()
    waiting: tuple[Reason, ...] = ()
    deadlines: tuple[Due, ...] = ()
    macros: tuple[Macro, ...] = ()

    def step(self, name: str) -> Step | None:
        """The step of that name."""
        return next((step for step in self.steps if step.name == name), None)

    def field(self, name: str) -> DeskField | None:
        """The field of that name."""
        return next((one for one in self.fields if one.name == name), None)

    def macro(self, name: str) -> Macro | None:
        """The macro of that name."""
        return next((macro for macro in self.macros if macro.name == name), None)

    def cause(self, code: str | None) -> Cause | None:
        """The cause that the wallet's code for a failure means; None for a code that nobody knows, and for none."""
        plain = "_".join((code or "").lower().replace("-", " ").replace(".", " ").split())
        return next((cause for cause in self.causes if plain and plain in cause.codes), None)

    def ending(self, outcome: str) -> Ending | None:
        """The way to close with that outcome."""
        return next((ending for ending in self.closings if ending.outcome == outcome), None)
