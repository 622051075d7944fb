"""What scoring a batch leaves: records to produce, memory to save, answers to callers, and what Prometheus is told of it."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import product
from time import perf_counter

import msgspec

from contracts import topics
from contracts.decisions import REUSED, REUSED_DETAIL, Decision, IssueChallenge, answer_name
from contracts.errors import Malformed
from contracts.events import AnyEvent
from contracts.exchange import ExchangeRates
from contracts.ports import Entry, Shard
from services.events.decode import DeadLetter, Record
from services.memory.accounts import Account
from services.platform import metrics
from services.platform.money import count_money
from services.scoring.attempts import Attempts
from services.scoring.runner import Counts
from services.stream.placement import Moved
from services.stream.producer import Headers, Row, Rows

log = logging.getLogger(__name__)
_told: set[str] = set()
_CROWDS = metrics.DEVICES_IGNORED.labels("crowd")
_ENCODE = msgspec.json.Encoder(decimal_format="string").encode
_WITH_EFFECTS: Headers = [(topics.HEADER_EFFECTS, b"1")]
_PLAIN: Headers = []
#: By stage, kind of network and class of country: looked up for each chunk.
_FUNNEL = {
    reached: metrics.FUNNEL.labels(*reached)
    for reached in product(metrics.STAGES, metrics.NETWORK_KINDS, metrics.COUNTRY_CLASSES)
}
_STAGES = {
    name: metrics.STAGE.labels(name) for name in ("decode", "load", "score", "encode", "produce", "save")
}


class BatchTimes:
    """Seconds a batch spent in each stage."""

    __slots__ = ("_last", "stages")

    def __init__(self) -> None:
        self._last = perf_counter()
        self.stages: dict[str, float] = {}

    def mark(self, stage: str) -> None:
        """The stage that just ended; one may end more than once."""
        now = perf_counter()
        self.stages[stage] = self.stages.get(stage, 0.0) + now - self._last
        self._last = now


class BatchResult(msgspec.Struct, frozen=True, gc=False):
    """One scored batch, numbered as it was loaded; rows by partition, entries by shard.

    `outcomes` are (type, action, score) of each decision, `reached` the offset of the last record of each shard.
    """

    number: int
    decisions: list[Decision]
    outcomes: list[tuple[str, str, int]]
    record_times_ms: list[int]
    rows: list[Rows]
    dead: list[DeadLetter]
    dead_rows: list[Rows]
    moved: list[Moved]
    entries: list[tuple[Shard, list[Entry]]]
    challenges: list[tuple[Decision, IssueChallenge]]
    answers: list[tuple[str, str, bytes]]
    reached: dict[Shard, int]
    times: BatchTimes


class ResultBuilder:
    """What a batch leaves, written down chunk by chunk, while what was just decided is still in the cache."""

    def __init__(self, number: int, topic: str, times: BatchTimes) -> None:
        self._topic = topic
        self._rows: list[Row] = []
        self._shard = Shard(0, 0)
        self._touched: dict[str, Account] = {}
        self._by_shard: list[tuple[Shard, dict[str, Account]]] = []
        self._scored = BatchResult(number, [], [], [], [], [], [], [], [], [], [], {}, times)

    def begin(
        self, shard: Shard, dead: Sequence[DeadLetter], moved: Sequence[Moved], last_offset: int
    ) -> None:
        """What is added from now on is of this shard; `dead` is what of it could not be read, `moved` what is not its own."""
        scored = self._scored
        scored.moved.extend(moved)
        self._shard, self._rows, self._touched = shard, [], {}
        scored.reached[shard] = last_offset
        scored.rows.append((shard.partition, self._rows))
        self._by_shard.append((shard, self._touched))
        if dead:
            self._bury(dead)

    def add(
        self, records: Sequence[Record], accounts: Sequence[Account], decisions: Sequence[Decision | None]
    ) -> None:
        """Encode the decisions of a chunk and pack the profiles that learned from it."""
        scored, rows = self._scored, self._rows
        made, outcomes, times = scored.decisions, scored.outcomes, scored.record_times_ms
        touched: dict[str, Account] = {}
        for record, account, decision in zip(records, accounts, decisions, strict=True):
            if decision is None:
                continue
            touched[decision.account_id] = account
            value = _ENCODE(decision)
            headers = _PLAIN
            if decision.effects or decision.action == "deny":
                headers = _WITH_EFFECTS
                for effect in decision.effects:
                    if effect.__class__ is IssueChallenge:
                        scored.challenges.append((decision, effect))
            if record.headers:
                headers = _passed_on(record, headers, decision, value, scored.answers)
            rows.append((record.key, value, headers))
            made.append(decision)
            outcomes.append((decision.type, decision.action, decision.score))
            times.append(record.timestamp)
        for account in touched.values():
            account.close()
        self._touched.update(touched)

    def refuse(self, reused: Sequence[tuple[Record, AnyEvent]]) -> None:
        """Events whose known id had another content become dead letters, and who waits for them is told so."""
        self._bury([DeadLetter(record, Malformed(REUSED.decode(), REUSED_DETAIL)) for record, _ in reused])
        for record, event in reused:
            for header, channel in record.headers or ():
                if header == topics.HEADER_REPLY_TO:
                    name = answer_name(event.account_id, event.event_id, record.value or b"")
                    self._scored.answers.append((channel.decode("ascii", "replace"), name, REUSED))

    def _bury(self, dead: Sequence[DeadLetter]) -> None:
        self._scored.dead.extend(dead)
        rows = [_dead_row(self._topic, self._shard, letter) for letter in dead]
        self._scored.dead_rows.append((self._shard.partition, rows))

    def done(self) -> BatchResult:
        """Everything, with each account's memory as it is now, whatever is learned while it is being saved."""
        for shard, touched in self._by_shard:
            self._scored.entries.append(
                (shard, [(name, account.learned_offset, account.packed) for name, account in touched.items()])
            )
        return self._scored


def measure(scored: BatchResult, live_accounts: int, now_ms: int) -> None:
    """Count a durable batch, once: types, actions, scores, latencies, dead letters, stage times."""
    metrics.LIVE_ACCOUNTS.set(live_accounts)
    for stage, seconds in scored.times.stages.items():
        _STAGES[stage].observe(seconds)
    for (kind, action, score), count in Counter(scored.outcomes).items():
        metrics.DECISIONS.labels(action, kind).inc(count)
        metrics.EVENTS_RECEIVED.labels(kind).inc(count)
        metrics.SCORE.observe_many(kind, score, count)
    for when_ms, count in Counter(scored.record_times_ms).items():
        metrics.DECISION_LATENCY.observe_many("", (now_ms - when_ms) / 1000.0, count)
    metrics.MOVED_RECORDS.inc(len(scored.moved))
    for letter in scored.dead:
        metrics.DEAD_LETTERS.labels(letter.error.reason).inc()
        metrics.EVENTS_FAILED.labels(letter.error.reason).inc()


def count_run(counts: Counts, rates: ExchangeRates) -> None:
    """Count what a run over a chunk found; a detector that failed is named once in the life of the process."""
    _count_attempts(counts.attempts, rates)
    metrics.DUPLICATES.inc(counts.duplicates)
    metrics.SKIPPED_LEARNED.inc(counts.redelivered)
    metrics.LATE_EVENTS.inc(counts.late)
    _CROWDS.inc(counts.crowds)
    for (detector, mode), count in counts.findings.items():
        metrics.FINDINGS.labels(detector, mode).inc(count)
    for status, count in counts.frozen.items():
        metrics.FROZEN_MONEY.labels(status).inc(count)
    for detector, count in counts.failed.items():
        if detector not in _told:
            _told.add(detector)
            log.error("detector %s raised and was skipped; from now on only counted", detector)
        metrics.DETECTOR_FAILED.labels(detector).inc(count)


def expect(reasons: Iterable[str]) -> None:
    """Begin the count of each code of a reason at 0."""
    for reason in reasons:
        metrics.REASONS.labels(reason)


def _count_attempts(attempts: Attempts, rates: ExchangeRates) -> None:
    for reached, count in attempts.stages():
        _FUNNEL[reached].inc(count)
    for reason, count in attempts.reasons.items():
        metrics.REASONS.labels(reason).inc(count)
    for end, currency, amount in attempts.money:
        count_money(end, amount, currency, rates)


def _passed_on(
    record: Record, headers: Headers, decision: Decision, value: bytes, answers: list[tuple[str, str, bytes]]
) -> Headers:
    for name, content in record.headers:
        if name == topics.HEADER_REPLY_TO:
            name = answer_name(decision.account_id, decision.event_id, record.value or b"")
            answers.append((content.decode("ascii", "replace"), name, value))
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
