"""The launchers of the real parts: they start, survive a kill with their data, and come back on the same address."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
import redis
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from benchmarks.parts.real_parts import KafkaCluster, PostgresServer, RedisServer
from tests.parts.fixtures import running

pytestmark = pytest.mark.real


async def create_topic(bootstrap: str, name: str, replicas: int = 1) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, 3, replicas)])
    finally:
        await admin.close()


async def produce(bootstrap: str, topic: str, values: list[bytes], idempotent: bool = True) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=idempotent)
    await producer.start()
    try:
        for number, value in enumerate(values):
            await producer.send_and_wait(topic, value, partition=number % 3)
    finally:
        await producer.stop()


async def consume(bootstrap: str, topic: str, count: int) -> list[bytes]:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        return sorted([(await consumer.getone()).value for _ in range(count)])
    finally:
        await consumer.stop()


async def test_kafka_keeps_what_it_acknowledged_through_a_kill(real_kafka_cluster: KafkaCluster) -> None:
    sent = [b"%02d" % number for number in range(30)]
    await create_topic(real_kafka_cluster.bootstrap, "kept")
    await produce(real_kafka_cluster.bootstrap, "kept", sent)
    real_kafka_cluster.kill9()
    real_kafka_cluster.restart()

    assert sent == await consume(real_kafka_cluster.bootstrap, "kept", len(sent))


async def test_three_nodes_take_records_while_one_is_dead(parts_folder: Path) -> None:
    sent = [b"%02d" % number for number in range(30)]
    with running(KafkaCluster(parts_folder / "three", nodes=3, heap="384m")) as cluster:
        await create_topic(cluster.bootstrap, "replicated", replicas=3)
        cluster.kill9(1)
        await produce(cluster.bootstrap, "replicated", sent)
        cluster.restart(1)

        assert sent == await consume(cluster.bootstrap, "replicated", len(sent))


def test_redis_keeps_what_it_synced_through_a_kill(real_redis_server: RedisServer) -> None:
    with redis.Redis.from_url(real_redis_server.url) as client:
        client.set("parts:kept", "yes")
        assert client.config_get("appendfsync") == {"appendfsync": "everysec"}
    real_redis_server.kill9()
    real_redis_server.start()
    with redis.Redis.from_url(real_redis_server.url) as client:
        assert client.get("parts:kept") == b"yes"
        client.delete("parts:kept")


def test_postgres_keeps_what_it_committed_through_a_kill(real_postgres_server: PostgresServer) -> None:
    address = real_postgres_server.new_database("parts").replace("+psycopg", "")
    with psycopg.connect(address) as connection:
        connection.execute("CREATE TABLE kept (word text)")
        connection.execute("INSERT INTO kept VALUES ('yes')")
    real_postgres_server.kill9()
    real_postgres_server.start()
    with psycopg.connect(address) as connection:
        assert connection.execute("SELECT word FROM kept").fetchall() == [("yes",)]
