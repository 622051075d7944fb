"""Which counts across accounts a batch needs, as one list of questions in event order. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.events import AnyEvent
from contracts.findings import Tallies, TallyWanted
from contracts.ports import TallyQuery

NONE_ASKED: Tallies = {}


class TallyPlan:
    """The tallies that the detectors in use want, looked up by event type."""

    def __init__(self, wanted: Sequence[TallyWanted]) -> None:
        self._by_type: dict[type, list[TallyWanted]] = {}
        for tally in wanted:
            for event_type in tally.event_types:
                self._by_type.setdefault(event_type, []).append(tally)

    def questions(
        self, events: Sequence[AnyEvent], offsets: Sequence[int], first_index: int = 0
    ) -> tuple[list[TallyQuery], list[int]]:
        """The questions of events in their order, and for each the index of its event, counted from `first_index`."""
        queries: list[TallyQuery] = []
        owners: list[int] = []
        by_type = self._by_type
        for index, event in enumerate(events):
            kind = event.__class__
            if kind not in by_type:
                continue
            for tally in by_type[kind]:
                key = tally.key(event)
                if key is not None:
                    queries.append(
                        TallyQuery(
                            offsets[index],
                            tally.name,
                            key,
                            event.account_id,
                            event.at,
                            tally.bucket_s,
                            tally.adds(event),
                        )
                    )
                    owners.append(first_index + index)
        return queries, owners

    @staticmethod
    def answers(
        size: int, queries: Sequence[TallyQuery], owners: Sequence[int], counts: Sequence[int]
    ) -> list[Tallies]:
        """The counts each of `size` events may read; events with the same answer share one mapping."""
        answers: list[Tallies] = [NONE_ASKED] * size
        alone: dict[tuple[str, int], Tallies] = {}
        for query, owner, count in zip(queries, owners, counts, strict=True):
            name, known = query.name, answers[owner]
            if known:
                answers[owner] = {**known, name: count}
                continue
            shared = alone.get((name, count))
            if shared is None:
                shared = alone[name, count] = {name: count}
            answers[owner] = shared
        return answers
