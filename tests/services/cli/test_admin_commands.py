"""Topics and dead letters against the embedded broker and Apache Kafka."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner, Result

from contracts import topics
from contracts.errors import Malformed, Unavailable
from services.audit.audit_log import rows
from services.cli.main import app
from services.lab.send.send import KafkaOut, send_to_http, send_to_kafka
from services.lab.simulate.simulate import Simulation, simulate
from services.operations.dead_letters import Letter, read_letter, read_letters, redrive_all, redrive_one
from services.platform.database import Database
from services.platform.settings import Settings
from services.platform.topics import create_topics, describe_topics, topic_days
from services.replay.lines import read_events, read_lines
from tests.chaos.evidence import read_topic

BROKEN = b'{"type":"login", broken \xff'
MONDAY_S = 1_767_571_200


@pytest.fixture
async def settings(any_kafka: str) -> Settings:
    """Settings with topics of this test alone."""
    name = uuid4().hex[:8]
    made = Settings(
        kafka=any_kafka,
        partitions=2,
        topic_events=f"{name}-events",
        topic_dead=f"{name}-dead",
        topic_decisions=f"{name}-decisions",
        topic_actions=f"{name}-actions",
        topic_results=f"{name}-results",
    )
    await create_topics(made)
    return made


async def bury(
    settings: Settings,
    *values: bytes,
    reason: str = "invalid_json",
    key: bytes = b"a-1",
    partition: int = 1,
    headers: Sequence[tuple[str, bytes]] = (("reply-to", b"channel"), (topics.DEAD_ATTEMPTS, b"1")),
) -> None:
    """Dead letters of a reason, with these headers besides."""
    from aiokafka import AIOKafkaProducer

    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka, acks="all")
    await producer.start()
    told = [*headers, (topics.DEAD_REASON, reason.encode())]
    try:
        for value in values:
            await producer.send_and_wait(
                settings.topic_dead, value, key=key, partition=partition, headers=told
            )
    finally:
        await producer.stop()


async def events(settings: Settings) -> list[tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]]:
    """Key, value and headers of what lies in the topic of events."""
    return [
        (record.key, record.value, list(record.headers))
        async for record in read_topic(settings, settings.topic_events)
    ]


async def test_the_audit_names_who_put_letters_back(settings: Settings, tmp_path: Path) -> None:
    await bury(settings, b"{}")
    url = f"sqlite:///{tmp_path / 'audit.db'}"
    environment = {
        f"PAYGUARD_{name.upper()}": str(getattr(settings, name))
        for name in ("kafka", "partitions", "topic_events", "topic_dead", "topic_decisions", "topic_actions")
    }

    def redrive() -> Result:
        arguments = ["admin", "dead", "redrive", "1:0", "--database", url]
        return CliRunner().invoke(app, arguments, prog_name="payguard", env=environment)

    assert (await asyncio.to_thread(redrive)).exit_code == 0
    database = Database(url)
    told = [(row.entry.action, row.entry.result, row.entry.reason) for row in await rows(database)]
    await database.close()

    assert told == [
        ("dead_letters_redriven", "done", "1:0: 1"),
        ("dead_letters_redriven", "started", "1:0"),
    ]


async def test_topics_are_created_once_and_described(settings: Settings) -> None:
    again = await create_topics(settings)
    described = await describe_topics(settings)

    assert set(again.values()) == {"exists"}
    assert [told.state for told in described] == ["ok"] * 5
    assert {told.partitions for told in described} == {2}


@pytest.mark.real
async def test_a_topic_is_made_with_the_retention_that_the_settings_say(real_kafka: str) -> None:
    name = uuid4().hex[:8]
    wanted = Settings(
        kafka=real_kafka,
        partitions=1,
        topic_events=name,
        topic_dead=f"{name}d",
        topic_decisions=f"{name}e",
        topic_actions=f"{name}a",
        topic_results=f"{name}r",
        events_days=91,
    )
    await create_topics(wanted)

    kept = {told.topic: told.days for told in await describe_topics(wanted)}

    assert (
        kept
        == topic_days(wanted)
        == {name: 91, **dict.fromkeys((f"{name}{letter}" for letter in "dear"), 30)}
    )


async def test_a_topic_that_is_missing_is_said_to_be_missing(any_kafka: str) -> None:
    name = uuid4().hex[:8]
    absent = Settings(kafka=any_kafka, topic_events=name, topic_dead=f"{name}d", topic_decisions=f"{name}e")
    described = await describe_topics(absent)

    assert described[0].state == "missing"


async def test_a_broker_that_is_away_is_said_to_be_away() -> None:
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:9"):
        await describe_topics(Settings(kafka="127.0.0.1:9"))


async def test_letters_are_listed_with_their_reason_and_their_very_bytes(settings: Settings) -> None:
    await bury(settings, BROKEN, b"{}")
    letters = await read_letters(settings, None, 10)

    assert [letter.value for letter in letters] == [BROKEN, b"{}"]
    assert letters[0].reason == "invalid_json"
    assert letters[0].position == "1:0"
    assert (await read_letter(settings, "1:1")).value == b"{}"


async def test_letters_of_one_reason_can_be_asked_for(settings: Settings) -> None:
    await bury(settings, BROKEN)
    await bury(settings, b"{}", reason="invalid_event")
    letters = await read_letters(settings, "invalid_event", 10)

    assert [letter.value for letter in letters] == [b"{}"]


async def test_a_position_without_a_letter_is_refused(settings: Settings) -> None:
    for position in ("0:7", "nonsense", "1"):
        with pytest.raises(Malformed):
            await read_letter(settings, position)


async def test_a_redriven_letter_comes_back_with_its_bytes_key_and_own_headers(settings: Settings) -> None:
    await bury(settings, BROKEN)
    await redrive_one(settings, "1:0")

    assert await events(settings) == [(b"a-1", BROKEN, [("reply-to", b"channel")])]


async def test_redriving_all_twice_puts_each_letter_back_once(settings: Settings) -> None:
    await bury(settings, b"1", b"2", b"3")

    assert await redrive_all(settings, None) == 3
    assert await redrive_all(settings, None) == 0

    await bury(settings, b"4")
    assert await redrive_all(settings, None) == 1
    assert [value for _, value, _ in await events(settings)] == [b"1", b"2", b"3", b"4"]


async def test_a_letter_keeps_headers_of_one_name_and_is_put_back_with_all_of_them(
    settings: Settings,
) -> None:
    own = [("a", b"1"), ("a", b"2"), ("b", b"\xff")]
    await bury(settings, b"{}", headers=own)
    await redrive_one(settings, "1:0")

    assert await events(settings) == [(b"a-1", b"{}", own)]


NASTY = "\x1b[31m\x07\r\n\x9b2J\u202e\x7f\u200b"


async def test_what_a_terminal_would_act_on_is_written_out(settings: Settings) -> None:
    told = [(topics.DEAD_DETAIL, NASTY.encode())]
    await bury(settings, NASTY.encode() + b"\xff", reason=NASTY, key=NASTY.encode(), headers=told)
    environment = {"PAYGUARD_KAFKA": settings.kafka, "PAYGUARD_TOPIC_DEAD": settings.topic_dead}

    for arguments in (["list"], ["show", "1:0"], ["list", "--json"], ["show", "1:0", "--json"]):
        answer = await asyncio.to_thread(
            CliRunner().invoke, app, ["admin", "dead", *arguments], prog_name="payguard", env=environment
        )
        lines = answer.output.splitlines()

        assert answer.exit_code == 0
        assert all(line.isprintable() for line in lines), arguments
        assert "[31m" in answer.output
        if "--json" in arguments:
            letter = json.loads(answer.output)
            assert NASTY == (letter[0] if arguments[0] == "list" else letter)["reason"]


@pytest.mark.real
@pytest.mark.parametrize("any_kafka", ["real"], indirect=True)
async def test_letters_are_found_where_the_log_no_longer_begins_at_0(settings: Settings) -> None:
    from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
    from aiokafka.structs import TopicPartition

    await bury(settings, b"1", b"2", b"3")
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    await admin.start()
    try:
        await admin.delete_records({TopicPartition(settings.topic_dead, 1): RecordsToDelete(before_offset=2)})
    finally:
        await admin.close()

    assert [letter.position for letter in await read_letters(settings, None, 10)][-1] == "1:2"


async def test_a_topic_without_letters_has_none(settings: Settings) -> None:
    assert await read_letters(settings, None, 10) == []
    assert await read_letters(replace(settings, topic_dead="there-is-no-such-topic"), None, 10) == []


def test_a_letter_of_any_bytes_can_be_shown() -> None:
    letter = Letter(0, 0, None, b"\xff\x00", (), 0)

    assert letter.text() == "\\xff\x00"
    assert Letter(0, 0, None, None, (), 0).text() == "(no value)"


async def test_a_file_is_sent_in_order_and_keyed_by_account(settings: Settings, tmp_path: Path) -> None:
    played = list(simulate(Simulation(3, 3, 1, MONDAY_S)))
    file = tmp_path / "events.jsonl"
    file.write_bytes(b"\n".join(each.wire() for each in played))
    lines = read_events(read_lines(file), lambda number, error: None)
    sent = await send_to_kafka(
        settings, ((line.event.account_id.encode(), line.value) for line in lines), 0.0
    )
    arrived = await events(settings)

    assert sent == len(played)
    for account_id in {each.event.account_id for each in played}:
        mine = [value for key, value, _ in arrived if key == account_id.encode()]
        assert mine == [each.wire() for each in played if each.event.account_id == account_id]


async def test_what_the_broker_took_is_acknowledged_one_by_one(settings: Settings) -> None:
    acknowledged: list[int] = []
    async with KafkaOut(settings.kafka, settings.topic_events) as out:
        for number in range(50):
            await out.put(b"k", b"{}", lambda number=number: acknowledged.append(number))  # type: ignore[misc]
        await out.drain()

    assert sorted(acknowledged) == list(range(50))
    assert out.acknowledged == 50


async def test_an_api_that_is_away_is_said_to_be_away(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_bytes(next(simulate(Simulation(1, 1, 1, MONDAY_S))).wire())
    lines = read_events(read_lines(file), lambda number, error: None)

    with pytest.raises(Unavailable, match="no API answers"):
        await send_to_http("http://127.0.0.1:9", "pg_x", lines, 0.0, lambda number, error: None)


def test_the_size_of_activity_says_rows_bytes_and_how_long_they_are_kept(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'activity.db'}"
    told = CliRunner().invoke(app, ["admin", "activity", "size", "--database", url, "--json"])

    assert told.exit_code == 0, told.output
    figures = json.loads(told.stdout)
    assert (figures["rows"], figures["bytes_a_row"]) == (0, None)
    assert figures["kept_days"] == {"money": 400, "access": 180}
