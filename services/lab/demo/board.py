"""What the live page shows, gathered in one place while a demo or `payguard up` runs."""

from __future__ import annotations

import time
from collections import Counter, deque

from msgspec import Struct

from contracts.decisions import Decision
from services.lab.demo.ledger import Edge
from services.lab.summarise.summary import StoryStep

_WINDOW_S = 3.0
_ALLOWED_EVERY_S = 3.0


class Shown(Struct, frozen=True):
    """One decision as a line of the page."""

    clock: str
    account_id: str
    type: str
    action: str
    score: int
    #: the headline, and the reasons, the weightiest first
    words: tuple[str, ...]


class Meter:
    """Events a second over the last three seconds, or `window_s`; `at_s` is monotonic."""

    def __init__(self, window_s: float = _WINDOW_S) -> None:
        self._window_s = window_s
        self._buckets: deque[tuple[float, int]] = deque()
        self.total = 0

    def add(self, count: int, at_s: float) -> None:
        """Count some now."""
        self.total += count
        if self._buckets and at_s - self._buckets[-1][0] < 0.1:
            self._buckets[-1] = (self._buckets[-1][0], self._buckets[-1][1] + count)
        else:
            self._buckets.append((at_s, count))

    def rate(self, at_s: float) -> float:
        """Events a second, as of `at_s`."""
        while self._buckets and self._buckets[0][0] < at_s - self._window_s:
            self._buckets.popleft()
        return sum(count for _, count in self._buckets) / self._window_s


class Board:
    """Everything on the page; plain attributes, written by the demo and read by the terminal."""

    def __init__(self) -> None:
        self.started_s = time.monotonic()
        self.phase = "starting"
        #: monotonic; None until the past is learned and live play begins
        self.live_since_s: float | None = None
        self._allowed_at = 0.0
        self.events = Meter()
        self.decisions = Meter()
        #: of live play alone
        self.last_minute = Meter(60.0)
        self.actions: Counter[str] = Counter()
        self.recent: deque[Shown] = deque(maxlen=40)
        self.steps: list[StoryStep] = []
        self.edge = Edge()
        self.wallet: Counter[str] = Counter()
        #: None while nothing was measured
        self.p50_ms: float | None = None
        self.p95_ms: float | None = None
        self.p99_ms: float | None = None
        #: of the demonstration's own page; empty where there is none
        self.address = ""
        #: the line that says how the demonstration's agent signs in; empty where there is none
        self.agent = ""
        self.links: list[tuple[str, str]] = []
        self.notes: deque[str] = deque(maxlen=3)

    def note(self, decision: Decision, words: list[str], now: float) -> None:
        """Count a decision, and remember one worth a line: whatever is not simply allowed, and now and then what is.

        `now` is epoch seconds. What people did before live play began is counted alone: it did not happen now.
        """
        self.actions[decision.action] += 1
        if self.live_since_s is None:
            return
        if decision.action == "allow":
            if not decision.findings or now - self._allowed_at < _ALLOWED_EVERY_S:
                return
            self._allowed_at = now
        clock = time.strftime("%H:%M:%S", time.localtime(now))
        line = Shown(clock, decision.account_id, decision.type, decision.action, decision.score, tuple(words))
        last = self.recent[-1] if self.recent else None
        if last is not None and (last.account_id, last.action) == (line.account_id, line.action):
            self.recent.pop()  # a burst is one line, its latest
        self.recent.append(line)

    def telling_steps(self) -> list[StoryStep]:
        """One step a story: one that went wrong if any, else the one with the highest score."""
        telling: dict[str, StoryStep] = {}
        for step in self.steps:
            kept = telling.get(step.story)
            if kept is None or (not step.met, step.score) > (not kept.met, kept.score):
                telling[step.story] = step
        return list(telling.values())

    @property
    def running_s(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started_s

    def go_live(self) -> None:
        """Live play begins now."""
        self.phase = "live"
        self.live_since_s = time.monotonic()

    @property
    def live_s(self) -> float:
        """Seconds of live play so far."""
        return 0.0 if self.live_since_s is None else time.monotonic() - self.live_since_s
