"""The letter of a challenge that nobody has passed: once, not to whoever is there, and not ten for ten challenges."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import json, structs
from sqlalchemy import select

from contracts.decisions import Decision, Notify
from notifier.channels import Letter, Sent
from notifier.service import Notifier
from services.cases.case_service import CaseService
from services.cases.contact_points import Contact
from services.cases.news import CHALLENGE
from services.cases.repository import Recorded, keep
from services.cases.tables import notices
from services.mfa import repository
from services.mfa.repository import passed, record_issued
from services.platform.metrics import NOTICES_DIGESTED
from services.platform.settings import Settings
from tests.services.mfa.world import OWNER, World, asked

LI = Contact("li@upay.example", "en", "Asia/Shanghai")
AFTER_S = 120


class Box:
    """Keeps the letters."""

    name = "mail"

    def __init__(self) -> None:
        self.sent: list[Letter] = []

    async def send(self, letter: Letter, key: str, at: float) -> Sent:
        self.sent.append(letter)
        return Sent()

    @property
    def subjects(self) -> list[str]:
        return [letter.subject for letter in self.sent]


@pytest.fixture
async def box(world: World) -> Box:
    await CaseService(world.database, world.clock).set_contact("li", LI)
    world.clock.at += 86_400.0
    return Box()


async def decide(world: World, challenge_id: str, after_s: int | None = AFTER_S, *more: Any) -> Decision:
    """A decision that asks for a challenge, carried out as the cases service does."""
    made, effect = asked(challenge_id)
    effect = structs.replace(effect, letter_after_s=after_s)
    made = structs.replace(made, effects=(effect, *more), at=world.clock.at)
    await carry_out(world, made)
    return made


async def carry_out(world: World, decision: Decision, window_s: float = 0.0) -> None:
    async with world.database.begin() as connection:
        record = Recorded(decision, json.encode(decision), world.clock.at)
        await keep(connection, [record], record_issued, window_s)


async def close(world: World, challenge_id: str, state: Any) -> None:
    async with world.database.begin() as connection:
        challenge = await repository.find(connection, challenge_id)
        assert challenge is not None
        assert await repository.close(connection, challenge, state, world.clock.at)


async def deliver(world: World, box: Box, after_s: float = 0.0, **settings: Any) -> None:
    world.clock.at += after_s
    ways = {"mail": box}
    service = Notifier(Settings(**settings), world.database, world.clock, ways, passed=passed)
    while await service.deliver_due():
        pass


async def test_an_owner_who_is_not_there_is_told_of_a_challenge_once(world: World, box: Box) -> None:
    made = await decide(world, "c1")
    await deliver(world, box, AFTER_S - 1.0)

    assert box.sent == []

    await deliver(world, box, 1.0)
    await carry_out(world, made)
    await deliver(world, box, 3600.0)

    assert box.subjects == ["A code was asked for: CNY 412.00 to payee-9"]


async def test_an_owner_who_passes_it_gets_no_letter_even_of_a_repeat(world: World, box: Box) -> None:
    secret = await world.enrolled()
    made = await decide(world, "c1")
    assert (await world.service.verify("c1", world.code(secret), OWNER)).passed
    await deliver(world, box, AFTER_S)
    async with world.database.read() as connection:
        query = select(notices.c.state, notices.c.last_error).where(notices.c.template == CHALLENGE)
        kept = [tuple(row) for row in await connection.execute(query)]

    told = ("suppressed", "challenge_passed")
    assert (kept, [subject for subject in box.subjects if "code was asked" in subject]) == ([told], [])

    await carry_out(world, made)
    await deliver(world, box, AFTER_S)

    assert not any("code was asked" in subject for subject in box.subjects)


@pytest.mark.parametrize("state", ["failed", "expired"])
async def test_a_challenge_that_ended_badly_is_told(world: World, box: Box, state: str) -> None:
    await decide(world, "c1")
    await close(world, "c1", state)
    await deliver(world, box, AFTER_S)

    assert box.subjects == ["A code was asked for: CNY 412.00 to payee-9"]


async def test_an_owner_who_passes_another_try_of_the_payment_gets_no_letter(world: World, box: Box) -> None:
    secret = await world.enrolled()
    await decide(world, "c1")
    await decide(world, "c2", None)
    assert (await world.service.verify("c2", world.code(secret), OWNER)).passed
    await deliver(world, box, AFTER_S)

    assert not any("code was asked" in subject for subject in box.subjects)


async def test_a_pass_for_another_payee_or_before_stops_no_letter(world: World, box: Box) -> None:
    secret = await world.enrolled()
    assert await world.verified(world.code(secret))
    world.clock.at += 60.0
    made, effect = asked("c1")
    other = structs.replace(effect, payee_id="payee-7", letter_after_s=AFTER_S)
    await carry_out(world, structs.replace(made, effects=(other,)))
    assert await world.verified(world.code(secret))
    await deliver(world, box, AFTER_S)

    assert "A code was asked for: CNY 412.00 to payee-7" in box.subjects


async def test_another_accounts_pass_of_the_same_event_id_stops_no_letter(world: World, box: Box) -> None:
    secret = await world.enrolled("wu")
    await decide(world, "c1")
    decision, effect = asked("c2", "wu")
    await carry_out(world, structs.replace(decision, event_id="event-c1", effects=(effect,)))
    assert (await world.service.verify("c2", world.code(secret), OWNER)).passed
    await deliver(world, box, AFTER_S)

    assert [letter.subject for letter in box.sent if letter.to == LI.address] == [
        "A code was asked for: CNY 412.00 to payee-9"
    ]


async def test_ten_challenges_in_an_hour_are_two_letters_and_a_digest(world: World, box: Box) -> None:
    for number in range(10):
        await decide(world, f"c{number}")
        await deliver(world, box, 200.0)

    assert box.subjects == ["A code was asked for: CNY 412.00 to payee-9"] * 2

    await deliver(world, box, 3600.0)

    assert box.subjects[2:] == ["What happened on your UPay account lately (8)"]


async def test_ten_challenges_of_one_account_are_no_storm_of_letters(world: World, box: Box) -> None:
    before = NOTICES_DIGESTED.labels(CHALLENGE)._value.get()
    for number in range(10):
        await decide(world, f"c{number}")
    await deliver(world, box, AFTER_S)

    assert NOTICES_DIGESTED.labels(CHALLENGE)._value.get() == before


async def test_challenges_that_come_due_together_keep_to_the_same_bound(world: World, box: Box) -> None:
    for number in range(10):
        await decide(world, f"c{number}")
    await deliver(world, box, AFTER_S, challenge_letters_per_hour=1)

    assert len(box.sent) == 1


async def test_the_next_hour_has_letters_again(world: World, box: Box) -> None:
    for _ in range(3):
        await decide(world, f"c{world.clock.at}")
        await deliver(world, box, AFTER_S, challenge_letters_per_hour=1)
        world.clock.at += 3600.0

    assert box.subjects == ["A code was asked for: CNY 412.00 to payee-9"] * 3


async def test_a_challenge_beside_a_notice_or_of_before_has_no_letter(world: World, box: Box) -> None:
    await decide(world, "c1", None, Notify(effect_id="n", template="hold_notice"))
    await decide(world, "c2", None)
    await deliver(world, box, 3600.0)

    assert box.subjects == ["CNY 412.00 to payee-9 held"]
