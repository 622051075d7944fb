"""What is promised of time: events are judged by when they happened, however and in whatever order they arrive."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from contracts.events import AnyEvent, Login
from services.platform.settings import Settings
from tests.promises.pipelines import TallyResponse, answers
from tests.stories.tale import ASKED, Account, Tale, broadband, carrier, stranger

LATENESS_S = Settings().allowed_lateness_s
REMEMBERED_IDS = 64
ACCOUNTS = {"ann": "Shanghai", "bo": "Beijing", "chen": "Wuhan"}


class Life(NamedTuple):
    """Events of some accounts, each account's ordinary days first; `after` are those that come when all else is in."""

    ordinary: list[AnyEvent]
    after: list[AnyEvent]


def of(tale: Tale) -> list[AnyEvent]:
    return list(tale._events)


@cache
def lives() -> dict[str, Life]:
    """By account: three weeks of ordinary days, then the owner once more and a thief who logs in and sends money."""
    return {name: life(name, city, number) for number, (name, city) in enumerate(ACCOUNTS.items(), 1)}


def life(name: str, city: str, number: int) -> Life:
    tale = Tale()
    who = tale.account(name, city, number)
    who.lives(days=21)
    ordinary = named(of(tale), name)
    tale.on(23, "12:00")
    who.logs_in()
    tale.after(minutes=30)
    attacked(who, city, number)
    return Life(ordinary, named(of(tale), name)[len(ordinary) :])


def attacked(who: Account, city: str, number: int) -> None:
    far = "Chengdu" if city != "Chengdu" else "Beijing"
    thief = stranger(broadband(far, 5000 + number, 2), f"thief-{number}")
    who.logs_in(thief)
    who.sends(5000, f"mule-{number}", thief)


def named(events: Sequence[AnyEvent], name: str) -> list[AnyEvent]:
    """The events with ids, and payees, of their own account."""
    own: list[AnyEvent] = []
    for event in events:
        changed: dict[str, str] = {"event_id": f"{name}-{event.event_id}"}
        payee = getattr(event, "payee_id", None)
        if payee is not None:
            changed["payee_id"] = f"{payee}-of-{name}"
        own.append(structs.replace(event, **changed))
    return own


def in_turn() -> list[AnyEvent]:
    """All accounts' events in the order in which they happened."""
    everything = [event for each in lives().values() for event in (*each.ordinary, *each.after)]
    return sorted(everything, key=lambda event: event.at)


@cache
def on_time() -> TallyResponse:
    """What is decided when every event comes once, in time."""
    return answers(in_turn())


def delayed(events: Sequence[AnyEvent], delays_s: Sequence[float]) -> list[AnyEvent]:
    """The events in the order of their arrival, each so many seconds after it happened."""
    arrivals = sorted(
        (event.at + delay_s, number)
        for number, (event, delay_s) in enumerate(zip(events, delays_s, strict=True))
    )
    return [events[number] for _, number in arrivals]


def delays(count: int) -> st.SearchStrategy[list[float]]:
    """Seconds on the way: most events come at once, others within the lateness."""
    within = st.one_of(st.just(0.0), st.just(0.0), st.floats(0.0, LATENESS_S - 1.0))
    return st.lists(within, min_size=count, max_size=count)


def test_the_lives_have_something_to_say() -> None:
    """The other tests are worth something only when owners pass and thieves are asked."""
    decided = on_time()
    for each in lives().values():
        owner, _, money = each.after
        assert decided.actions()[owner.event_id] == "allow"
        assert decided.actions()[money.event_id] in ASKED
        assert all(decided.actions()[event.event_id] == "allow" for event in each.ordinary)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_repeats_and_cuts_change_no_decision(data: st.DataObject) -> None:
    """A producer's repeat within the last ids of its account gets no second decision and teaches nothing."""
    events = in_turn()
    repeats = data.draw(
        st.lists(st.tuples(st.integers(0, len(events) - 1), st.integers(1, REMEMBERED_IDS - 1)), max_size=30)
    )
    stream = list(events)
    for index, later in sorted(repeats, reverse=True):
        stream.insert(min(index + later, len(stream)), events[index])
    cuts = data.draw(st.sets(st.integers(1, len(stream) - 1), max_size=20))

    decided = answers(stream, sorted(cuts))

    assert decided.count == len(events)
    assert decided.encoded == on_time().encoded


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_how_accounts_are_interleaved_changes_nothing(data: st.DataObject) -> None:
    """Each account's events keep their order; whose comes next is left to chance."""
    waiting = {name: [*each.ordinary, *each.after] for name, each in lives().items()}
    turns = data.draw(st.permutations([name for name, events in waiting.items() for _ in events]))
    queues = {name: iter(events) for name, events in waiting.items()}

    decided = answers([next(queues[name]) for name in turns])

    assert decided.encoded == on_time().encoded


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(sorted(ACCOUNTS)), st.data())
def test_ordinary_events_in_any_order_within_the_lateness_lead_to_the_same_answers(
    name: str, data: st.DataObject
) -> None:
    """Nobody is asked because events came late, and what is answered to owner and thief afterwards is the same."""
    ordinary, after = lives()[name]
    decided = answers([*delayed(ordinary, data.draw(delays(len(ordinary)))), *after])

    assert {decided.actions()[event.event_id] for event in ordinary} == {"allow"}
    for event in after:
        assert decided.actions()[event.event_id] == on_time().actions()[event.event_id]
        assert decided.reasons(event.event_id) == on_time().reasons(event.event_id)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(sorted(ACCOUNTS)), st.data())
def test_what_is_remembered_does_not_depend_on_the_order_within_the_lateness(
    name: str, data: st.DataObject
) -> None:
    """Devices, networks, countries and payees with their times and counts, hours, and how much was learned."""
    ordinary, _ = lives()[name]
    expected = answers(ordinary).profile(name)
    found = answers(delayed(ordinary, data.draw(delays(len(ordinary))))).profile(name)

    for table in ("devices", "networks", "countries", "payees"):
        assert dict(getattr(found, table).items()) == dict(getattr(expected, table).items())
    for field in ("login_hours", "money_hours", "logins", "transactions", "first_at", "last_at", "events"):
        assert getattr(found, field) == getattr(expected, field)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_no_interval_is_ever_negative(data: st.DataObject) -> None:
    """Not even when attacks and ordinary days are shuffled: no figure of any finding is below zero."""
    events = in_turn()
    decided = answers(delayed(events, data.draw(delays(len(events)))))

    assert decided.count == len(events)
    for made in decided.decisions.values():
        assert 0.0 <= made.risk <= 1.0
        for finding in made.findings:
            figures = [finding.value, finding.baseline, finding.threshold, *named_figures(finding.facts)]
            assert all(figure >= 0 for figure in figures if isinstance(figure, int | float)), finding


def named_figures(facts: dict[str, float | int | str | None] | None) -> list[float | int | str | None]:
    """The facts that are counts and spans; weights of evidence (`_nats`) speak for or against."""
    return [value for name, value in (facts or {}).items() if not name.endswith("_nats")]


@settings(max_examples=30, deadline=None)
@given(st.floats(60.0, 2400.0), st.booleans())
def test_two_places_are_the_same_journey_whichever_event_arrives_first(
    apart_s: float, other_first: bool
) -> None:
    """The login that arrives second is the one that is told of the journey, with the same time.

    Both are in the owner's country: what is held back (a new country is) is nobody's neighbour, or a thief abroad would make
    the owner at home look like a traveller.
    """
    tale = Tale()
    who = tale.account("ann").lives(days=21)
    tale.on(22, "12:00")
    history = of(tale)
    here = who.logs_in()
    tale.after(seconds=apart_s - 20)
    there = who.logs_in(who.owner.over(broadband("Beijing", 7, 1)))
    first, second = of(tale)[len(history) :]
    pair = [second, first] if other_first else [first, second]

    decided = answers([*history, *pair])

    journeys = {
        finding.facts["minutes"]
        for event_id in (here, there)
        for finding in decided.decisions[event_id].findings
        if finding.detector == "impossible_travel" and finding.facts is not None
    }
    assert journeys == {round((second.at - first.at) / 60)}
    assert "impossible_travel" in decided.reasons(pair[1].event_id)


@settings(max_examples=20, deadline=None)
@given(st.floats(1.0, 100 * 86_400.0))
def test_an_event_beyond_the_lateness_is_decided_and_teaches_nothing(beyond_s: float) -> None:
    tale = Tale()
    who = tale.account("ann").lives(days=21)
    ordinary = of(tale)
    newest = max(event.at for event in ordinary)
    who.logs_in(stranger(carrier("Beijing", 77), "old-phone"))
    late = structs.replace(
        of(tale)[-1], occurred_at=round((newest - LATENESS_S - beyond_s) * 1000), event_id="late"
    )
    assert isinstance(late, Login)
    before, decided = answers(ordinary).profile("ann"), answers([*ordinary, late])
    after = decided.profile("ann")

    assert "late" in decided.decisions["late"].states
    for table in (
        "devices",
        "networks",
        "countries",
        "payees",
        "fixes",
        "quarantined",
        "logins",
        "login_hours",
    ):
        assert getattr(after, table) == getattr(before, table), table
    assert after.trait_rows == before.trait_rows
