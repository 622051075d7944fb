"""What scoring a batch leaves to be made durable: records to produce, memory to save, answers to callers."""

from __future__ import annotations

import json
from collections.abc import Sequence

import msgspec

from contracts import topics
from contracts.decisions import Decision, IssueChallenge
from contracts.ports import Shard
from services.ingest.decode import DeadLetter, Record
from services.memory.accounts import Account
from services.stream.measure import BatchTimes
from services.stream.parts import Parts
from services.stream.producer import Headers, Row

_ENCODE = msgspec.json.Encoder(decimal_format="string").encode
_WITH_EFFECTS: Headers = [(topics.HEADER_EFFECTS, b"1")]
_PLAIN: Headers = []


class Scored(msgspec.Struct, frozen=True, gc=False):
    """One scored batch of a shard; `entries` are (account, learned offset, packed profile).

    `outcomes` are (type, action, score) of each decision.
    """

    shard: Shard
    decisions: list[Decision]
    outcomes: list[tuple[str, str, int]]
    record_times_ms: list[int]
    rows: list[Row]
    dead: list[DeadLetter]
    dead_rows: list[Row]
    touched: dict[str, Account]
    entries: list[tuple[str, int, bytes]]
    challenges: list[tuple[Decision, IssueChallenge]]
    answers: list[tuple[str, str, bytes]]
    times: BatchTimes


class Draft:
    """What a batch leaves, written down window by window, while what was just decided is still in the cache."""

    def __init__(self, shard: Shard) -> None:
        self._shard = shard
        self._decisions: list[Decision] = []
        self._outcomes: list[tuple[str, str, int]] = []
        self._record_times: list[int] = []
        self._rows: list[Row] = []
        self._touched: dict[str, Account] = {}
        self._challenges: list[tuple[Decision, IssueChallenge]] = []
        self._answers: list[tuple[str, str, bytes]] = []

    def add(
        self, records: Sequence[Record], accounts: Sequence[Account], decisions: Sequence[Decision | None]
    ) -> None:
        """Encode the decisions of a window and pack the profiles that learned from it."""
        rows, made, outcomes, times = self._rows, self._decisions, self._outcomes, self._record_times
        touched: dict[str, Account] = {}
        for record, account, decision in zip(records, accounts, decisions, strict=True):
            if decision is None:
                continue
            touched[decision.account_id] = account
            value = _ENCODE(decision)
            headers = _PLAIN
            if decision.effects:
                headers = _WITH_EFFECTS
                for effect in decision.effects:
                    if effect.__class__ is IssueChallenge:
                        self._challenges.append((decision, effect))
            if record.headers:
                headers = _passed_on(record, headers, decision, value, self._answers)
            rows.append((record.key, value, headers))
            made.append(decision)
            outcomes.append((decision.type, decision.action, decision.score))
            times.append(record.timestamp)
        for account in touched.values():
            account.close()
        self._touched.update(touched)

    def done(self, dead: list[DeadLetter], parts: Parts, times: BatchTimes) -> Scored:
        """Everything at once; the accounts are pinned until the batch is saved."""
        touched = self._touched
        parts.memory.pin(touched.values())
        return Scored(
            self._shard,
            self._decisions,
            self._outcomes,
            self._record_times,
            self._rows,
            dead,
            [_dead_row(parts.settings.topic_events, self._shard, letter) for letter in dead],
            touched,
            parts.memory.entries(self._shard, touched),
            self._challenges,
            self._answers,
            times,
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
