"""Waves are found with their right sizes, whatever else goes on, and however what is given was put together."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.attacks.judging import in_minutes
from services.attacks.recognise import recognise
from services.attacks.waves import Tries, Use, Wave
from tests.services.attacks.made import DAY_S, HOUR_S, NOW, attack, key, mistypers, nobody, sizes, tried

SINCE = NOW - DAY_S


def found(tries: list[Tries], known: dict[str, list[Use]] | None = None, now: float = NOW) -> list[Wave]:
    return recognise(tries, known or {}, now - DAY_S, now)


def near(count: int, truth: int) -> bool:
    return abs(count - truth) <= 0.02 * truth


def test_two_thousand_accounts_from_three_hundred_addresses_are_one_wave_of_stuffing() -> None:
    tries = attack("stuff", 2000, 300, NOW - 5 * HOUR_S, 1800.0)

    [wave] = found(tries)

    assert sizes(wave) == ("credential_stuffing", 2000, 2000, 300, 0)
    assert wave.over


def test_fifty_slow_addresses_over_six_hours_are_one_wave_of_spraying() -> None:
    tries = attack("spray", 2000, 50, NOW - 8 * HOUR_S, 6 * HOUR_S)

    [wave] = found(tries)

    assert sizes(wave) == ("password_spraying", 2000, 2000, 50, 0)


@pytest.mark.parametrize("hours_later", [0.0, 1.0, 3.0, 5.5])
def test_a_fast_and_a_slow_wave_at_once_stay_two(hours_later: float) -> None:
    spray = attack("spray", 2000, 50, NOW - 12 * HOUR_S, 6 * HOUR_S, seed=3)
    stuff = attack("stuff", 2000, 300, NOW - (12 - hours_later) * HOUR_S, 1800.0, seed=4)
    honest, known = mistypers(900, NOW - DAY_S, DAY_S)

    waves = found(spray + stuff + honest, known)

    assert [wave.kind for wave in waves] == ["credential_stuffing", "password_spraying"]
    for wave, addresses in zip(waves, (300, 50), strict=True):
        assert near(len(wave.accounts), 2000)
        assert near(wave.attempts, 2000)
        assert near(len(wave.sources), addresses)


def test_people_who_mistype_are_no_wave() -> None:
    tries, known = mistypers(3000, NOW - DAY_S, DAY_S)

    assert found(tries, known) == []


def test_an_office_after_a_change_of_all_passwords_is_no_wave() -> None:
    at = NOW - HOUR_S
    tries = [tried(f"p-{n}", "office", at + n, device=f"pc-{n}", kind="residential") for n in range(200)]
    known = {
        f"p-{n}": [Use("login", key("office"), key(f"pc-{n}"), at - 9 * DAY_S, at + 900.0)]
        for n in range(200)
    }

    assert found(tries, known) == []


def test_people_on_new_phones_who_get_in_after_all_are_no_wave() -> None:
    at = NOW - HOUR_S
    tries = [
        tried(f"p-{n}", f"gate-{n % 20}", at + n, device=f"new-{n}", kind="residential") for n in range(200)
    ]
    known = {
        f"p-{n}": [Use("login", key(f"gate-{n % 20}"), key(f"new-{n}"), at + n + 30.0, at + n + 30.0)]
        for n in range(200)
    }

    assert found(tries, known) == []


def test_one_person_who_forgot_a_password_is_no_wave() -> None:
    assert found([tried("li", "home", NOW - 60.0 * n) for n in range(500)]) == []


def test_a_slow_wave_is_never_taken_for_a_fast_one_on_its_way() -> None:
    tries = attack("spray", 2000, 50, NOW, 6 * HOUR_S, seed=9)

    for minutes in range(10, 420, 10):
        now = NOW + minutes * 60.0
        waves = found([each for each in tries if each.first_at <= now], now=now)
        assert {wave.kind for wave in waves} <= {"password_spraying"}, minutes
        assert len(waves) <= 1, minutes


def test_a_fast_wave_is_recognised_within_minutes() -> None:
    tries = attack("stuff", 2000, 300, NOW, 1800.0)

    [wave] = found([each for each in tries if each.first_at <= NOW + 600.0], now=NOW + 600.0)

    assert wave.kind == "credential_stuffing"
    assert not wave.over


@pytest.mark.parametrize(("what", "kind"), [("code", "code_guessing"), ("card", "card_testing")])
def test_guessed_codes_and_tested_cards_are_waves_of_their_own(what: str, kind: str) -> None:
    tries = attack("w", 200, 12, NOW - HOUR_S, 1500.0, what=what)  # type: ignore[arg-type]
    others = attack("stuff", 400, 40, NOW - HOUR_S, 1500.0)

    waves = found(tries + others)

    assert {wave.kind: (len(wave.accounts), len(wave.sources)) for wave in waves} == {
        kind: (200, 12),
        "credential_stuffing": (400, 40),
    }


def test_a_quiet_hour_ends_a_wave() -> None:
    first = attack("a", 300, 30, NOW - 6 * HOUR_S, 900.0)
    again = attack("a", 300, 30, NOW - 3 * HOUR_S, 900.0, seed=2)

    assert [sizes(wave)[:3] for wave in found(first + again)] == [
        ("credential_stuffing", 300, 300),
        ("credential_stuffing", 300, 300),
    ]


def test_fewer_than_thirty_accounts_are_no_wave() -> None:
    assert found(attack("few", 29, 3, NOW - HOUR_S, 600.0)) == []
    assert len(found(attack("few", 30, 3, NOW - HOUR_S, 600.0))) == 1


def test_an_owner_behind_an_address_of_the_wave_does_not_count() -> None:
    tries = attack("stuff", 100, 5, NOW - HOUR_S, 600.0)
    owner = tried("owner", "s-stuff-1", NOW - HOUR_S + 60.0, device="phone")
    known = {"owner": [Use("login", key("elsewhere"), key("phone"), NOW - 9 * DAY_S, NOW - DAY_S)]}

    [wave] = found([*tries, owner], known)

    assert "owner" not in {each.account_id for each in wave.accounts}


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), parts=st.integers(1, 9))
def test_order_and_splitting_change_nothing(seed: int, parts: int) -> None:
    rng = Random(seed)
    honest, known = mistypers(100, NOW - DAY_S, DAY_S, seed)
    tries = (
        attack("stuff", 120, 20, NOW - 9 * HOUR_S, 1800.0, seed=seed)
        + attack("spray", 150, 8, NOW - 9 * HOUR_S, 6 * HOUR_S, seed=seed + 1)
        + honest
    )
    whole = recognise(tries, known, SINCE, NOW)
    rng.shuffle(tries)
    split = [each for n in range(parts) for each in in_minutes(tries[n::parts])]
    rng.shuffle(split)

    assert recognise(split, known, SINCE, NOW) == whole
    assert recognise(split[::-1], dict(reversed(known.items())), SINCE, NOW) == whole


def test_what_repeats_within_a_minute_is_counted_each_time() -> None:
    tries = [each for each in attack("stuff", 60, 6, NOW - HOUR_S, 600.0) for _ in range(3)]

    [wave] = found(tries)

    assert (wave.attempts, len(wave.accounts)) == (180, 60)
    assert nobody(tries).keys() == {each.account_id for each in wave.accounts}
