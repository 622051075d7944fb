"""What is the owner's to do, in order of urgency: answers, then cases, the authenticator, and where they are reached. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import quote

from msgspec import Struct

from notifier.facts import Reader
from services.cases.contact_points import Point
from services.cases.mail_addresses import masked
from services.centre.event_shown import EventShown, of_challenge, of_event, of_payment
from services.centre.standing import Standing
from services.mfa.factor_records import FactorStatus
from services.portal.wording import Wording

#: So few recovery codes are worth a word.
FEW_CODES = 3


class Ask(Struct, frozen=True, kw_only=True):
    """An event that waits for its owner's answer. `waits`: it does not happen before; `when` is until when, or when we asked."""

    event: EventShown
    waits: bool
    tone: str
    when: str

    @property
    def name(self) -> str:
        """Which words ask about it."""
        asking = "needs_title" if self.waits else "asked_title"
        return f"{asking}_{self.event.kind}"


class Todo(Struct, frozen=True, kw_only=True):
    """One thing to do: its words, its sign, and the page below the centre's where it is done.

    `advice` makes a wallet safer that is safe as it is.
    """

    sign: str
    title: str
    lead: str
    go: str
    to: str
    advice: bool = False


class Row(Struct, frozen=True, kw_only=True):
    """A thing to do in one line, and the page below the centre's where it is done."""

    tone: str
    sign: str
    title: str
    sub: str
    to: str


class Agenda(Struct, frozen=True, kw_only=True):
    """How the account stands in one word, the one thing to do now, and all else that is open.

    `state`: locked, stopping, needs (an answer: `ask`), todo (`first`), or well, where `first` is advice.
    """

    state: str
    ask: Ask | None
    first: Todo | None
    rows: Sequence[Row]


def agenda(
    standing: Standing, factor: FactorStatus, stopped: str | None, t: Wording, reader: Reader
) -> Agenda:
    """What the first page is about; `stopped` is the state of a freeze, None for none."""
    asks, todos = asks_of(standing, factor, reader), todos_of(standing, factor, t, reader)
    first = todos[0] if todos else None
    if stopped is not None:
        return Agenda(state=stopped, ask=None, first=None, rows=rows_of(asks, todos, t, reader))
    if asks:
        return Agenda(state="needs", ask=asks[0], first=None, rows=rows_of(asks[1:], todos, t, reader))
    state = "well" if first is None or first.advice else "todo"
    return Agenda(state=state, ask=None, first=first, rows=rows_of((), todos[1:], t, reader))


def asks_of(standing: Standing, factor: FactorStatus, reader: Reader) -> list[Ask]:
    """What waits for the owner's answer: what does not happen before it first, the newest first, then what we asked about.

    While the account is frozen support settles what waits, and only what we asked about is left.
    """
    has_code = factor.state == "active"
    asked = [
        Ask(
            event=of_challenge(each, None, reader),
            waits=True,
            tone="stop",
            when=reader.moment(each.expires_at),
        )
        for each in standing.asked
    ]
    known = {each.event_id for each in standing.asked}
    asked += [
        Ask(event=of_payment(each, reader), waits=True, tone="stop", when=reader.moment(each.due_at))
        for each in standing.waiting
        if each.event_id not in known and (has_code or each.waits_for == "owner")
    ]
    known |= {ask.event.event_id for ask in asked}
    told = [
        Ask(
            event=of_event(event.own, reader),
            waits=False,
            tone="stop" if question.template == "deny_notice" else "wait",
            when=reader.moment(question.told_at),
        )
        for question, event in standing.questions
        if event.own is not None and question.event_id not in known
    ]
    return told if standing.frozen is not None else asked + told


def todos_of(standing: Standing, factor: FactorStatus, t: Wording, reader: Reader) -> list[Todo]:
    """What else there is to do, the most urgent first, and what is advice last."""
    points = [each for each in standing.points if each.until is None]
    return [
        *_of_reset(factor, t, reader),
        *(
            _todo("case", "folder", f"cases/{each.case_id}", t)
            for each in standing.besides.cases
            if each.asks
        ),
        *_of_factor(standing, factor, t),
        *_of_contact(standing, points, t),
        *_advice(factor, points, t),
    ]


def rows_of(asks: Sequence[Ask], todos: Sequence[Todo], t: Wording, reader: Reader) -> list[Row]:
    """The same in one line each: for all but the one that the page is about."""
    rows = [
        Row(
            tone=ask.tone,
            sign="alert",
            title=t(f"overview.{ask.name}"),
            sub=reader.words.frame["comma"].join(_called(ask)),
            to=f"answer?about={quote(ask.event.event_id, safe='')}",
        )
        for ask in asks
    ]
    return rows + [
        Row(tone="wait", sign=each.sign, title=each.title, sub=each.lead, to=each.to)
        for each in todos
        if not each.advice
    ]


def _called(ask: Ask) -> Iterator[str]:
    if ask.event.amount is not None:
        yield ask.event.amount
    yield from (fact.value for fact in ask.event.facts[:2])


def _of_reset(factor: FactorStatus, t: Wording, reader: Reader) -> Iterator[Todo]:
    if factor.reset_due_at is not None:
        yield _todo("reset", "key", "report/unauthorised", t, at=reader.moment(factor.reset_due_at))


def _of_factor(standing: Standing, factor: FactorStatus, t: Wording) -> Iterator[Todo]:
    if factor.state == "disabled":
        yield _todo("factor_disabled", "key", "report/advice", t)
    elif factor.state != "active" and standing.besides.factor_gone:
        yield _todo("factor_gone", "key", "authenticator", t)


def _of_contact(standing: Standing, points: Sequence[Point], t: Wording) -> Iterator[Todo]:
    for address in standing.besides.bouncing:
        yield _todo("contact_failing", "mail", "notifications", t, address=address)
    for point in points:
        if point.told_since is not None:
            yield _todo("contact_new", "mail", "messages", t, address=masked(point.address))


def _advice(factor: FactorStatus, points: Sequence[Point], t: Wording) -> Iterator[Todo]:
    if not points:
        yield _todo("contact_none", "mail", "notifications", t, advice=True)
    if factor.state == "active" and factor.recovery_codes_left < FEW_CODES:
        yield _todo("codes_few", "key", "authenticator", t, advice=True, count=factor.recovery_codes_left)
    if factor.state in ("none", "pending"):
        yield _todo("factor_none", "key", "authenticator", t, advice=True)


def _todo(name: str, sign: str, to: str, t: Wording, *, advice: bool = False, **said: object) -> Todo:
    return Todo(
        sign=sign,
        title=t(f"todo.{name}_title", **said),
        lead=t(f"todo.{name}_lead", **said),
        go=t(f"todo.{name}_go"),
        to=to,
        advice=advice,
    )
