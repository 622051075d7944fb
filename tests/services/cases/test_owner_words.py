"""An owner's word acts once, as far as its proof and the policy go, and stands in the audit."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from contracts.decisions import effect_id
from contracts.events import UserReport
from services.audit import audit_log
from services.cases import holds, owner_words
from services.cases.hold_service import HoldService
from services.cases.owner_words import Following, OwnerWords
from services.cases.tables import cases, notices
from services.platform.database import Database
from tests.services.cases.decided import alert, freeze, open_case, recorded
from tests.services.cases.test_holds import NOW, carried, held, kinds, sent

FOLLOWING = Following(frozenset({"freeze", "revoke_sessions", "case"}), frozenset({"release_payment"}))


def report(event_id: str = "r1", about: str = "e1", **fields: Any) -> UserReport:
    given: dict[str, Any] = {"verdict": "not_me", "account_id": "li", "occurred_at": int(NOW * 1000)}
    return UserReport(event_id=event_id, about_event_id=about, **given | fields)


def words(database: Database, following: Following = FOLLOWING) -> OwnerWords:
    return OwnerWords(database, lambda: NOW, following)


async def state(database: Database) -> str:
    found = await HoldService(database, lambda: NOW).payment("li", "e1")
    assert found is not None
    return found.state


@pytest.mark.parametrize(
    ("proof", "waits_for", "allowed", "wanted"),
    [
        ("session", "owner", True, "released"),
        ("session", "support", True, "held"),
        ("code", "owner", True, "released"),
        ("code", "support", True, "released"),
        ("link", "owner", True, "held"),
        (None, "owner", True, "held"),
        ("session", "owner", False, "held"),
        ("code", "support", False, "held"),
    ],
)
async def test_was_me_lets_the_held_payment_go_by_its_proof_and_the_policy(
    database: Database, proof: Any, waits_for: str, allowed: bool, wanted: str
) -> None:
    await carried(database, held("e1", waits_for=waits_for), held("e2"))
    following = FOLLOWING if allowed else Following()
    await words(database, following).believe(report(verdict="was_me", proof=proof), "key:wallet")

    assert await state(database) == wanted
    assert (await kinds(database)) == (["release_payment", "settlement"] if wanted == "released" else [])
    waiting = (await HoldService(database, lambda: NOW).of("li")).payments
    assert "e2" in [payment.event_id for payment in waiting]


async def test_was_me_lets_nothing_go_while_the_account_is_frozen(database: Database) -> None:
    await carried(database, held("e1"), recorded("e0", effects=(freeze("e0"),)))
    await words(database).believe(report(verdict="was_me", proof="session"), "key:wallet")

    assert await state(database) == "held"


async def test_the_owner_and_not_the_key_let_the_payment_go(database: Database) -> None:
    await carried(database, held("e1", waits_for="owner"))
    await words(database).believe(report(verdict="was_me", proof="session"), "key:wallet")
    found = await HoldService(database, lambda: NOW).payment("li", "e1")

    assert found is not None
    assert (found.settled_by, found.why) == ("owner", "the owner says so, by session")


async def test_was_me_about_an_event_of_another_account_lets_nothing_go(database: Database) -> None:
    await carried(database, held("e1"))
    await words(database).believe(report(verdict="was_me", proof="session", account_id="wu"), "key:wallet")

    assert await state(database) == "held"


async def test_a_word_acts_once_however_often_it_is_told(database: Database) -> None:
    for _ in range(3):
        await words(database).believe(report(), "key:wallet")
    rows = await audit_log.rows(database, "li")

    assert sorted(await kinds(database)) == ["freeze", "revoke_sessions"]
    assert [(row.entry.action, row.entry.actor) for row in rows] == [("not_me", "key:wallet")]
    assert (await audit_log.verify(database)).broken == []


async def taken_back(database: Database, event_id: str = "r1") -> owner_words.Undone | None:
    async with database.begin() as connection:
        word = await owner_words.word_of(connection, "li", event_id)
        assert word is not None
        return await owner_words.take_back(connection, word, NOW + 60.0)


async def test_a_report_that_is_taken_back_ends_its_freeze_and_tells_stream_wallet_and_owner(
    database: Database,
) -> None:
    await words(database).believe(report(), "key:wallet")
    done, again = await taken_back(database), await taken_back(database)

    assert (done, again) == (owner_words.Undone(True, True, False), None)
    assert sorted(await kinds(database)) == [
        "freeze",
        "revoke_sessions",
        "settlement",
        "unfreeze",
        "user_report",
    ]
    (told,) = [each for each in await sent(database) if each.get("type") == "user_report"]
    assert (told["verdict"], told["proof"], told["undoes"], told["about_event_id"]) == (
        "was_me",
        "code",
        "r1",
        "e1",
    )
    async with database.read() as connection:
        letters = sorted((await connection.execute(select(notices.c.template))).scalars())
        assert await holds.standing(connection, "li") is None
    assert letters == ["account_frozen", "report_undone"]


async def test_a_freeze_of_before_the_report_stands(database: Database) -> None:
    await carried(database, recorded("e0", effects=(freeze("e0"),)))
    await words(database).believe(report(), "key:wallet")
    done = await taken_back(database)

    assert done == owner_words.Undone(False, True, True)


def opening(event_id: str = "r1") -> Any:
    """The decision on the report, as a worker writes it."""
    effects = (freeze(event_id), alert(event_id), open_case(event_id))
    return recorded(event_id, effects=effects, type="user_report", action="allow")


async def verdicts(database: Database) -> list[tuple[str, str, str | None]]:
    async with database.read() as connection:
        rows = await connection.execute(select(cases.c.case_id, cases.c.state, cases.c.verdict))
        return [tuple(row) for row in rows]


async def test_the_case_of_a_report_is_withdrawn_while_nobody_has_touched_it(database: Database) -> None:
    await words(database).believe(report(), "key:wallet")
    await carried(database, opening())
    done = await taken_back(database)

    assert done == owner_words.Undone(True, True, False)
    assert await verdicts(database) == [(effect_id("li", "r1", "open_case"), "resolved", "withdrawn")]


async def test_a_case_that_more_has_joined_is_left_to_support(database: Database) -> None:
    await words(database).believe(report(), "key:wallet")
    await carried(database, opening(), recorded("e9", effects=(open_case("e9"),)))
    done = await taken_back(database)

    assert done == owner_words.Undone(True, False, False)
    assert [state for _, state, _ in await verdicts(database)] == ["open"]


async def test_a_decision_that_comes_after_the_undo_freezes_nothing_and_opens_no_other_case(
    database: Database,
) -> None:
    await words(database).believe(report(), "key:wallet")
    await taken_back(database)
    await carried(database, opening())

    assert await verdicts(database) == [(effect_id("li", "r1", "open_case"), "resolved", "withdrawn")]
    assert (await HoldService(database, lambda: NOW).of("li")).frozen is None
    assert (await kinds(database)).count("freeze") == 1
