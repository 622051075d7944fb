"""How a message to an owner fared, in their words: as the log has it, with the reason where it did not reach them. Pure."""

from __future__ import annotations

from msgspec import Struct

from services.cases.owners import MessageState, NoticeState, Telling, Try
from services.portal.wording import Wording

_WAYS = frozenset({"mail", "sms", "push", "chat", "inbox"})
#: What channels are called that are not called by their kind.
_CALLED = {"web_push": "push"}
#: What counts most of several ways: one that reached the owner stands for all.
_BEST: tuple[MessageState, ...] = ("delivered", "handed_over", "sending", "waiting", "failed", "suppressed")
_TONES: dict[MessageState | NoticeState, str] = {
    "delivered": "good",
    "handed_over": "good",
    "failed": "stop",
    "undeliverable": "stop",
    "waiting": "wait",
    "sending": "wait",
}


class Fared(Struct, frozen=True):
    """`state` in words with its reason, and its tone: good, stop, wait or none."""

    text: str
    tone: str


def way_of(tried: Try, colon: str, t: Wording) -> str:
    """One way and how it went: "Mail: delivered"."""
    name = _CALLED.get(tried.channel, tried.channel)
    way = f"way_{name if name in _WAYS else 'other'}"
    return colon.join([t(f"messages.{way}"), in_words(tried.state, tried.why, t)])


def ways_of(told: Telling, colon: str, t: Wording) -> list[str]:
    """Every way that was tried, or why none was."""
    ways = list(dict.fromkeys(way_of(tried, colon, t) for tried in told.tries))
    return ways or [in_words(told.state, told.why, t)]


def fared(told: Telling, t: Wording) -> Fared:
    """How it fared as a whole: the best of the ways to the owner; the account's own inbox counts where there is no other."""
    tries = [each for each in told.tries if each.channel != "inbox"] or told.tries
    best = min(tries, key=lambda each: _BEST.index(each.state), default=None)
    state, why = (told.state, told.why) if best is None else (best.state, best.why)
    if told.state == "undeliverable":
        state, why = told.state, told.why
    return Fared(in_words(state, why, t), _TONES.get(state, ""))


def in_words(state: MessageState | NoticeState, why: str | None, t: Wording) -> str:
    """A state; where a message did not go out or through, the reason, if it is one that an owner can use."""
    reason = f"messages.why_{why}"
    if state in ("failed", "suppressed") and reason in t:
        return t(reason)
    return t(f"messages.state_{state}")
