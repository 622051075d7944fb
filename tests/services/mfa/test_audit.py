"""The audit in SQL: append-only, whole under parallel writers, and telling of whoever gets around its triggers."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest
from sqlalchemy import Executable, delete, text, update
from sqlalchemy.exc import DBAPIError

from services.audit.audit_log import Checked, Entry, record, rows, verify
from services.audit.chain import ALL_PARTITIONS, NO_ACCOUNT, partition_of
from services.audit.tables import audit, audit_heads
from services.platform.database import Database
from tests.services.mfa.world import NOON_S, World

ROOT = Path(__file__).parents[3]
LI = partition_of(Entry(at=0.0, action="", result="", actor="", account_id="li"))


def act(number: int = 0, account_id: str | None = "li") -> Entry:
    return Entry(at=NOON_S + number, action="verify", result="wrong", actor="wallet", account_id=account_id)


async def written(database: Database, *entries: Entry) -> None:
    for entry in entries:
        async with database.begin() as connection:
            await record(connection, entry)


async def tampered(database: Database, *statements: Executable) -> Checked:
    """What is found once somebody who owns the database has dropped the triggers and done this."""
    names = (
        (
            "audit_append_only ON audit",
            "audit_words_go ON audit",
            "audit_heads_stay ON audit_heads",
            "audit_heads_move_on ON audit_heads",
        )
        if not database.is_sqlite
        else ("audit_no_update", "audit_no_delete", "audit_heads_no_delete", "audit_heads_move_on")
    )
    async with database.begin() as connection:
        for name in names:
            await connection.execute(text(f"DROP TRIGGER {name}"))
        for statement in statements:
            await connection.execute(statement)
    return await verify(database)


async def test_what_was_recorded_is_whole_and_read_back_newest_first(database: Database) -> None:
    entry = Entry(
        at=NOON_S + 0.123456,
        action="factor_removed",
        result="done",
        actor="cli:ops",
        account_id="李:%&",
        factor_id="f" * 32,
        challenge_id="c1",
        network="192.0.2.0/24",
        reason="说明 'quoted' \\ \n",
    )
    await written(database, act(), entry, act(2, None))

    checked = await verify(database)
    assert (checked.entries, checked.broken, len(checked.heads)) == (3, [], len(ALL_PARTITIONS))
    assert [row.entry for row in await rows(database)] == [act(2, None), entry, act()]
    assert [row.entry for row in await rows(database, account_id="li", action="verify", limit=1)] == [act()]


async def test_a_rolled_back_act_leaves_no_row_and_no_gap(database: Database) -> None:
    async def fail() -> None:
        async with database.begin() as connection:
            await record(connection, act())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    await written(database, act())

    assert (await verify(database)).heads[LI].seq == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET result = 'passed'",
        "DELETE FROM audit",
        "DELETE FROM audit_heads",
        "UPDATE audit_heads SET seq = 0",
        "UPDATE audit_heads SET seq = seq + 2",
    ],
)
async def test_the_database_refuses_to_change_the_audit(database: Database, statement: str) -> None:
    await written(database, act())

    with pytest.raises(DBAPIError, match="audit"):
        async with database.begin() as connection:
            await connection.execute(text(statement))
    assert (await verify(database)).broken == []


async def test_the_database_refuses_to_replace_or_truncate_the_audit(database: Database) -> None:
    await written(database, act())
    statement = "INSERT OR REPLACE INTO audit SELECT * FROM audit" if database.is_sqlite else "TRUNCATE audit"

    with pytest.raises(DBAPIError, match="append-only"):
        async with database.begin() as connection:
            await connection.execute(text(statement))


@pytest.mark.parametrize(
    ("statements", "seq", "fault"),
    [
        (["UPDATE audit SET result = 'passed' WHERE seq = 2"], 2, "altered"),
        (["UPDATE audit SET account_id = 'wang' WHERE seq = 2"], 2, "altered"),
        (["UPDATE audit SET at = at + 0.001 WHERE seq = 3"], 3, "altered"),
        (["DELETE FROM audit WHERE seq = 2"], 2, "missing"),
        (["DELETE FROM audit WHERE seq = 1"], 1, "missing"),
        (["DELETE FROM audit WHERE seq = 4"], 4, "cut off"),
        (["DELETE FROM audit"], 1, "cut off"),
        (["DELETE FROM audit_heads"], 5, "head of the partition is gone"),
        (
            [
                "UPDATE audit SET seq = 9 WHERE seq = 2",
                "UPDATE audit SET seq = 2 WHERE seq = 3",
                "UPDATE audit SET seq = 3 WHERE seq = 9",
            ],
            2,
            "altered",
        ),
    ],
)
async def test_altering_deleting_reordering_or_cutting_off_rows_is_found(
    database: Database, statements: list[str], seq: int, fault: str
) -> None:
    await written(database, *(act(number) for number in range(4)))

    checked = await tampered(database, *map(text, statements))

    found = next(broken for broken in checked.broken if broken.partition == LI)
    assert (found.seq, fault in found.fault) == (seq, True)


async def test_an_end_cut_off_together_with_its_head_is_found_by_saved_heads(database: Database) -> None:
    await written(database, *(act(number) for number in range(4)))
    saved = {head.partition: head for head in (await verify(database)).heads}
    async with database.read() as connection:
        kept = await connection.scalar(audit.select().with_only_columns(audit.c.hash).where(audit.c.seq == 3))
    assert kept is not None

    checked = await tampered(
        database,
        delete(audit).where(audit.c.seq == 4),
        update(audit_heads).where(audit_heads.c.lane == LI).values(seq=3, hash=kept),
    )

    assert checked.broken == []
    (broken,) = (await verify(database, saved)).broken
    assert (broken.partition, broken.seq, broken.fault) == (LI, 4, "was cut off since the heads were saved")


async def test_what_came_after_heads_were_saved_is_no_fault(database: Database) -> None:
    await written(database, act())
    saved = {head.partition: head for head in (await verify(database)).heads}
    await written(database, act(1), act(2, None))

    assert (await verify(database, saved)).broken == []


async def test_parallel_writers_keep_the_chains_whole(database: Database, database_url: str) -> None:
    second = Database(database_url)
    entries = [act(number, None if number % 10 == 0 else f"account-{number % 40}") for number in range(200)]

    await asyncio.gather(
        *(written((database, second)[number % 2], entry) for number, entry in enumerate(entries))
    )
    await second.close()

    checked = await verify(database)
    assert (checked.entries, checked.broken) == (200, [])
    assert checked.heads[NO_ACCOUNT].seq == 20


async def test_two_processes_keep_the_chains_whole(database: Database, database_url: str) -> None:
    program = (
        "import asyncio, sys; from services.platform.database import Database\n"
        "from services.audit.audit_log import Entry, record\n"
        "async def one(d, n):\n"
        "    entry = Entry(at=float(n), action='verify', result='wrong', actor='wallet', account_id=f'a{n % 3}')\n"
        "    async with d.begin() as c: await record(c, entry)\n"
        "async def main():\n"
        "    d = Database(sys.argv[1])\n"
        "    for first in range(0, 100, 10): await asyncio.gather(*(one(d, first + n) for n in range(10)))\n"
        "    await d.close()\n"
        "asyncio.run(main())"
    )
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, database_url, cwd=ROOT, stderr=PIPE
        )
        for _ in range(2)
    ]
    ended = [(await process.communicate(), process.returncode) for process in processes]

    assert [code for _, code in ended] == [0, 0], ended
    checked = await verify(database)
    assert (checked.entries, checked.broken) == (200, [])


async def test_every_attempt_leaves_one_record_and_no_code(world: World) -> None:
    secret = await world.enrolled()
    before = (await verify(world.database)).entries
    await world.issue("c1")
    wrong, right = world.wrong(secret), world.code(secret)
    for code in (wrong, wrong, right, right):
        await world.service.verify("c1", code)
    await world.service.verify("nobody-issued-this", right)

    checked = await verify(world.database)
    assert (checked.entries - before, checked.broken) == (5, [])
    attempts = [row.entry for row in await rows(world.database, action="verify")]
    assert sorted(entry.result for entry in attempts) == ["passed", "repeated", "unknown", "wrong", "wrong"]
    said = repr([(entry.actor, entry.network, entry.reason, entry.challenge_id) for entry in attempts])
    assert not any(code in said for code in (wrong, right, secret))


async def test_attempts_of_before_the_audit_are_in_it(database_url: str, tmp_path: Path) -> None:
    from alembic import command

    from services.platform.database import alembic_config

    database = Database(database_url)
    async with database.begin() as connection:
        await connection.run_sync(lambda sync: command.upgrade(alembic_config(sync), "0003_api_keys"))
        for number, challenge in ((1, "c1"), (2, None), (3, "c2")):
            await connection.execute(
                text(
                    "INSERT INTO attempts (id, account_id, challenge_id, result, at) "
                    "VALUES (:id, 'li', :challenge, 'wrong', :at)"
                ),
                {"id": str(number), "challenge": challenge, "at": number},
            )
    await database.migrate()

    checked = await verify(database)
    moved = [(row.entry.action, row.entry.at) for row in await rows(database)]
    await database.close()
    assert (checked.entries, checked.broken) == (3, [])
    assert moved == [("verify", 3.0), ("confirm", 2.0), ("verify", 1.0)]


async def test_every_lane_has_a_head_from_the_start(world: World) -> None:
    assert {row["lane"]: row["seq"] for row in await world.rows(audit_heads)} == dict.fromkeys(
        ALL_PARTITIONS, 0
    )
