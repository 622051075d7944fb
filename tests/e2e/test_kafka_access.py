"""On Apache Kafka with TLS, users and ACLs: each process does its work with the rights of docs/kafka-access.md and no more."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, TopicAuthorizationFailedError
from sqlalchemy import func, select

from services.api.producer import Outgoing, open_producer
from services.cases import outbox
from services.cases.tables import outbox as outbox_table
from services.cases.tables import recorded_decisions
from services.platform.database import Database
from services.platform.kafka_access import kafka_access
from services.platform.settings import Settings
from services.wallet.actions import WalletAction
from services.wallet.feed import ActionFeed
from tests.chaos.conftest import empty_store
from tests.chaos.feed import START_AT
from tests.chaos.polling import until
from tests.chaos.stack import Stack, stack_settings
from tests.e2e.decisions import until_decided
from tests.e2e.test_bad_input import login
from tests.parts.fixtures import running
from tests.parts.secure_kafka import SecureKafka

pytestmark = pytest.mark.real
PAGE = Path(__file__).resolve().parents[2] / "docs" / "kafka-access.md"
ROWS = re.findall(
    r"^\| (\w+) \| (topic|group) \| `([\w.-]+)` \| ([\w, ]+) \|$", PAGE.read_text(), re.MULTILINE
)
USERS = sorted({user for user, *_ in ROWS})
WITHIN_S = 120.0


@pytest.fixture(scope="module")
def secure_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureKafka]:
    with running(SecureKafka(tmp_path_factory.mktemp("secure"), USERS)) as cluster:
        yield cluster


@pytest.fixture
async def stack(secure_kafka: SecureKafka, real_redis: str, tmp_path: Path) -> AsyncIterator[Stack]:
    """Topics of its own, and the rights of the page for each user on them."""
    database = f"sqlite:///{tmp_path / 'secure.db'}"
    made = Stack(
        stack_settings(secure_kafka.bootstrap, await empty_store(real_redis), database, tmp_path), tmp_path
    )
    await made.prepare()
    for user in USERS:
        await secure_kafka.allow(user, rights(user, made.settings))
    try:
        yield made
    finally:
        made.stop()
        print(made.logs())


def rights(user: str, settings: Settings) -> list[tuple[str, str, list[str]]]:
    """The page's rows of a user, with the names of this run."""
    names = {
        "account-events": settings.topic_events,
        "account-events.dead": settings.topic_dead,
        "decisions": settings.topic_decisions,
        "actions": settings.topic_actions,
        "action-results": settings.topic_results,
        "messages": settings.topic_messages,
        "payguard-worker": settings.consumer_group,
        "payguard-cases": settings.cases_group,
        "payguard-results": settings.results_group,
        "payguard-activity": settings.activity_group,
    }
    return [
        (kind, names.get(name, name), operations.split(", "))
        for who, kind, name, operations in ROWS
        if who == user
    ]


def signed_in(cluster: SecureKafka, user: str, **more: Any) -> dict[str, Any]:
    """The settings with which a user signs in."""
    return {
        "kafka": cluster.address("SECURE"),
        "kafka_security_protocol": "SASL_SSL",
        "kafka_sasl_mechanism": "PLAIN",
        "kafka_user": user,
        "kafka_password": cluster.password(user),
        "kafka_ca_file": cluster.authority,
        **more,
    }


def scrammed(cluster: SecureKafka, user: str, **more: Any) -> dict[str, Any]:
    """The settings with which a user signs in by SCRAM-SHA-512."""
    there = {"kafka": cluster.address("SCRAM"), "kafka_sasl_mechanism": "SCRAM-SHA-512"}
    return {**signed_in(cluster, user), **there, **more}


def certified(cluster: SecureKafka, user: str, signed: bool = True) -> dict[str, Any]:
    """The settings with which a user signs in by a certificate."""
    certificate, key = cluster.certificate(user, signed)
    return {
        "kafka": cluster.address("CERTIFICATE"),
        "kafka_security_protocol": "SSL",
        "kafka_ca_file": cluster.authority,
        "kafka_certificate_file": certificate,
        "kafka_key_file": key,
    }


def as_user(stack: Stack, cluster: SecureKafka, user: str, **more: Any) -> Settings:
    return msgspec.structs.replace(stack.settings, **signed_in(cluster, user, **more))


async def send(settings: Settings, topic: str, value: bytes, key: bytes = b"u-1") -> None:
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka, acks="all", **kafka_access(settings))
    await producer.start()
    try:
        await producer.send_and_wait(topic, value, key=key)
    finally:
        await producer.stop()


def start_cases(stack: Stack, changes: dict[str, Any]) -> None:
    stack.cases = stack._start("cases", "cases", changes)


def said(stack: Stack, text: str) -> bool:
    return text in stack.logs(400)


async def test_every_process_works_with_exactly_the_rights_of_the_page(
    stack: Stack, secure_kafka: SecureKafka
) -> None:  # long because the whole way of an event, a decision and an outbox row is one claim
    wallet, api = (as_user(stack, secure_kafka, user) for user in ("wallet", "api"))
    for day in range(12):
        value = login(f"home-{day}", occurred_at=(START_AT + day * 86_400) * 1000)
        await send(wallet, wallet.topic_events, value)
    producer = await open_producer(api)
    strange = login(
        "strange", occurred_at=(START_AT + 13 * 86_400) * 1000, ip="203.0.113.9", device_id="strange"
    )
    assert await producer.publish([Outgoing("u-1", strange), Outgoing("u-1", b"{")], []) == [True, True]
    await producer.stop()
    stack.start_worker(0, **signed_in(secure_kafka, "worker"))
    start_cases(stack, signed_in(secure_kafka, "cases"))

    consumer = AIOKafkaConsumer(
        wallet.topic_decisions,
        bootstrap_servers=wallet.kafka,
        group_id="wallet",
        auto_offset_reset="earliest",
        **kafka_access(wallet),
    )
    await consumer.start()
    decided: list[bytes] = []
    async with asyncio.timeout(WITHIN_S):
        while len(decided) < 13:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                decided += [record.value for record in records]
    await consumer.stop()
    database = Database(stack.settings.database)
    async with database.begin() as connection:
        rows = [
            outbox.action(
                WalletAction(action_id="a1", kind="freeze", account_id="u-1", event_id="strange", at=1.0)
            ),
            outbox.Outgoing("o1", "event", "u-1", b'{"type":"none"}'),
        ]
        await outbox.put(connection, rows, 1.0)
    kept = select(func.count()).select_from(recorded_decisions)
    waiting = select(func.count()).select_from(outbox_table).where(outbox_table.c.sent_at.is_(None))
    carried = select(func.count()).select_from(outbox_table).where(outbox_table.c.sent_at.is_not(None))
    async with asyncio.timeout(WITHIN_S):
        while True:
            async with database.read() as connection:
                counts = [int(await connection.scalar(query) or 0) for query in (kept, carried, waiting)]
            if counts[0] and counts[1] >= 2 and not counts[2]:
                break
            await asyncio.sleep(0.2)
    await send(wallet, wallet.topic_results, b'{"action_id":"a1","result":"done"}')
    async with asyncio.timeout(WITHIN_S):
        while True:
            feed = await ActionFeed(database, lambda: 2.0).after(0, 10)
            if [each.result for each in feed if each.action_id == "a1"] == ["done"]:
                break
            await asyncio.sleep(0.2)
    await database.close()

    assert not said(stack, "Kafka refuses")


@pytest.mark.parametrize(
    ("user", "topic"),
    [
        ("wallet", "topic_decisions"),
        ("wallet", "topic_actions"),
        ("wallet", "topic_dead"),
        ("api", "topic_decisions"),
        ("api", "topic_actions"),
        ("worker", "topic_actions"),
        ("cases", "topic_decisions"),
        ("cases", "topic_results"),
        ("api", "topic_results"),
    ],
)
async def test_no_user_writes_what_is_another_s_to_say(
    stack: Stack, secure_kafka: SecureKafka, user: str, topic: str
) -> None:
    settings = as_user(stack, secure_kafka, user)

    with pytest.raises(TopicAuthorizationFailedError):
        await send(settings, getattr(settings, topic), b"{}")


@pytest.mark.parametrize(
    "wrong",
    [
        {"kafka_password": "guessed"},
        {"kafka_user": "nobody"},
        {"kafka_ca_file": None},
        {"kafka_security_protocol": "SASL_PLAINTEXT", "kafka_ca_file": None},
    ],
)
async def test_nobody_comes_in_with_a_wrong_word_or_without_trust(
    stack: Stack, secure_kafka: SecureKafka, wrong: dict[str, Any]
) -> None:
    settings = as_user(stack, secure_kafka, "wallet", **wrong)
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka, **kafka_access(settings))

    with pytest.raises((KafkaConnectionError, OSError)):
        await producer.start()
    await producer.stop()


@pytest.mark.parametrize("process", ["worker", "cases"])
async def test_a_process_without_the_rights_of_its_group_says_so_and_does_not_wait_in_silence(
    stack: Stack, secure_kafka: SecureKafka, process: str
) -> None:
    """The wallet's user may write events and read decisions, but not under the group of either process."""
    signed = signed_in(secure_kafka, "wallet")
    if process == "worker":
        stack.start_worker(0, **signed)
    else:
        start_cases(stack, signed)

    await until(lambda: said(stack, f"Kafka refuses {process}: GroupAuthorizationFailedError"), WITHIN_S)


@pytest.mark.parametrize("process", ["worker", "cases"])
async def test_a_wrong_password_is_said_and_never_shown(
    stack: Stack, secure_kafka: SecureKafka, process: str
) -> None:
    signed = signed_in(secure_kafka, process, kafka_password="sesame-open")
    if process == "worker":
        stack.start_worker(0, **signed)
    else:
        start_cases(stack, signed)

    await until(lambda: said(stack, f"Kafka refuses {process}: SaslAuthenticationFailed"), WITHIN_S)
    assert not said(stack, "sesame-open")


@pytest.mark.parametrize("way", [scrammed, certified])
async def test_a_worker_decides_what_a_wallet_sends_by_scram_and_by_certificates(
    stack: Stack, secure_kafka: SecureKafka, way: Callable[..., dict[str, Any]]
) -> None:
    """Each with the rights of the page: the certificate's name is the user's."""
    wallet = msgspec.structs.replace(stack.settings, **way(secure_kafka, "wallet"))
    await send(wallet, wallet.topic_events, login("e1"))
    stack.start_worker(0, **way(secure_kafka, "worker"))
    start_cases(stack, way(secure_kafka, "cases"))

    await until_decided(stack, 1)
    with pytest.raises(TopicAuthorizationFailedError):
        await send(wallet, wallet.topic_decisions, b"{}")
    assert not said(stack, "Kafka refuses")


async def test_a_wrong_word_by_scram_a_certificate_of_ones_own_and_none_do_not_come_in(
    stack: Stack, secure_kafka: SecureKafka
) -> None:
    own = certified(secure_kafka, "wallet", signed=False)
    none = {**own, "kafka_certificate_file": None, "kafka_key_file": None}
    for wrong in (scrammed(secure_kafka, "wallet", kafka_password="guessed"), own, none):
        settings = msgspec.structs.replace(stack.settings, **wrong)
        producer = AIOKafkaProducer(
            bootstrap_servers=settings.kafka, request_timeout_ms=5_000, **kafka_access(settings)
        )
        with pytest.raises((KafkaConnectionError, OSError)):
            await producer.start()
        await producer.stop()
