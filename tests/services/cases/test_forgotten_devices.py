"""After a "not me" the wallet is asked to forget the device, by the policy: once, whoever hears of the report first."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from contracts.decisions import Decision, RaiseAlert, effect_id
from contracts.shown import Shown
from services.activity.repository import ActivityStore
from services.activity.rows import Row
from services.cases.forgotten_devices import forget_by_decisions
from services.cases.owner_words import Following, OwnerWords
from services.cases.repository import Recorded
from services.cases.tables import outbox
from services.platform.database import Database
from tests.services.cases.decided import recorded
from tests.services.cases.test_holds import NOW, carried, kinds
from tests.services.cases.test_owner_words import report

FORGETS = Following(frozenset({"forget_device"}), frozenset())


def decided(event_id: str = "r1", verdict: str = "not_me") -> Recorded:
    """The decision on the report of that id."""
    effects = (RaiseAlert(effect_id="a", severity="high"),) if verdict == "not_me" else ()
    decision = Decision(
        event_id=event_id, account_id="li", type="user_report", at=NOW, risk=0.0, score=0, action="allow",
        policy_version="1", effects=effects, about_event_id="e1",
    )  # fmt: skip
    return Recorded(decision, b"{}", NOW)


def happened(device: bytes | None) -> Row:
    day = datetime.fromtimestamp(NOW, UTC).date()
    return Row("access", day, "li", "e1", NOW, "login", device_key=device)


async def by_decision(database: Database, *records: Recorded) -> None:
    async with database.begin() as connection:
        await forget_by_decisions(connection, records)


@pytest.fixture
async def known(database: Database) -> None:
    """The event e1, known by its decision to have come from a phone."""
    await carried(database, recorded("e1", shown=Shown(device="Android, Chrome Mobile")))


@pytest.mark.parametrize("by", ["key:wallet", "page", "letter"])
@pytest.mark.parametrize("shown", [Shown(device="Android, Chrome Mobile"), Shown(), None])
async def test_it_follows_where_the_event_came_from_a_device_whatever_the_way(
    database: Database, by: str, shown: Shown | None
) -> None:
    await carried(database, recorded("e1", shown=shown))
    await OwnerWords(database, lambda: NOW, FORGETS).believe(report(), by)

    assert await kinds(database) == (["forget_device"] if shown is not None and shown.device else [])


@pytest.mark.parametrize("device", [b"8 bytes!", None])
async def test_activity_knows_devices_of_events_that_nothing_was_decided_of(
    database: Database, device: bytes | None
) -> None:
    await ActivityStore(database, {"money": 400, "access": 400}, lambda: NOW).write([happened(device)])
    await OwnerWords(database, lambda: NOW, FORGETS).believe(report(), "key:wallet")

    assert await kinds(database) == (["forget_device"] if device else [])


@pytest.mark.usefixtures("known")
async def test_it_names_the_event_that_came_from_the_device(database: Database) -> None:
    await OwnerWords(database, lambda: NOW, FORGETS).believe(report(), "key:wallet")
    async with database.read() as connection:
        [row] = (await connection.execute(outbox.select())).all()

    assert row.identity == effect_id("li", "r1", "forget_device")
    assert '"event_id":"e1"' in row.payload


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("acts", [{"freeze"}, {"revoke_sessions", "case"}, set()])
async def test_without_the_word_in_the_policy_no_device_is_forgotten(
    database: Database, acts: set[str]
) -> None:
    await OwnerWords(database, lambda: NOW, Following(frozenset(acts))).believe(report(), "key:wallet")

    assert "forget_device" not in await kinds(database)


@pytest.mark.usefixtures("known")
async def test_a_was_me_forgets_none(database: Database) -> None:
    await OwnerWords(database, lambda: NOW, FORGETS).believe(
        report(verdict="was_me", proof="code"), "key:wallet"
    )
    await by_decision(database, decided(verdict="was_me"))

    assert await kinds(database) == []


@pytest.mark.usefixtures("known")
async def test_a_report_that_came_by_kafka_asks_when_its_decision_comes(database: Database) -> None:
    await by_decision(database, decided(), decided(), decided("r2"))

    assert await kinds(database) == ["forget_device", "forget_device"]


@pytest.mark.parametrize("by", ["key:wallet", "page"])
@pytest.mark.usefixtures("known")
async def test_a_report_that_was_acted_on_asks_no_second_time(database: Database, by: str) -> None:
    await OwnerWords(database, lambda: NOW, FORGETS).believe(report(), by)
    await by_decision(database, decided())

    assert await kinds(database) == ["forget_device"]


async def test_what_was_not_known_when_it_was_told_is_when_its_decision_comes(database: Database) -> None:
    await OwnerWords(database, lambda: NOW, FORGETS).believe(report(), "key:wallet")
    before = await kinds(database)
    await carried(database, recorded("e1", shown=Shown(device="Android, Chrome Mobile")))
    await by_decision(database, decided())

    assert (before, await kinds(database)) == ([], ["forget_device"])
