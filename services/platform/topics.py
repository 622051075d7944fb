"""Creates and describes the Kafka topics."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

from msgspec import Struct, structs

from contracts.errors import Unavailable
from services.platform.settings import Settings

_TRIES = 20
_PAUSE_S = 0.25
_EXISTS = 36
#: Twice Kafka's own limit: a dead letter is its event and what was added to the headers.
_DEAD_LETTER_BYTES = 2_097_152


class Described(Struct, frozen=True):
    """A topic as the broker knows it."""

    topic: str
    partitions: int
    replicas: int
    state: Literal["ok", "missing", "other partition count"]
    #: For how many days the broker keeps its records; None when it does not say, or for ever.
    days: float | None = None


#: The setting that says for how many days a topic keeps its records, by the setting of the topic's name.
TOPIC_DAYS = {
    "topic_events": "events_days",
    "topic_dead": "topic_days",
    "topic_decisions": "topic_days",
    "topic_actions": "topic_days",
    "topic_results": "topic_days",
    "topic_messages": "topic_days",
}
_DAY_MS = 86_400_000


def topic_names(settings: Settings) -> tuple[str, ...]:
    """The topics that are used: five, and that of messages where there is one."""
    return tuple(getattr(settings, name) for name in _used(settings))


async def create_topics(settings: Settings) -> dict[str, str]:
    """Create what is missing and wait until the broker knows it: `created` or `exists` by topic.

    Raises Unavailable when no broker answers or it refuses.
    """
    from aiokafka.admin import NewTopic

    async with open_admin(settings) as admin:
        wanted = [
            NewTopic(name, settings.partitions, settings.replication, topic_configs=_configs(settings, name))
            for name in topic_names(settings)
        ]
        answer = await admin.create_topics(wanted)
        states: dict[str, str] = {}
        for name, code, *message in answer.topic_errors:
            if code not in (0, _EXISTS):
                raise Unavailable(
                    f"the broker refused to create {name}: error {code} {' '.join(map(str, message))}"
                )
            states[name] = "created" if code == 0 else "exists"
        for _ in range(_TRIES):
            described = await _describe(admin, settings)
            if all(told.state != "missing" for told in described):
                return states
            await asyncio.sleep(_PAUSE_S)
    raise Unavailable("the broker created the topics but does not list them yet; try again")


async def describe_topics(settings: Settings) -> list[Described]:
    """Each of the topics as the broker knows it. Raises Unavailable when no broker answers."""
    async with open_admin(settings) as admin:
        described = await _describe(admin, settings)
        kept = await _kept_days(admin, [told.topic for told in described if told.state != "missing"])
    return [structs.replace(told, days=kept.get(told.topic)) for told in described]


def topic_days(settings: Settings) -> dict[str, int]:
    """For how many days each topic is to keep its records, by its name."""
    return {getattr(settings, name): getattr(settings, TOPIC_DAYS[name]) for name in _used(settings)}


def _used(settings: Settings) -> list[str]:
    return [name for name in TOPIC_DAYS if name != "topic_messages" or settings.messages_to_kafka]


def _configs(settings: Settings, name: str) -> dict[str, str]:
    configs = {"retention.ms": str(topic_days(settings)[name] * _DAY_MS)}
    return configs | ({"max.message.bytes": str(_DEAD_LETTER_BYTES)} if name == settings.topic_dead else {})


async def _describe(admin: Any, settings: Settings) -> list[Described]:
    # Asking for one unknown topic by name would create it on brokers that create topics by themselves.
    known = set(await admin.list_topics())
    names = [name for name in topic_names(settings) if name in known]
    found = (
        {told["topic"]: told["partitions"] for told in await admin.describe_topics(names)} if names else {}
    )
    described = []
    for name in topic_names(settings):
        partitions = found.get(name, [])
        count = len(partitions)
        state: Any = (
            "missing" if not count else "ok" if count == settings.partitions else "other partition count"
        )
        described.append(Described(name, count, len(partitions[0]["replicas"]) if count else 0, state))
    return described


async def _kept_days(admin: Any, names: list[str]) -> dict[str, float]:
    """What the broker says; nothing of one that does not, as the embedded one. The last question of its connection."""
    from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
    from aiokafka.errors import KafkaError

    wanted = [ConfigResource(ConfigResourceType.TOPIC, name, {"retention.ms": ""}) for name in names]
    found: dict[str, float] = {}
    try:
        answers = await admin.describe_configs(wanted) if wanted else []
    except KafkaError:
        return found
    for answer in answers:
        for _code, _message, _kind, name, entries, *_ in answer.resources:
            told = {entry[0]: entry[1] for entry in entries}.get("retention.ms")
            if told is not None and int(told) >= 0:
                found[name] = int(told) / _DAY_MS
    return found


@asynccontextmanager
async def open_admin(settings: Settings) -> AsyncIterator[Any]:
    """An admin client, while it lasts. Raises Unavailable when no broker answers."""
    from aiokafka.admin import AIOKafkaAdminClient
    from aiokafka.errors import KafkaError

    from services.platform.kafka_access import kafka_access

    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka, **kafka_access(settings))
    try:
        await admin.start()
    except (KafkaError, OSError):
        await admin.close()
        raise Unavailable(f"no Kafka broker answers at {settings.kafka}; name one with --kafka") from None
    try:
        yield admin
    except KafkaError as error:
        raise Unavailable(f"the broker at {settings.kafka} did not answer: {type(error).__name__}") from error
    finally:
        await admin.close()
