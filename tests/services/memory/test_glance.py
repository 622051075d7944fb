"""What is out of the ordinary, and that learning with a glance is learning without one."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from msgspec import structs

from contracts.circumstances import Circumstance
from contracts.events import AnyEvent, Transaction
from contracts.profile import DAY_S, Facts, Profile, Quarantined
from services.memory.glance import end_visit, look
from services.memory.learning import facts_of, learn, release
from tests.detectors.build import BEIJING, NOW, change, fix, login, payer, settled, transaction
from tests.detectors.stream import life

C = Circumstance
AT_HOME: dict[str, Any] = {"fixes": [fix(BEIJING, NOW - 60, "home-ip")]}


@pytest.mark.parametrize("event", [login(), transaction(20.0)])
def test_nothing_is_unusual_about_a_familiar_event(event: AnyEvent) -> None:
    assert look(event, payer(**AT_HOME), {}).circumstances == C.ALWAYS


@pytest.mark.parametrize(
    ("event", "circumstance"),
    [
        (login(device="new"), C.NEW_DEVICE),
        (login(network="new"), C.NEW_NETWORK),
        (transaction(20.0, payee="new"), C.NEW_PAYEE),
        (transaction(900.0), C.LARGE),
        (login(outcome="failure"), C.FAILED_LOGIN),
        (login(ip="other-ip"), C.MOVED),
        (login(NOW - 3600), C.MOVED),
        (change(), C.CHANGE),
        (transaction(20.0, status="failed"), C.FAILED_PAYMENT),
        (transaction(20.0, movement="top_up"), C.TOP_UP | C.LARGE),
    ],
)
def test_what_is_new_is_named(event: AnyEvent, circumstance: Circumstance) -> None:
    assert look(event, payer(**AT_HOME), {}).circumstances == C.ALWAYS | circumstance


def test_what_is_missing_is_not_new() -> None:
    bare = login(device=None, network=None, place=None)

    assert look(bare, settled(), {}).circumstances == C.ALWAYS


@pytest.mark.parametrize(("count", "circumstance"), [(1, 0), (2, C.COUNTED)])
def test_a_count_of_one_account_is_no_crowd(count: int, circumstance: int) -> None:
    seen = look(login(), settled(**AT_HOME), {"accounts_at_address": count})

    assert seen.circumstances == C.ALWAYS | circumstance


@pytest.mark.parametrize(("hours_ago", "circumstance"), [(23, C.RECENT_FAILURE), (25, 0)])
def test_a_failure_of_the_last_day_is_told_after_a_success_too(hours_ago: int, circumstance: int) -> None:
    account = settled(failures=[NOW - hours_ago * 3600], **AT_HOME)

    assert look(login(), account, {}).circumstances == C.ALWAYS | circumstance


def test_the_circumstances_of_the_account_go_with_every_event() -> None:
    account = settled(failures_in_row=1, failed_challenges=[1.0], slots={"some": (1, b"")}, **AT_HOME)

    assert look(change(), account, {}).circumstances == (
        C.ALWAYS | C.CHANGE | C.AFTER_FAILURES | C.FAILED_CHALLENGE | C.REMEMBERED
    )


@pytest.mark.parametrize(
    ("told", "much"), [("100.00", True), ("100.01", False), (None, False), (10_000, True)]
)
def test_a_fifth_of_a_told_balance_is_much(told: str | int | None, much: bool) -> None:
    event = structs.replace(transaction(20.0), balance=told)

    assert bool(look(event, payer(), {}).circumstances & C.TAKES_MUCH) is much


@pytest.mark.parametrize(
    ("what", "hours_ago", "held"),
    [("account_change", 23, True), ("account_change", 24, False), ("login", 1, False)],
)
def test_money_wakes_on_a_change_of_the_last_day_that_is_held_back(
    what: str, hours_ago: int, held: bool
) -> None:
    account = payer(quarantined=[Quarantined(b"held....", Facts(what, NOW - hours_ago * 3600))])

    assert bool(look(transaction(), account, {}).circumstances & C.HELD_CHANGE) is held
    assert not look(login(), account, {}).circumstances & C.HELD_CHANGE


def test_a_steady_pace_is_not_busy_and_a_burst_is() -> None:
    profile = Profile(first_at=int(NOW - 120 * DAY_S))
    for minutes in range(0, 120 * 24 * 60, 240):
        learn(profile, transaction(20.0, NOW - 120 * DAY_S + minutes * 60.0), b"12345678")
    assert not look(transaction(20.0), profile, {}).circumstances & C.BUSY

    for seconds in range(5):
        learn(profile, transaction(20.0, NOW + seconds), b"12345678")

    assert look(transaction(20.0, NOW + 6), profile, {}).circumstances & C.BUSY


@pytest.mark.parametrize("seed", range(5))
def test_learning_from_a_glance_is_applying_the_facts(seed: int) -> None:
    """Also in another order than things happened in, and whenever somebody read the tables in between."""
    events = [
        event
        for event, _, _ in life(150, seed)
        if not isinstance(event, Transaction) or event.kind != "refund"
    ]
    reads = Random(seed)
    reads.shuffle(events)
    learned, applied = Profile(), Profile()
    for event in events:
        if getattr(event, "outcome", None) == "failure" or getattr(event, "status", None) == "failed":
            continue
        learn(learned, event, b"12345678")
        if reads.random() < 0.3:
            learned.settle()
        release(applied, facts_of(event))

    end_visit(learned)
    assert learned == applied
