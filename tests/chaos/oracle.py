"""The oracle: what a run left behind against one single-threaded replay of its events.

Counts that cross accounts depend on the order in which partitions were read, so the replay answers them from the
decisions of the run; where a decision recorded none, nothing read them and zero gives the same answer.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec
from msgspec import Struct, json

from contracts.decisions import (
    Decision,
    Freeze,
    HoldPayment,
    IssueChallenge,
    Notify,
    OpenCase,
    RaiseAlert,
    RevokeSessions,
)
from contracts.payees import NAMES
from contracts.ports import Shard, TallyRequest, TallyResponse
from services.bootstrap.pipelines import offline_core
from services.platform.settings import Settings
from services.replay.offline import OfflineCore
from tests.chaos.evidence import Evidence, Memory, letters_besides
from tests.chaos.stack import PSEUDONYM_KEY

BATCH = 2000
EXAMPLES = 12
TABLE_OF: dict[type, str] = {
    RaiseAlert: "alerts",
    OpenCase: "case_entries",
    Notify: "notices",
    Freeze: "actions",
    HoldPayment: "held_payments",
    RevokeSessions: "actions",
    IssueChallenge: "challenges",
}


class _Counted(Struct, gc=False):
    event_id: str
    tallies: dict[str, int] | None = None


_counted = json.Decoder(_Counted).decode


class RecordedTallies:
    """A TallyStore that answers as the decisions of a run say they were answered."""

    def __init__(self, evidence: Evidence) -> None:
        seen = {told.event_id: told.tallies for told in map(_counted, (d.value for d in evidence.decisions))}
        self._counts: dict[tuple[int, int], dict[str, int]] = {}
        for partition, records in evidence.events.items():
            for record in records:
                counts = seen.get(event_id_of(record.value))
                if counts:
                    self._counts[partition, record.offset] = counts

    async def observe(self, asked: Sequence[tuple[Shard, TallyRequest]]) -> list[TallyResponse]:
        """The recorded counts; 0 where none was recorded."""
        return [
            TallyResponse(
                [
                    [self._said(shard, offset).get(tally.name, 0) for offset in tally.offsets]
                    for tally in questions.tallies
                ],
                [
                    tuple(self._said(shard, offset).get(name, 0) for name in NAMES)  # type: ignore[misc]
                    for offset in questions.payees.offsets
                ],
            )
            for shard, questions in asked
        ]

    def _said(self, shard: Shard, offset: int) -> dict[str, int]:
        return self._counts.get((shard.partition, offset), {})


def event_id_of(value: bytes | None) -> str:
    """The event id of a record, empty when it has none that can be read."""
    try:
        return _counted(value or b"").event_id
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""


class Replayed(Struct, frozen=True):
    """What should have come of the events; `positions` holds (offset, event id) of each decided event by partition."""

    decided: dict[str, bytes]
    positions: dict[int, list[tuple[int, str]]]
    effects: dict[str, set[str]]
    recorded: dict[str, bytes]
    dead: dict[tuple[int, int], bytes | None]
    memory: Memory
    frozen: dict[str, Freeze] = msgspec.field(default_factory=dict)


class Verdict(Struct):
    """How many of each kind of fault were found, with the first of them in words."""

    events: int
    lost: int = 0
    unexpected: int = 0
    conflicting: int = 0
    different: int = 0
    missing_effects: int = 0
    duplicate_effects: int = 0
    memory_differences: int = 0
    dead_letter_differences: int = 0
    uncommitted: int = 0
    early_commits: int = 0
    repeats: int = 0
    examples: list[str] = []

    @property
    def clean(self) -> bool:
        """Whether every promise was kept; repeats are none of them."""
        return not any(getattr(self, name) for name in FAULTS)

    def line(self, kills: int, recoveries_s: Sequence[float] = ()) -> str:
        """The figures in one line."""
        ordered = sorted(recoveries_s)
        longest = ordered[-1] if ordered else 0.0
        middle = ordered[len(ordered) // 2] if ordered else 0.0
        return (
            f"chaos events={self.events} kills={kills} lost={self.lost} duplicate_effects={self.duplicate_effects} "
            f"missing_effects={self.missing_effects} conflicting={self.conflicting} different={self.different} "
            f"memory_differences={self.memory_differences} early_commits={self.early_commits} "
            f"repeats={self.repeats} recovery_max_s={longest:.1f} recovery_median_s={middle:.1f}"
        )

    def note(self, fault: str, count: int, example: str) -> None:
        setattr(self, fault, getattr(self, fault) + count)
        if len(self.examples) < EXAMPLES:
            self.examples.append(f"{fault}: {example}")


FAULTS = (
    "lost",
    "unexpected",
    "conflicting",
    "different",
    "missing_effects",
    "duplicate_effects",
    "memory_differences",
    "dead_letter_differences",
    "uncommitted",
    "early_commits",
)


async def replay(evidence: Evidence, settings: Settings, batch: int = BATCH) -> Replayed:
    """Decide every event again, one partition after the other, in one thread."""
    alone = msgspec.structs.replace(settings, fault_point="", live_accounts=10_000_000)
    core = offline_core(alone, PSEUDONYM_KEY, RecordedTallies(evidence))
    made = Replayed({}, {}, {name: set() for name in TABLE_OF.values()}, {}, {}, {})
    for partition, records in sorted(evidence.events.items()):
        positions = made.positions.setdefault(partition, [])
        offsets = {event_id_of(record.value): record.offset for record in reversed(records)}
        for start in range(0, len(records), batch):
            answered = await core.decide(records[start : start + batch], partition)
            for decision, encoded in zip(answered.decisions, answered.encoded, strict=True):
                made.decided[decision.event_id] = encoded
                positions.append((offsets[decision.event_id], decision.event_id))
                _expect_effects(made, decision, encoded)
            for letter in answered.dead:
                made.dead[partition, letter.record.offset] = letter.record.value
    owned = json.Decoder(_Owned).decode
    for partition, positions in made.positions.items():
        accounts = {owned(made.decided[event_id]).account_id for _, event_id in positions}
        made.memory.update(await memory_of(core, Shard(settings.topic_epoch, partition), accounts))
    return made


def _expect_effects(made: Replayed, decision: Decision, encoded: bytes) -> None:
    for effect in decision.effects:
        if isinstance(effect, Freeze) and made.frozen.setdefault(decision.account_id, effect) is not effect:
            continue  # of a frozen account the wallet is told nothing more, and nobody releases one here
        ident = effect.challenge_id if isinstance(effect, IssueChallenge) else effect.effect_id
        if (table := TABLE_OF.get(type(effect))) is not None:  # others end rows, and make none
            made.effects[table].add(ident)
        made.effects["notices"] |= letters_besides(effect, decision)
    if decision.effects or decision.action == "deny":
        made.recorded[decision.event_id] = encoded


class _Owned(Struct, gc=False):
    account_id: str


async def memory_of(core: OfflineCore, shard: Shard, accounts: Iterable[str]) -> Memory:
    """What the core remembers of those of the accounts that it knows."""
    names = sorted(accounts)
    [stored] = await core.profiles.load([(shard, names)])
    return {
        (shard.partition, name): entry for name, entry in zip(names, stored, strict=True) if entry is not None
    }


def judge(evidence: Evidence, replayed: Replayed) -> Verdict:
    """Everything that is not as it should be."""
    verdict = Verdict(sum(len(records) for records in evidence.events.values()))
    _judge_decisions(evidence, replayed, verdict)
    _judge_dead(evidence, replayed, verdict)
    if evidence.rows is not None:
        _judge_effects(evidence, replayed, verdict)
    _judge_memory(evidence.memory, replayed.memory, verdict)
    _judge_commits(evidence, replayed, verdict)
    return verdict


def _judge_decisions(evidence: Evidence, replayed: Replayed, verdict: Verdict) -> None:
    seen: dict[str, bytes] = {}
    for told in evidence.decisions:
        first = seen.setdefault(told.event_id, told.value)
        if first is not told.value:
            verdict.repeats += 1
            if first != told.value:
                verdict.note("conflicting", 1, f"{first.decode()}\n  and then {told.value.decode()}")
    for event_id, expected in replayed.decided.items():
        found = seen.get(event_id)
        if found is None:
            verdict.note("lost", 1, event_id)
        elif found != expected:
            verdict.note("different", 1, f"{found.decode()}\n  replayed {expected.decode()}")
    for event_id in seen.keys() - replayed.decided.keys():
        verdict.note("unexpected", 1, event_id)


def _judge_dead(evidence: Evidence, replayed: Replayed, verdict: Verdict) -> None:
    seen = {(partition, offset): value for partition, offset, value in evidence.dead}
    for place in seen.keys() ^ replayed.dead.keys():
        verdict.note("dead_letter_differences", 1, f"{place}, in the topic: {place in seen}")
    for place in seen.keys() & replayed.dead.keys():
        if seen[place] != replayed.dead[place]:
            verdict.note("dead_letter_differences", 1, f"{place} has other bytes")


def _judge_effects(evidence: Evidence, replayed: Replayed, verdict: Verdict) -> None:
    assert evidence.rows is not None
    for table, expected in replayed.effects.items():
        _judge_ids(table, evidence.rows[table], expected, verdict)
    sent: dict[str, bytes] = {}
    for action_id, value in evidence.actions:
        if sent.setdefault(action_id, value) != value:
            verdict.note("duplicate_effects", 1, f"action {action_id} has two forms")
    _judge_ids("the actions topic", list(sent), replayed.effects["actions"], verdict)
    for event_id in evidence.recorded.keys() | replayed.recorded.keys():
        if evidence.recorded.get(event_id) != replayed.recorded.get(event_id):
            verdict.note("different", 1, f"recorded decision of {event_id}")


def _judge_ids(table: str, found: Iterable[str], expected: set[str], verdict: Verdict) -> None:
    counts = Counter(found)
    for ident in expected - counts.keys():
        verdict.note("missing_effects", 1, f"{ident} in {table}")
    for ident, count in counts.items():
        surplus = count - (1 if ident in expected else 0)
        if surplus:
            verdict.note("duplicate_effects", surplus, f"{ident} in {table}")


def _judge_memory(found: Memory, expected: Memory, verdict: Verdict) -> None:
    for place in found.keys() | expected.keys():
        if found.get(place) != expected.get(place):
            stored, due = found.get(place), expected.get(place)
            told = f"{place} stored offset {stored and stored[0]}, replayed {due and due[0]}"
            same = stored is not None and due is not None and stored[1] == due[1]
            verdict.note("memory_differences", 1, f"{told}; profile {'equal' if same else 'different'}")


def _judge_commits(evidence: Evidence, replayed: Replayed, verdict: Verdict) -> None:
    for partition, records in evidence.events.items():
        end = records[-1].offset + 1
        committed = evidence.committed.get(partition, 0)
        if committed != end:
            verdict.note("uncommitted", 1, f"partition {partition}: {committed} of {end}")
    first_decided: dict[str, int] = {}
    for told in evidence.decisions:
        first_decided.setdefault(told.event_id, told.offset)
    for partition, positions in replayed.positions.items():
        offsets = [offset for offset, _ in positions]
        reached: list[int] = []
        for _, event_id in positions:
            reached.append(max(first_decided.get(event_id, -1), reached[-1] if reached else -1))
        for sample in evidence.samples:
            if sample.partition != partition:
                continue
            before = bisect_left(offsets, sample.committed)
            if before and reached[before - 1] >= sample.decisions_end:
                verdict.note("early_commits", 1, f"partition {partition} at {sample.committed}")
