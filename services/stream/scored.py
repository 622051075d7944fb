"""What scoring a batch leaves to be made durable: records to produce, memory to save, answers to callers."""

from __future__ import annotations

import json
from collections.abc import Sequence

import msgspec

from contracts import topics
from contracts.decisions import Decision, IssueChallenge
from contracts.ports import Shard
from services.ingest.decode import DeadLetter, Incoming, Record
from services.memory.accounts import Account
from services.stream.measure import BatchTimes
from services.stream.parts import Parts
from services.stream.producer import Headers, Row

_ENCODE = msgspec.json.Encoder(decimal_format="string").encode
_WITH_EFFECTS: Headers = [(topics.HEADER_EFFECTS, b"1")]
_PLAIN: Headers = []


class Scored(msgspec.Struct, frozen=True, gc=False):
    """One scored batch of a shard; `entries` are (account, learned offset, packed profile)."""

    shard: Shard
    decisions: list[Decision]
    record_times_ms: list[int]
    rows: list[Row]
    dead: list[DeadLetter]
    dead_rows: list[Row]
    touched: dict[str, Account]
    entries: list[tuple[str, int, bytes]]
    challenges: list[tuple[Decision, IssueChallenge]]
    answers: list[tuple[str, str, bytes]]
    times: BatchTimes


def write_down(
    shard: Shard,
    records: Sequence[Record],
    incoming: Incoming,
    accounts: Sequence[Account],
    decisions: Sequence[Decision | None],
    parts: Parts,
    times: BatchTimes,
) -> Scored:
    """Encode everything now: the live profiles go on to the next batch before this one is durable."""
    rows: list[Row] = []
    made: list[Decision] = []
    record_times: list[int] = []
    challenges: list[tuple[Decision, IssueChallenge]] = []
    answers: list[tuple[str, str, bytes]] = []
    touched: dict[str, Account] = {}
    for event, record, account, decision in zip(
        incoming.events, incoming.records, accounts, decisions, strict=True
    ):
        if decision is None:
            continue
        touched[event.account_id] = account
        value = _ENCODE(decision)
        headers = _PLAIN
        if decision.effects:
            headers = _WITH_EFFECTS
            for effect in decision.effects:
                if effect.__class__ is IssueChallenge:
                    challenges.append((decision, effect))  # type: ignore[arg-type]
        if record.headers:
            headers = _passed_on(record, headers, decision, value, answers)
        rows.append((record.key, value, headers))
        made.append(decision)
        record_times.append(record.timestamp)
    parts.memory.pin(touched.values())
    entries = parts.memory.entries(shard, touched)
    times.mark("encode")
    dead_rows = [_dead_row(parts.settings.topic_events, shard, letter) for letter in incoming.dead]
    return Scored(
        shard, made, record_times, rows, incoming.dead, dead_rows, touched, entries, challenges, answers, times
    )


def _passed_on(
    record: Record, headers: Headers, decision: Decision, value: bytes, answers: list[tuple[str, str, bytes]]
) -> Headers:
    for name, content in record.headers:
        if name == topics.HEADER_REPLY_TO:
            answers.append((content.decode("ascii", "replace"), decision.event_id, value))
        elif name == topics.HEADER_TRACEPARENT:
            headers = [*headers, (name, content)]
    return headers


def _dead_row(topic: str, shard: Shard, letter: DeadLetter) -> Row:
    record = letter.record
    headers = [
        *((name, content) for name, content in record.headers),
        (topics.DEAD_REASON, letter.error.reason.encode()),
        (topics.DEAD_DETAIL, json.dumps(letter.error.detail).encode()),
        (topics.DEAD_TOPIC, topic.encode()),
        (topics.DEAD_PARTITION, str(shard.partition).encode()),
        (topics.DEAD_OFFSET, str(record.offset).encode()),
        (topics.DEAD_ATTEMPTS, b"1"),
    ]
    return record.key, record.value, headers
