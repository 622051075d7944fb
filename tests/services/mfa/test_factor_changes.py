"""Every step of a factor's life: an event, an audit entry and a letter, in the step's own transaction, without a secret."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.errors import Unavailable
from contracts.events import AccountChange
from services.audit.tables import audit
from services.cases.tables import notices, outbox
from services.events.decode import decode_event
from services.mfa import recovery
from services.mfa.code_rules import LOCK_AFTER
from services.mfa.lifecycle import CodeRefused, FactorLifecycle
from services.mfa.limit_tables import factor_devices
from services.mfa.records import STRANGER_FAILURES, Context
from services.mfa.tables import factors
from services.mfa.vault import Vault
from services.platform.database import Database
from tests.services.mfa.world import CHEAP, KEY, World

PHONE = Context(ip="203.0.113.7", device_id="phone-1")
STRANGER = Context(ip="198.51.100.1", device_id="another")
Step = Callable[[World, str, tuple[str, ...]], Awaitable[object]]


async def started(world: World, secret: str, _codes: tuple[str, ...]) -> None:
    await world.lifecycle.enrol("li", world.clock.at, PHONE, world.code(secret))


async def replaced(world: World, secret: str, _codes: tuple[str, ...]) -> None:
    new = await world.lifecycle.enrol("li", world.clock.at, PHONE, world.code(secret))
    await world.lifecycle.confirm("li", world.code(new.secret), PHONE)


async def removed(world: World, secret: str, _codes: tuple[str, ...]) -> None:
    await world.lifecycle.remove("li", world.code(secret), PHONE)


async def renewed(world: World, secret: str, _codes: tuple[str, ...]) -> None:
    await world.lifecycle.regenerate("li", world.code(secret), PHONE)


async def recovered(world: World, _secret: str, codes: tuple[str, ...]) -> None:
    await world.lifecycle.regenerate("li", codes[0], PHONE)


async def locked(world: World, secret: str, _codes: tuple[str, ...]) -> None:
    for _ in range(LOCK_AFTER):
        await world.lifecycle.remove("li", world.wrong(secret), PHONE)


async def shut(world: World, secret: str, _codes: tuple[str, ...]) -> None:
    async with world.database.begin() as connection:
        await connection.execute(factors.update().values(failures_total=STRANGER_FAILURES - 1))
    await world.lifecycle.remove("li", world.wrong(secret), STRANGER)


async def disabled(world: World, secret: str, codes: tuple[str, ...]) -> None:
    async with world.database.begin() as connection:
        await recovery.void(connection, "li")
        await connection.execute(factor_devices.delete())
    await shut(world, secret, codes)


async def factor(world: World) -> tuple[str, tuple[str, ...]]:
    """The secret and recovery codes of a new factor of li; the clock stands two steps later."""
    made = await world.lifecycle.enrol("li", world.clock.at, PHONE)
    confirmed = await world.lifecycle.confirm("li", world.code(made.secret), PHONE)
    world.clock.at += 60.0
    return made.secret, confirmed.recovery_codes


STEPS: dict[str, tuple[Step, str, str, tuple[str, str]]] = {
    "started": (started, "totp_enrolment_started", "factor_started", ("enrol", "passed")),
    "replaced": (replaced, "totp_replaced", "factor_replaced", ("confirm", "passed")),
    "removed": (removed, "totp_removed", "factor_removed", ("remove", "passed")),
    "codes made": (renewed, "recovery_codes_made", "recovery_codes_made", ("recovery_codes", "made")),
    "code used": (recovered, "recovery_code_used", "recovery_code_used", ("regenerate", "passed")),
    "locked": (locked, "totp_locked", "factor_locked", ("remove", "wrong")),
    "shut": (shut, "totp_locked", "factor_shut", ("remove", "wrong")),
    "disabled": (disabled, "totp_disabled", "factor_disabled", ("remove", "wrong")),
}


@pytest.mark.parametrize("name", STEPS)
async def test_a_step_is_an_event_an_audit_entry_and_a_letter(world: World, name: str) -> None:
    step, change, letter, act = STEPS[name]
    secret, codes = await factor(world)

    await step(world, secret, codes)

    assert change in await world.changes()
    assert letter in {told for told, _, _ in await world.letters()}
    assert act in {(row["action"], row["result"]) for row in await world.rows(audit)}


async def test_a_first_factor_is_two_events_an_audit_entry_each_and_a_letter(world: World) -> None:
    await factor(world)

    assert ["totp_enrolment_started", "totp_enrolled", "recovery_codes_made"] == await world.changes()
    assert {"factor_started", "factor_enrolled"} == {told for told, _, _ in await world.letters()}
    assert {("enrol", "started"), ("confirm", "passed"), ("recovery_codes", "made")} == {
        (row["action"], row["result"]) for row in await world.rows(audit)
    }


@pytest.mark.parametrize("name", STEPS)
async def test_no_step_tells_a_secret_or_a_code(world: World, name: str) -> None:
    secret, codes = await factor(world)
    await STEPS[name][0](world, secret, codes)

    told = str([await world.rows(table) for table in (notices, outbox, audit)])
    hidden = [secret, *codes, *(code.replace("-", "") for code in codes)]
    assert not [one for one in hidden if one in told]
    assert not [one for one in codes if one[5:] in told]


@pytest.mark.parametrize("name", STEPS)
async def test_the_stream_takes_the_event_of_every_step(world: World, name: str) -> None:
    secret, codes = await factor(world)
    await STEPS[name][0](world, secret, codes)

    rows = [row for row in await world.rows(outbox) if "account_change" in row["payload"]]
    decoded = [decode_event(row["payload"].encode()) for row in rows]
    assert len({event.event_id for event in decoded}) == len(rows)
    assert {"li"} == {event.account_id for event in decoded}


async def test_what_the_owner_did_says_from_where_and_a_guessers_lock_does_not(world: World) -> None:
    secret, codes = await factor(world)
    await locked(world, secret, codes)

    told = {event.change: event for event in await world.sent() if isinstance(event, AccountChange)}
    enrolled, lock = told["totp_enrolled"], told["totp_locked"]
    assert (enrolled.ip, enrolled.device_id) == (PHONE.ip, PHONE.device_id)
    assert (lock.ip, lock.device_id) == (None, None)


class NeverCommits(Database):
    """A database that goes away before each commit."""

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        async with super().begin() as connection:
            yield connection
            raise Unavailable("database away")


@pytest.mark.parametrize("name", ["started", "removed", "code used"])
async def test_a_step_that_does_not_commit_tells_nothing(world: World, database_url: str, name: str) -> None:
    """The event, the letter and the audit entry go the way of the factor itself."""
    secret, codes = await factor(world)
    before = [await world.rows(table) for table in (factors, outbox, notices, audit)]
    database = NeverCommits(database_url)
    lifecycle = FactorLifecycle(database, Vault({1: KEY}, 1), world.checker, world.clock, "UPay", CHEAP)

    with pytest.raises(Unavailable):
        await STEPS[name][0](replace(world, lifecycle=lifecycle), secret, codes)
    await database.close()

    assert before == [await world.rows(table) for table in (factors, outbox, notices, audit)]


async def test_beginning_again_while_an_enrolment_waits_sends_no_second_letter(world: World) -> None:
    for _ in range(3):
        await world.enrol()

    assert 1 == len(await world.letters())
    assert 3 == len(await world.changes())


async def test_a_refused_replacement_is_one_audit_entry_and_no_letter(world: World) -> None:
    secret, _ = await factor(world)
    before = len(await world.rows(audit)), await world.letters()

    with pytest.raises(CodeRefused):
        await world.enrol(code=world.wrong(secret))

    assert (before[0] + 1, before[1]) == (len(await world.rows(audit)), await world.letters())


@pytest.mark.parametrize("name", STEPS)
async def test_the_news_of_a_letter_are_times_and_counts_only(world: World, name: str) -> None:
    secret, codes = await factor(world)
    await STEPS[name][0](world, secret, codes)

    for row in await world.rows(notices):
        assert json.loads(row["news"]).keys() <= {"at", "due_at", "codes_left"}
