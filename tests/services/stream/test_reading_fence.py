"""An event at which enrichment fails is a dead letter; the others of its chunk are decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from contracts.events import AnyEvent, Login, to_wire
from services.bootstrap.pipelines import offline_core
from services.platform.settings import Settings
from services.replay.offline import OfflineRecord
from services.stream.components import Enrichment
from services.stream.reading import read

START_MS = 1_790_000_000_000


class FailsAt:
    """Enrichment as ever, but for some events."""

    def __init__(self, inner: Enrichment, event_ids: set[str]) -> None:
        self._inner, self._event_ids = inner, event_ids

    def enrich(self, events: Sequence[AnyEvent]) -> list[tuple[str, ...]]:
        for event in events:
            if event.event_id in self._event_ids:
                raise ZeroDivisionError
        return self._inner.enrich(events)


def records(count: int) -> list[OfflineRecord]:
    return [
        OfflineRecord(
            b"a",
            to_wire(
                Login(
                    event_id=f"e{number}",
                    account_id="a",
                    occurred_at=START_MS + number,
                    outcome="failure",
                    ip="192.0.2.1",
                )
            ),
            number,
            START_MS - 10**9 if number == 3 else START_MS + number,
        )
        for number in range(count)
    ]


async def test_only_the_event_at_fault_is_a_dead_letter() -> None:
    parts = offline_core(Settings())._pipeline.components
    failing = {"e0", "e2", "e100", "e199"}
    brittle = replace(parts, enricher=FailsAt(parts.enricher, failing))

    arrived = await read(0, records(200), brittle)

    assert [f"e{letter.record.offset}" for letter in arrived.dead] == sorted(
        failing, key=lambda name: int(name[1:])
    )
    assert {letter.error.reason for letter in arrived.dead} == {"unreadable"}
    assert [record.offset for record in arrived.records] == arrived.offsets
    assert [event.event_id for event in arrived.events] == [f"e{offset}" for offset in arrived.offsets]
    assert len(arrived.events) == len(arrived.states) == 196
    assert [
        offset for offset, states in zip(arrived.offsets, arrived.states, strict=True) if "clamped" in states
    ] == [3]


async def test_no_question_is_asked_twice_or_of_a_dead_letter() -> None:
    parts = offline_core(Settings())._pipeline.components
    brittle = replace(parts, enricher=FailsAt(parts.enricher, {"e2"}))
    sound = [record for record in records(70) if record.offset != 2]

    told, wanted = await read(0, records(70), brittle), await read(0, sound, parts)

    assert told.questions == wanted.questions
