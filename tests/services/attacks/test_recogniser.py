"""Attacks in SQL: one row each with its right sizes, one alert that grows, and nothing that depends on when one looked."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

import pytest
from msgspec import json
from sqlalchemy import update

from services.activity.tables import activity
from services.attacks.keeping import keep
from services.attacks.recogniser import Recogniser
from services.attacks.tables import attack_accounts, attack_alerts, attacks
from services.attacks.telling import alert_of
from services.cases.hold_tables import held_payments
from services.platform.database import Database
from services.platform.metrics import ATTACK_ACCOUNTS, ATTACKS_NOW
from tests.services.attacks.made import HOUR_S, NOW, key
from tests.services.attacks.rows_made import RATES, all_of, happened, kept, look, row, wave

SIZES = ("kind", "state", "attempts", "accounts", "sources", "gave_way")


async def rows_of(database: Database) -> list[tuple[Any, ...]]:
    return [tuple(each[name] for name in SIZES) for each in await all_of(database, attacks)]


async def alerts_of(database: Database) -> list[tuple[str, int, tuple[str, ...]]]:
    found = [
        alert_of(each["body"]) for each in await all_of(database, attack_alerts) if each["way"] == "mail"
    ]
    return [(each.attack_id, each.number, each.why) for each in sorted(found, key=lambda each: each.at)]


async def test_a_wave_becomes_one_attack_with_its_sizes_and_is_over_after_a_quiet_hour(
    database: Database,
) -> None:
    rows, ledger = wave("stuff", 2000, 300, NOW, 1800.0, gives_way=0.01)
    for minutes in (5, 10, 20, 30, 50, 95):
        now = NOW + minutes * 60.0
        await happened(database, [each for each in rows if now - 900.0 <= each.at < now], now)
        await look(database, now)

    assert await rows_of(database) == [
        ("credential_stuffing", "over", ledger.attempts, 2000, 300, ledger.gave_way)
    ]
    [attack] = await all_of(database, attacks)
    assert attack["attack_id"] == "W-1"
    assert attack["recognised_at"] <= NOW + 600.0
    [first, *between, last] = await alerts_of(database)
    assert first[:2] == ("W-1", 1)
    assert "recognised" in first[2]
    assert last[2] == ("over",)
    assert 1 <= len(between) <= 4


async def test_two_waves_at_once_are_two_attacks_with_one_first_alert_each(database: Database) -> None:
    stuff, stuffed = wave("stuff", 600, 90, NOW + 2 * HOUR_S, 1800.0, gives_way=0.02)
    spray, sprayed = wave("spray", 600, 15, NOW, 6 * HOUR_S, gives_way=0.02, seed=5)
    rows = sorted(stuff + spray, key=lambda each: each.at)
    for minutes in range(15, 8 * 60, 15):
        now = NOW + minutes * 60.0
        await happened(database, [each for each in rows if now - 900.0 <= each.at < now], now)
        await look(database, now)

    assert sorted(await rows_of(database)) == [
        ("credential_stuffing", "over", stuffed.attempts, 600, 90, stuffed.gave_way),
        ("password_spraying", "over", sprayed.attempts, 600, 15, sprayed.gave_way),
    ]
    told = await alerts_of(database)
    assert [each[0] for each in told if "recognised" in each[2]] == ["W-1", "W-2"]
    assert [each[0] for each in told if "over" in each[2]] == ["W-2", "W-1"]


async def test_when_and_how_often_one_looks_changes_no_size(database: Database) -> None:
    rows, _ = wave("stuff", 300, 40, NOW, 1800.0, gives_way=0.05)
    rng = Random(3)
    for _ in range(4):
        await happened(database, rng.sample(rows, 120), NOW + 1800.0)
        await look(database, NOW + 1800.0)
    await happened(database, rows, NOW + 1800.0)
    await look(database, NOW + 1800.0)
    often = await kept(database)
    await look(database, NOW + 1801.0)
    assert await kept(database) == often

    for table in (attack_alerts, attacks):
        async with database.begin() as connection:
            await connection.execute(table.delete())
    await look(database, NOW + 1800.0)
    once = await kept(database)

    for part, name in (
        ("attack_sources", "source_key"),
        ("attack_accounts", "account_id"),
        ("attack_minutes", "minute"),
    ):
        stripped = [
            sorted(({**each, "attack_id": ""} for each in found[part]), key=lambda each: each[name])
            for found in (often, once)
        ]
        assert stripped[0] == stripped[1]


async def test_a_crash_in_the_midst_of_writing_leaves_nothing_and_the_next_look_all(
    database: Database,
) -> None:
    rows, ledger = wave("stuff", 100, 10, NOW, 600.0)
    await happened(database, rows, NOW + 600.0)
    recogniser = Recogniser(database, lambda: NOW + 600.0, RATES)
    async with database.read() as connection:
        waves = await recogniser._recognised(connection, NOW - 86_400.0, NOW + 600.0)
    before = ATTACK_ACCOUNTS.labels("credential_stuffing", "touched")._value.get()

    async def killed() -> None:
        async with database.begin() as connection:
            await keep(connection, waves, NOW - 86_400.0, NOW + 600.0)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await killed()
    assert await rows_of(database) == []
    await recogniser.look()
    await recogniser.look()

    assert await rows_of(database) == [("credential_stuffing", "open", ledger.attempts, 100, 10, 0)]
    assert ATTACK_ACCOUNTS.labels("credential_stuffing", "touched")._value.get() - before == 100
    assert ATTACKS_NOW.labels("credential_stuffing")._value.get() == 1


async def test_several_who_look_at_once_make_one_attack(database: Database) -> None:
    rows, _ = wave("stuff", 100, 10, NOW, 600.0)
    await happened(database, rows, NOW + 600.0)

    await asyncio.gather(*(look(database, NOW + 600.0) for _ in range(5)))

    assert len(await rows_of(database)) == 1
    assert len(await alerts_of(database)) == 1


async def test_guessed_codes_are_of_the_address_that_was_asked(database: Database) -> None:
    rows = []
    for number in range(60):
        account, source = f"v-{number}", f"s-{number % 6}"
        at = NOW + 10.0 * number
        rows.append(row(account, f"l{number}", at, source, outcome="success"))
        for turn in range(3):
            passed = turn == 2 and number % 20 == 0
            rows.append(
                row(
                    account,
                    f"c{number}-{turn}",
                    at + 5.0 * turn + 1.0,
                    source,
                    type="challenge_outcome",
                    outcome="passed" if passed else "failed",
                    about_event_id=f"l{number}",
                    ip_key=None,
                    device_key=None,
                    network_key=None,
                    network_kind=None,
                    country=None,
                )
            )
    await happened(database, rows, NOW + 700.0)
    await look(database, NOW + 700.0)

    assert await rows_of(database) == [("code_guessing", "open", 180, 60, 6, 3)]


async def test_small_payments_that_fail_on_many_accounts_are_card_testing(database: Database) -> None:
    def tried(number: int, **more: Any) -> Any:
        given = {
            "section": "money",
            "type": "transaction",
            "kind": "top_up",
            "outcome": "completed" if number % 25 == 24 else "failed",
            "amount": "9.90",
            "currency": "CNY",
        }
        return row(f"v-{number % 50}", f"t{number}", NOW + 5.0 * number, f"s-{number % 5}", **given | more)

    large = [tried(500 + n, amount="4000.00", outcome="failed") for n in range(100)]
    await happened(database, [*map(tried, range(100)), *large], NOW + 3600.0)
    await look(database, NOW + 3600.0)

    assert await rows_of(database) == [("card_testing", "open", 98, 50, 5, 2)]


async def test_money_of_accounts_that_gave_way_is_at_stake_by_what_became_of_it(database: Database) -> None:
    rows, _ = wave("stuff", 60, 6, NOW, 600.0)
    inside = row("v", "in", NOW + 300.0, "s-stuff-1", outcome="success", network_key=key("AS-stuff"))

    def paid(event_id: str, amount: str, outcome: str, **more: Any) -> Any:
        given = {"section": "money", "type": "transaction", "kind": "transfer", "currency": "CNY"}
        return row("v", event_id, NOW + 400.0, "s-stuff-1", outcome=outcome, amount=amount, **given | more)

    money = [
        paid("p1", "100.00", "requested", reference="r1"),
        paid("p2", "100.00", "completed", reference="r1"),
        paid("p3", "30.50", "requested"),
        paid("p4", "7.00", "failed"),
        paid("p5", "99.00", "completed", kind="top_up"),
        paid("p6", "50.00", "completed")._replace(at=NOW - 900.0),
    ]
    await happened(database, [*rows, inside, *money], NOW + 700.0)
    async with database.begin() as connection:
        held = {"effect_id": "h", "currency": "CNY", "state": "held", "placed_at": NOW, "due_at": NOW}
        await connection.execute(
            held_payments.insert().values(account_id="v", event_id="p3", amount="30.50", **held)
        )
    await look(database, NOW + 700.0)

    [attack] = await all_of(database, attacks)
    assert attack["gave_way"] == 1
    assert json.decode(attack["at_stake"]) == {
        "completed": {"CNY": "100.00"},
        "held": {"CNY": "30.50"},
        "refused": {"CNY": "7.00"},
    }


async def test_an_owner_who_signs_in_at_an_address_of_the_attack_did_not_give_way(database: Database) -> None:
    rows, _ = wave("stuff", 60, 6, NOW, 600.0)
    before = row("li", "b", NOW - 9 * 86_400.0, "home", outcome="success", device_key=key("phone"))
    now = row(
        "li",
        "n",
        NOW + 300.0,
        "s-stuff-1",
        outcome="success",
        device_key=key("phone"),
        network_key=key("AS-stuff"),
    )
    await happened(database, [*rows, before, now], NOW + 700.0)
    await look(database, NOW + 700.0)

    assert await rows_of(database) == [("credential_stuffing", "open", 60, 60, 6, 0)]


async def test_what_is_erased_after_the_end_was_touched_all_the_same(database: Database) -> None:
    rows, _ = wave("stuff", 60, 6, NOW, 600.0)
    await happened(database, rows, NOW + 700.0)
    await look(database, NOW + 700.0)
    await look(database, NOW + 3 * HOUR_S)
    async with database.begin() as connection:
        await connection.execute(activity.delete().where(activity.c.account_id == "stuff-1"))
        await connection.execute(attack_accounts.delete().where(attack_accounts.c.account_id == "stuff-1"))
    await look(database, NOW + 4 * HOUR_S)

    assert await rows_of(database) == [("credential_stuffing", "over", 60, 60, 6, 0)]
    assert "stuff-1" not in {each["account_id"] for each in await all_of(database, attack_accounts)}


async def test_an_attack_that_goes_out_of_sight_stays_as_it_was(database: Database) -> None:
    rows, _ = wave("stuff", 60, 6, NOW, 600.0)
    await happened(database, rows, NOW + 700.0)
    await look(database, NOW + 700.0)
    await look(database, NOW + 3 * HOUR_S)
    there = await kept(database)
    for later in (23.95 * HOUR_S, 24.05 * HOUR_S, 24.12 * HOUR_S, 30 * HOUR_S):
        await look(database, NOW + later)

    assert await kept(database) == there


async def test_numbers_are_not_given_again(database: Database) -> None:
    for turn in range(2):
        rows, _ = wave(f"w{turn}", 60, 6, NOW + turn * 6 * HOUR_S, 600.0)
        await happened(database, rows, NOW + turn * 6 * HOUR_S + 700.0)
        await look(database, NOW + turn * 6 * HOUR_S + 700.0)
        async with database.begin() as connection:
            await connection.execute(update(attacks).values(state="over"))
            if turn == 0:
                await connection.execute(attacks.delete())

    assert [each["attack_id"] for each in await all_of(database, attacks)] == ["W-2", "W-3"]
