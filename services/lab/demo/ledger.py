"""Counts independently of PayGuard: what was accepted against what was decided, and effects that came twice.

An event counts as accepted once the broker acknowledged it or the API answered `accepted`. It is decided once a decision
about it was read from the topic. An effect is doubled when two decision records about one event disagree, or when
its trace at the edge (alert, case entry, notice, mail, action) is there twice. The edge is where effects leave
them: rows in SQL, and mails in the outbox folder.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct
from sqlalchemy import func, select

from contracts.decisions import Decision
from services.cases.tables import alerts, case_entries, cases, notices
from services.mfa.tables import challenges
from services.platform.database import Database


class Edge(Struct, frozen=True):
    """Counts for the page."""

    alerts: int = 0
    cases: int = 0
    notices: int = 0
    mails: int = 0
    challenges: int = 0
    passed: int = 0
    failed: int = 0


async def edge_now(database: Database, outbox: Path) -> Edge:
    """Count now. Raises Unavailable when the database is away."""
    async with database.read() as connection:
        counts = [
            (await connection.execute(select(func.count()).select_from(table))).scalar_one()
            for table in (alerts, cases, notices, challenges)
        ]
        states: dict[str, int] = dict(
            (await connection.execute(select(challenges.c.state, func.count()).group_by(challenges.c.state)))
            .tuples()
            .all()
        )
    return Edge(
        alerts=counts[0],
        cases=counts[1],
        notices=counts[2],
        mails=len(mails(outbox)),
        challenges=counts[3],
        passed=states.get("passed", 0),
        failed=states.get("failed", 0),
    )


async def edge_traces(database: Database, outbox: Path) -> list[int]:
    """How often each effect was carried out: rows per event (and template), mails per notice."""
    found: Counter[tuple[str, ...]] = Counter()
    async with database.read() as connection:
        for row in await connection.execute(select(alerts.c.account_id, alerts.c.event_id)):
            found["alert", *row] += 1
        entered = (
            select(cases.c.account_id, case_entries.c.event_id)
            .select_from(case_entries.join(cases))
            .where(case_entries.c.event_id.is_not(None))
        )
        for row in await connection.execute(entered):
            found["case", *row] += 1
        told = select(notices.c.account_id, notices.c.event_id, notices.c.template)
        for notice in await connection.execute(told):
            found["notice", *notice] += 1
    for mail in mails(outbox):
        found["mail", mail.name] += 1
    return list(found.values())


async def effects_missing(database: Database, effects: dict[str, set[str]]) -> int:
    """How many alerts, cases and notices that decisions asked for are not there (yet)."""
    async with database.read() as connection:
        raised = set((await connection.execute(select(alerts.c.effect_id))).scalars())
        entered = set((await connection.execute(select(case_entries.c.effect_id))).scalars())
        noticed = set((await connection.execute(select(notices.c.notice_id))).scalars())
    return (
        len(effects.get("raise_alert", set()) - raised)
        + len(effects.get("open_case", set()) - entered)
        + len(effects.get("notify", set()) - noticed)
    )


def mails(outbox: Path) -> list[Path]:
    """The mails delivered into the outbox folder."""
    return list(outbox.glob("*.eml")) if outbox.is_dir() else []


_REMEMBERED = 300_000
_LATENCIES = 200_000
_RECENT = 2_000


#: An event, by its account and its id.
EventName = tuple[str, str]


class Figures(Struct, frozen=True):
    """The ledger; latencies in milliseconds, 0 when nothing was measured.

    `undecided` events still wait for the worker; `lost` ones have no decision although it has read everything.
    """

    accepted: int
    decided: int
    undecided: int
    lost: int
    duplicate_effects: int
    effects_missing: int
    p50_ms: float
    p99_ms: float

    @property
    def clean(self) -> bool:
        """Everything decided, nothing lost, nothing double."""
        return not (self.undecided or self.lost or self.duplicate_effects or self.effects_missing)

    def line(self) -> str:
        """The last line of a demo."""
        return (
            f"ledger accepted={self.accepted} decided={self.decided} undecided={self.undecided} lost={self.lost} "
            f"duplicate_effects={self.duplicate_effects} p50_ms={self.p50_ms:.1f} p99_ms={self.p99_ms:.1f}"
        )


class Ledger:
    """Memory is bounded by what is under way, plus the last 300,000 decisions. Times are monotonic seconds."""

    def __init__(self) -> None:
        self.accepted = 0
        self.decided = 0
        self.conflicts = 0
        self.repeats = 0
        #: effect kinds and ids that decisions of this run asked for
        self.effects: dict[str, set[str]] = {}
        self._waiting: set[EventName] = set()
        self._early: set[EventName] = set()
        self._handed_over: dict[EventName, float] = {}
        self._seen: OrderedDict[EventName, int] = OrderedDict()
        self._latencies_s: deque[float] = deque(maxlen=_LATENCIES)
        self._actions: Counter[tuple[str, str, str]] = Counter()
        self._action_ids: set[str] = set()

    @property
    def waiting(self) -> int:
        """Accepted and not yet decided."""
        return len(self._waiting)

    def hand_over(self, event: EventName, at_s: float) -> None:
        """Start the clock of an event whose latency counts."""
        self._handed_over[event] = at_s

    def accept(self, event: EventName) -> None:
        """The broker or the API has it. An account's repeated event id is one event."""
        if event in self._early:
            self._early.discard(event)
            self.accepted += 1
            self.decided += 1
        elif event not in self._waiting and event not in self._seen:
            self.accepted += 1
            self._waiting.add(event)

    def refuse(self, event: EventName) -> None:
        """It was not accepted after all."""
        self._handed_over.pop(event, None)

    def decide(self, decision: Decision, record: bytes, at_s: float, ours: bool) -> bool:
        """A decision record was read; whether it is the first about its event. `ours` says whether we sent the event."""
        event = decision.account_id, decision.event_id
        before = self._seen.get(event)
        if before is not None:
            self.repeats += 1
            self.conflicts += before != hash(record)
            return False
        self._seen[event] = hash(record)
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        for effect in decision.effects:
            kind = str(effect.__struct_config__.tag)
            self.effects.setdefault(kind, set()).add(effect.effect_id)
        if event in self._waiting:
            self._waiting.discard(event)
            self.decided += 1
        elif ours:
            self._early.add(event)
        started_s = self._handed_over.pop(event, None)
        if started_s is not None:
            self._latencies_s.append(at_s - started_s)
        return True

    def act(self, action_id: str, kind: str, account_id: str, event_id: str) -> bool:
        """An action reached the wallet; whether it is new (a repeated id is dropped, as a wallet does)."""
        if action_id in self._action_ids:
            return False
        self._action_ids.add(action_id)
        self._actions[(kind, account_id, event_id)] += 1
        return True

    def latency_ms(self, share: float, recent: bool = False) -> float:
        """The latency that `share` of the measured events stay below, of all or of the last 2,000."""
        measured = list(self._latencies_s)[-_RECENT:] if recent else self._latencies_s
        ordered = sorted(measured)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)] * 1000 if ordered else 0.0

    def figures(self, traces: Iterable[int] = (), effects_missing: int = 0, behind: bool = False) -> Figures:
        """The ledger now. `traces` are how often each effect was found at the edge.

        `behind`: the worker has events left to read, so those without a decision are not lost.
        """
        doubled = sum(count - 1 for count in self._actions.values())
        doubled += sum(count - 1 for count in traces if count > 1)
        return Figures(
            accepted=self.accepted,
            decided=self.decided,
            undecided=len(self._waiting) if behind else 0,
            lost=0 if behind else len(self._waiting),
            duplicate_effects=self.conflicts + doubled,
            effects_missing=effects_missing,
            p50_ms=round(self.latency_ms(0.50), 3),
            p99_ms=round(self.latency_ms(0.99), 3),
        )
