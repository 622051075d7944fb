"""After an erasure nothing of the account can be read, and all the rest is as it was."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from msgspec import json
from sqlalchemy import insert, select, update

from contracts.errors import Unavailable
from contracts.events import Erasure
from services.audit.audit_log import verify
from services.cases.approvals import Approval, SamePerson, StillStanding
from services.cases.case_service import CaseService
from services.cases.contact_points import Contact
from services.cases.hold_service import HoldService, NotAllowed
from services.cases.repository import keep
from services.cases.tables import outbox
from services.http.api_keys import ApiKey
from services.platform.database import Database, metadata
from services.rights.erasing import forget_decided
from services.rights.erasure import Erased
from services.rights.rules import RULES
from tests.services.cases.decided import everything, no_challenges, notify, recorded
from tests.services.rights.filled import APART, NOW, dumped, erased, fill, rights, row_about


async def test_no_text_of_the_account_is_left_in_any_table(database: Database) -> None:
    await fill(database, "li", "wang")
    await erased(database)

    left = [row for row in await dumped(database) if "li-" in row]

    assert left == []


async def test_every_other_row_is_as_it_was(database: Database) -> None:
    await fill(database, "li", "wang")
    before = await dumped(database, besides="li")
    await erased(database)

    after = await dumped(database, besides="li")
    assert [row for row in after if row not in before and not row.startswith("outbox")] == []
    assert [row for row in before if row not in after] == []


async def test_the_file_holds_none_of_it_once_it_is_vacuumed(database: Database) -> None:
    if not database.is_sqlite:
        pytest.skip("PostgreSQL's files are its own")
    await fill(database, "li", "wang")
    await erased(database)
    path = str(database.url.database)
    await database.close()
    with sqlite3.connect(path) as connection:
        connection.execute("VACUUM")
    content = b"".join(part.read_bytes() for part in Path(path).parent.glob("*.db*"))

    assert b"wang-address" in content
    assert b"li-" not in content.replace(b"wang-", b"")


async def test_an_erasure_may_be_repeated(database: Database) -> None:
    await fill(database, "li")
    await erased(database)
    again = await erased(database)

    assert again.rows == {}
    assert (await verify(database)).broken == []


async def test_what_the_account_does_later_is_erased_by_a_later_erasure(database: Database) -> None:
    await fill(database, "li")
    await erased(database)
    await CaseService(database, lambda: NOW).set_contact("li", Contact("li-later@upay.example", "en", "UTC"))
    later = await erased(database)

    assert later.rows == {"contact_points": 1}


async def _broken_off(database: Database) -> None:
    async with database.begin() as connection:
        await rights(database).carry_out(connection, "li", "key:boss", NOW)
        raise asyncio.CancelledError


async def test_one_that_is_broken_off_leaves_everything_and_can_be_repeated(database: Database) -> None:
    await fill(database, "li")
    before = await dumped(database)
    task = asyncio.ensure_future(_broken_off(database))
    with pytest.raises(asyncio.CancelledError):
        await task

    assert await dumped(database) == before
    assert (await erased(database)).rows["contact_points"] == 1


async def test_the_stream_hears_of_it(database: Database) -> None:
    await erased(database)
    async with database.read() as connection:
        [row] = (await connection.execute(select(outbox))).all()

    told = json.decode(row.payload, type=Erasure)
    assert (row.kind, row.key, told.account_id) == ("event", "li", "li")


async def test_ids_of_what_was_sent_stay_so_that_nothing_is_sent_twice(database: Database) -> None:
    await fill(database, "li")
    identity = row_about(outbox, "li")["identity"]
    await erased(database)

    async with database.read() as connection:
        row = (await connection.execute(select(outbox).where(outbox.c.identity == identity))).one()
    assert (row.key, row.payload) == ("", "")


@pytest.mark.parametrize(
    ("table", "values", "named"),
    [
        ("account_holds", {"released_at": None}, "freeze"),
        ("held_payments", {"state": "held", "due_at": NOW}, "2026-09-21"),
        ("cases", {"state": "open", "verdict": None}, "case li-case"),
        ("cases", {"state": "in_review", "verdict": None}, "case li-case"),
        ("factor_resets", {"state": "requested"}, "factor reset"),
    ],
)
async def test_what_stands_must_end_before(
    database: Database, table: str, values: dict[str, Any], named: str
) -> None:
    of = metadata.tables[table]
    async with database.begin() as connection:
        await connection.execute(insert(of).values(row_about(of, "li") | values))

    with pytest.raises(StillStanding, match=named):
        await erased(database)
    assert len(await dumped(database)) == 1


async def test_what_is_left_is_listed_with_its_date(database: Database) -> None:
    await fill(database, "li")
    done = await erased(database)

    dates = {each.where: each.until and (each.until - done.at) / 86_400.0 for each in done.kept}
    assert dates == {
        "topic account-events": 90.0,
        "topics decisions, actions": 30.0,
        "audit": None,
        "counts across accounts": 180.0,
        "ids of effects": 97.0,
    }
    assert await rights(database).last("li") is not None
    assert await rights(database).last("wang") is None


async def test_transactions_that_a_law_asks_for_stay_without_device_place_and_session(
    database: Database,
) -> None:
    await fill(database, "li")
    done = await erased(database, erase_keeps_money_days=365)

    async with database.read() as connection:
        [row] = (await connection.execute(select(metadata.tables["activity"]))).mappings()
    assert (row["amount"], row["device"], row["city"], row["session_id"]) == ("li-amount", None, None, None)
    assert [each.rows for each in done.kept if each.where == "transactions"] == [1]


async def test_an_action_that_the_wallet_has_not_done_stays_and_is_listed(database: Database) -> None:
    await fill(database, "li")
    actions = metadata.tables["wallet_actions"]
    async with database.begin() as connection:
        await connection.execute(update(actions).where(actions.c.account_id == "li").values(result=None))
    done = await erased(database)

    assert [(each.rows, each.until is None) for each in done.kept if each.where == "wallet_actions"] == [
        (1, False)
    ]


def _key(name: str) -> ApiKey:
    return ApiKey("0" * 12, name, frozenset({"support" if name == "support" else "admin"}), NOW)


async def test_a_second_person_allows_it_and_the_first_may_not(database: Database) -> None:
    await fill(database, "li")
    waiting = await rights(database, "erasure").erase("li", "key:one", "asked")
    assert isinstance(waiting, Approval)
    desk = HoldService(database, lambda: NOW + 61.0, acts={"erasure": rights(database).act})
    one, two, support = (_key(name) for name in ("one", "two", "support"))
    with pytest.raises(SamePerson):
        await desk.decide(waiting.approval_id, one, "approved")
    with pytest.raises(NotAllowed):
        await desk.decide(waiting.approval_id, support, "approved")
    await desk.decide(waiting.approval_id, two, "approved")

    assert [row for row in await dumped(database) if "li-" in row] == []


async def test_two_who_run_the_command_are_two_people(database: Database) -> None:
    await fill(database, "li")
    two = rights(database, "erasure")
    assert isinstance(await two.erase_or_allow("li", "cli:ann", "asked"), Approval)
    with pytest.raises(SamePerson):
        await two.erase_or_allow("li", "cli:ann", "asked")

    assert isinstance(await two.erase_or_allow("li", "cli:bob", "asked"), Erased)


async def test_decisions_that_come_after_their_erasure_are_forgotten_and_the_new_account_stays(
    database: Database,
) -> None:
    desk = CaseService(database, lambda: NOW)
    async with database.begin() as connection:
        await keep(connection, [recorded("e1", effects=everything("e1"))], no_challenges)
        await keep(connection, [recorded("e1", "wang", effects=everything("e1", "wang"))], no_challenges)
    await desk.set_contact("li", Contact("old@upay.example", "en", "UTC"))
    await desk.set_contact("li", Contact("new@upay.example", "en", "UTC"))
    before = [row for row in await dumped(database) if "'li'" in row and "contact" in row]

    async with database.begin() as connection:
        await forget_decided(connection, "li")

    left = [row for row in await dumped(database) if "'li'" in row]
    assert [row for row in left if "contact" in row] == before
    assert [row.split()[0] for row in left if "contact" not in row] == ["outbox"] * 2
    assert len([row for row in await dumped(database) if "'wang'" in row]) > 6


async def test_a_letter_that_goes_out_during_the_erasure_leaves_no_message(database: Database) -> None:
    from notifier import queue
    from notifier.channels.registry import MAIL
    from notifier.planner import Planner, nothing_passed
    from notifier.rates import Rates

    await CaseService(database, lambda: NOW).set_contact("li", Contact("li@upay.example", "en", "UTC"))
    async with database.begin() as connection:
        await keep(connection, [recorded("e1", effects=(notify("e1"),))], no_challenges)
    planner = Planner(ways=(MAIL.way,), allowed=Rates(), grace_s=0.0)
    await planner.plan_due(database, "ordinary", NOW + 10.0, 9)
    (message,) = await queue.claim(
        database,
        channel="mail",
        priority="ordinary",
        lease="l",
        now=NOW + 10.0,
        lease_s=60.0,
        limit=9,
        passed=nothing_passed,
    )
    await erased(database)

    assert await queue.settle(database, message, NOW + 11.0, state="handed_over") is None
    assert [row for row in await dumped(database) if row.startswith(("messages", "notices"))] == []


def test_every_table_says_what_an_erasure_does_to_it() -> None:
    silent = {rule.table for rule in RULES if rule.of is None and rule.erased == "deleted"}
    of_accounts = {table.name for table in metadata.sorted_tables if "account_id" in table.c}

    assert silent == set()
    assert of_accounts - {rule.table for rule in RULES if rule.of is not None} == {"activity", "audit"}
    assert APART >= {rule.table for rule in RULES if rule.erased == "nothing of accounts"}


async def test_a_database_that_is_away_erases_nothing_and_says_so() -> None:
    away = Database("postgresql://payguard@127.0.0.1:9/none")
    with pytest.raises(Unavailable):
        await rights(away).erase("li", "key:boss", "asked")
    await away.close()
