"""Each end of a freeze or a held payment reaches its owner, once, whoever ended it."""

from __future__ import annotations

from contextlib import suppress

import pytest
from msgspec import structs

from contracts.decisions import Freeze, HoldPayment, Notify, RevokeSessions, effect_id
from services.cases import held_payments, holds
from services.cases.case_service import CaseService
from services.cases.repository import Recorded, keep
from services.cases.settlements import Outcome
from services.platform.database import Database
from tests.notifier.delivering import LI, Clock, Way, notifier, rows
from tests.notifier.looked_at import T0, THEFT
from tests.services.cases.decided import no_challenges, recorded


class Desk:
    """li's decisions, ends and letters."""

    def __init__(self, database: Database, way: Way, clock: Clock) -> None:
        self.database, self.way, self.clock = database, way, clock

    async def decided(self, *records: Recorded) -> None:
        async with self.database.begin() as connection:
            await keep(connection, records, no_challenges)

    async def hold(self, event_id: str = "e1") -> None:
        """A payment of 18,000.00 CNY waits."""
        effect = HoldPayment(
            effect_id=effect_id("li", event_id, "hold_payment"),
            due_s=86_400,
            amount="18000.00",
            currency="CNY",
            payee_id="chen-wei-4471",
        )
        await self.decided(recorded(event_id, effects=(effect,), at=T0, type="transaction", shown=THEFT))

    async def end(self, outcome: Outcome, by: str, event_id: str = "e1") -> bool:
        self.clock.now += 60.0
        async with self.database.begin() as connection:
            ended = await held_payments.settle(
                connection, "li", event_id, outcome, by, "because", self.clock.now
            )
        return ended is not None

    async def subjects(self) -> list[str]:
        """What is due is delivered; the subjects of all letters so far."""
        service = notifier(self.database, self.way, self.clock)
        while await service.deliver_due():
            pass
        return [letter.subject for _, letter in self.way.sent]


@pytest.fixture
async def desk(database: Database, way: Way, clock: Clock) -> Desk:
    await CaseService(database, lambda: T0 - 86_400.0).set_contact("li", LI)
    return Desk(database, way, clock)


@pytest.mark.parametrize(
    ("outcome", "by", "end", "lead"),
    [
        ("released", "key:mei", "released", "Our support looked at it and let it go."),
        ("released", "owner", "released", "You confirmed it, so we let it go."),
        ("released", held_payments.BY_CODE, "released", "You confirmed it, so we let it go."),
        ("cancelled", "key:mei", "cancelled", "Our support cancelled it. No money has moved."),
        ("cancelled", "owner", "cancelled", "You cancelled it. No money has moved."),
        ("expired", "deadline", "given up: nobody confirmed it", "nobody confirmed it in time"),
    ],
)
async def test_an_end_of_a_held_payment_is_told_once(
    desk: Desk, outcome: Outcome, by: str, end: str, lead: str
) -> None:
    await desk.hold()
    assert await desk.subjects() == []

    assert await desk.end(outcome, by)
    assert not await desk.end("released", "key:mei")
    assert await desk.subjects() == [f"CNY 18,000.00 to chen-wei-4471 {end}"]
    assert await desk.subjects() == [f"CNY 18,000.00 to chen-wei-4471 {end}"]
    text = desk.way.sent[0][1].text
    assert lead in text
    assert "Place: Near Kuala Lumpur, Malaysia (may be off by 50 km)" in text


async def test_an_end_that_is_rolled_back_is_told_to_nobody(desk: Desk) -> None:
    await desk.hold()
    with suppress(ZeroDivisionError):
        async with desk.database.begin() as connection:
            await held_payments.settle(connection, "li", "e1", "released", "owner", None, T0)
            raise ZeroDivisionError

    assert await desk.subjects() == []
    assert await desk.end("expired", "deadline")
    assert len(await desk.subjects()) == 1


async def test_two_payments_have_two_letters_of_their_ends(desk: Desk) -> None:
    for event_id in ("e1", "e2"):
        await desk.hold(event_id)
        await desk.end("cancelled", "key:mei", event_id)

    assert len(await desk.subjects()) == 2
    assert len({key for key, _ in desk.way.sent}) == 2


async def test_a_freeze_of_a_decision_and_its_end_are_a_letter_each(desk: Desk) -> None:
    made = recorded(
        "e1",
        effects=(
            Freeze(effect_id=effect_id("li", "e1", "freeze")),
            RevokeSessions(effect_id=effect_id("li", "e1", "revoke_sessions")),
            Notify(effect_id=effect_id("li", "e1", "notify"), template="deny_notice"),
        ),
        at=T0,
        type="transaction",
        shown=THEFT,
        action="deny",
    )
    await desk.decided(made)
    await desk.decided(made)
    assert await desk.subjects() == ["CNY 18,000.00 to chen-wei-4471 stopped"]

    assert await unfrozen(desk, "key:mei")
    assert not await unfrozen(desk, "key:bo")
    assert (await desk.subjects())[1:] == ["Outgoing money works again"]
    text = desk.way.sent[1][1].text
    assert "By: Support" in text
    assert "The payment of CNY 18,000.00 stays refused." in text
    assert [row.state for row in await rows(desk.database)] == ["delivered"] * 2


async def test_a_freeze_at_the_owners_word_is_told_at_once_and_not_again_by_its_decision(desk: Desk) -> None:
    async with desk.database.begin() as connection:
        acts = {"freeze", "revoke_sessions", "case"}
        await holds.stop_at_once(connection, acts, "li", "r1", "e1", T0, T0)
    assert await desk.subjects() == ["Outgoing money stopped at your word"]
    text = desk.way.sent[0][1].text
    assert (
        "- Stopped all outgoing money\n- Signed out every device\n- Asked our support to look at it\n" in text
    )

    effects = (Freeze(effect_id=effect_id("li", "r1", "freeze")),)
    await desk.decided(recorded("r1", effects=effects, at=T0 + 1.0, type="user_report", action="allow"))
    assert len(await desk.subjects()) == 1


async def test_a_freeze_at_the_owners_word_says_what_the_word_was_of(desk: Desk) -> None:
    await desk.hold("e1")
    async with desk.database.begin() as connection:
        await holds.stop_at_once(connection, {"freeze"}, "li", "r1", "e1", T0, T0)
    await desk.subjects()

    assert "Not you: CNY 18,000.00 to chen-wei-4471 (" in desk.way.sent[0][1].text


async def test_a_report_that_came_by_kafka_alone_is_told_as_well(desk: Desk) -> None:
    effects = (Freeze(effect_id=effect_id("li", "r1", "freeze")),)
    made = recorded("r1", effects=effects, at=T0, type="user_report", action="allow")
    await desk.decided(made)
    await desk.decided(structs.replace(made))

    assert await desk.subjects() == ["Outgoing money stopped at your word"]


async def test_a_word_that_freezes_nothing_has_no_letter_of_a_freeze(desk: Desk) -> None:
    async with desk.database.begin() as connection:
        await holds.stop_at_once(connection, {"case"}, "li", "r1", "e1", T0, T0)

    assert await desk.subjects() == []


async def test_what_the_owner_takes_back_has_no_second_letter(desk: Desk) -> None:
    async with desk.database.begin() as connection:
        await holds.stop_at_once(connection, {"freeze"}, "li", "r1", "e1", T0, T0)
    await unfrozen(desk, "owner")

    assert await desk.subjects() == ["Outgoing money stopped at your word"]


async def unfrozen(desk: Desk, by: str) -> bool:
    desk.clock.now += 60.0
    async with desk.database.begin() as connection:
        standing = await holds.standing(connection, "li")
        if standing is None:
            return False
        return await holds.unfreeze(connection, standing.hold_id, by, "because", desk.clock.now) is not None
