"""What a broker says of a topic: how many partitions, and the name it gave this very topic, which one made anew has not.

aiokafka 0.14.0 asks for metadata in version 5; the identity of a topic is told from version 10 on (KIP-516), so the request
of version 12 is written down here.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any
from uuid import UUID

from aiokafka.errors import NodeNotReadyError
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)
from msgspec import Struct

_NO_NAME = UUID(int=0)
_UNKNOWN_TOPIC = 3


class TopicFacts(Struct, frozen=True):
    """`ident` is empty where the broker gives topics no identity."""

    partitions: int
    ident: str


class _Uuid:
    @classmethod
    def encode(cls, value: UUID) -> bytes:
        return value.bytes

    @classmethod
    def decode(cls, data: BytesIO) -> UUID:
        return UUID(bytes=data.read(16))

    @classmethod
    def repr(cls, value: UUID) -> str:
        return str(value)


_NUMBERS = CompactArray(Int32)
_PARTITION = (
    ("error_code", Int16),
    ("partition", Int32),
    ("leader", Int32),
    ("leader_epoch", Int32),
    ("replicas", _NUMBERS),
    ("isr", _NUMBERS),
    ("offline_replicas", _NUMBERS),
    ("tags", TaggedFields),
)
_BROKER = (
    ("node_id", Int32),
    ("host", CompactString("utf-8")),
    ("port", Int32),
    ("rack", CompactString("utf-8")),
    ("tags", TaggedFields),
)
_TOPIC = (
    ("error_code", Int16),
    ("name", CompactString("utf-8")),
    ("topic_id", _Uuid),
    ("is_internal", Boolean),
    ("partitions", CompactArray(*_PARTITION)),
    ("authorized_operations", Int32),
    ("tags", TaggedFields),
)


class _Answer(Response):
    API_KEY = 3
    API_VERSION = 12
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("brokers", CompactArray(*_BROKER)),
        ("cluster_id", CompactString("utf-8")),
        ("controller_id", Int32),
        ("topics", CompactArray(*_TOPIC)),
        ("tags", TaggedFields),
    )


class _Question(RequestStruct):
    FLEXIBLE_VERSION = True
    API_KEY = 3
    API_VERSION = 12
    RESPONSE_TYPE = _Answer
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(("topic_id", _Uuid), ("name", CompactString("utf-8")), ("tags", TaggedFields)),
        ),
        ("allow_auto_topic_creation", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class _Metadata(Request[_Question]):
    API_KEY = 3

    def __init__(self, topic: str) -> None:
        self._topic = topic

    def build(self, request_struct_class: type[_Question]) -> _Question:
        return request_struct_class([(_NO_NAME, self._topic, {})], False, False, {})


async def topic_facts(client: Any, topic: str) -> TopicFacts | None:
    """What the brokers of this aiokafka client say of the topic now; None when there is none. Raises KafkaError."""
    node = client.get_random_node()
    if node is None:
        raise NodeNotReadyError("no broker is known")
    try:
        answer = await client.send(node, _Metadata(topic))
    except NotImplementedError:
        return await _without_identity(client, topic)
    for error, _, ident, _, partitions, *_ in answer.topics:
        if error == _UNKNOWN_TOPIC or not partitions:
            return None
        return TopicFacts(len(partitions), "" if ident == _NO_NAME else str(ident))
    return None


async def _without_identity(client: Any, topic: str) -> TopicFacts | None:
    known = await client.fetch_all_metadata()
    partitions = known.partitions_for_topic(topic)
    return TopicFacts(len(partitions), "") if partitions else None
