"""The offline core without the second that building it takes: what is only read is shared, stores are new each time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Any

from contracts.decisions import Decision
from contracts.events import AnyEvent
from contracts.ports import Shard
from contracts.profile import Profile
from services.bootstrap.pipelines import offline_core
from services.memory.accounts import LiveAccounts
from services.memory.codec import unpack
from services.memory.in_process import InProcessProfileStore, InProcessTallyStore
from services.platform.settings import Settings
from services.replay.offline import Collected, OfflineCore, offline_records
from services.stream.components import Components
from services.stream.pipeline import Pipeline


class TallyResponse:
    """What a run answered: decisions by event id, their bytes as produced, and how many there were."""

    def __init__(self, decisions: Sequence[Decision], encoded: Sequence[bytes], core: OfflineCore) -> None:
        self.count = len(decisions)
        self.decisions = {made.event_id: made for made in decisions}
        self.encoded = {made.event_id: row for made, row in zip(decisions, encoded, strict=True)}
        self._core = core

    def actions(self) -> dict[str, str]:
        """The action on each event."""
        return {event_id: made.action for event_id, made in self.decisions.items()}

    def reasons(self, event_id: str) -> set[str]:
        """The reason codes found for an event."""
        return {finding.reason for finding in self.decisions[event_id].findings}

    def profile(self, account: str) -> Profile:
        """What is remembered of the account, its visit settled."""
        profile = unpack(self.stored(account)[1])
        profile.settle()
        return profile

    def stored(self, account: str) -> tuple[int, bytes]:
        """The account's memory as it is stored: the offset up to which it has learned, and the packed profile."""
        [[entry]] = asyncio.run(self._core.profiles.load([(Shard(1, 0), [account])]))
        assert entry is not None
        return entry


def answers(events: Sequence[AnyEvent], cuts: Sequence[int] = (), **others: Any) -> TallyResponse:
    """Decide events in the order given, cut into batches at these places, by the usual parts or `others`."""
    collected, profiles = Collected(), InProcessProfileStore()
    parts = replace(
        usual_parts(),
        memory=LiveAccounts(profiles, 100),
        **{"tallies": InProcessTallyStore(), "producer": collected, **others},
    )
    core = OfflineCore(Pipeline(parts), collected, profiles)
    records = offline_records(events)
    bounds = [0, *sorted(cuts), len(records)]
    decisions: list[Decision] = []
    encoded: list[bytes] = []

    async def work() -> None:
        for start, stop in pairwise(bounds):
            answered = await core.decide(records[start:stop])
            decisions.extend(answered.decisions)
            encoded.extend(answered.encoded)

    asyncio.run(work())
    return TallyResponse(decisions, encoded, core)


@cache
def usual_parts() -> Components:
    """A pipeline's parts offline, whose stores others have written to."""
    return offline_core(Settings())._pipeline.components
