"""What is promised of counts that cross accounts: they leave no trace in memory unless a decision says what they were."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from contracts.payees import NAMES
from contracts.ports import Shard, TallyRequest, TallyResponse
from detectors import discover
from detectors.password_spray import SPEC as SPRAY
from services.memory.in_process import InProcessTallyStore
from services.platform.settings import Settings
from services.scoring.runner import Runner
from tests.promises.pipelines import answers, usual_parts
from tests.stories.tale import Tale, broadband

NEIGHBOURS = 40
OWNER = "owner"


def a_crowd_mistypes() -> tuple[Tale, str]:
    """Forty accounts fail on one provider's lines, then somebody fails who is at home there; the id of that login.

    That many wake the detector of sprays, and are too few for it to say anything of a home.
    """
    tale = Tale()
    owner = tale.account(OWNER).lives(days=6)
    neighbours = [tale.account(f"neighbour-{number}", number=number + 2) for number in range(NEIGHBOURS)]
    tale.on(7, "12:00")
    for _ in range(3):
        owner.logs_in()
    for number, neighbour in enumerate(neighbours):
        neighbour.fails_to_log_in(neighbour.owner.over(broadband("Shanghai", number + 2)))
    return tale, owner.fails_to_log_in()


class Alone:
    """Counts as they are where nobody else is."""

    async def observe(self, asked: Sequence[tuple[Shard, TallyRequest]]) -> list[TallyResponse]:
        """Zeros."""
        return [
            TallyResponse(
                [[0] * len(each.offsets) for each in questions.tallies],
                [(0,) * len(NAMES) for _ in questions.payees.offsets],  # type: ignore[misc]
            )
            for _, questions in asked
        ]


class Heard(InProcessTallyStore):
    """Counts as they are, and the highest that was told."""

    highest = 0

    async def observe(self, asked: Sequence[tuple[Shard, TallyRequest]]) -> list[TallyResponse]:
        """See `contracts.ports.TallyStore.observe`."""
        told = await super().observe(asked)
        for each in told:
            self.highest = max([self.highest, *(max(counts) for counts in each.tallies if counts)])
        return told


def test_a_count_that_gave_no_finding_leaves_memory_as_if_nobody_had_counted() -> None:
    tale, last = a_crowd_mistypes()
    heard = Heard()

    among_many, alone = answers(tale._events, tallies=heard), answers(tale._events, tallies=Alone())

    assert heard.highest > NEIGHBOURS
    assert among_many.decisions[last].tallies is None
    assert among_many.encoded[last] == alone.encoded[last]
    assert among_many.stored(OWNER) == alone.stored(OWNER)


def test_a_decision_without_a_detector_that_failed_on_a_count_says_the_count() -> None:
    """Where nobody had counted, the detector would not have been asked, and could not have failed."""
    tale, last = a_crowd_mistypes()

    def broken(*_: object) -> None:
        raise RuntimeError("this detector is broken")

    detectors = [
        dataclasses.replace(each, observe=broken) if each.spec.name == SPRAY.name else each
        for each in discover()
    ]
    runner = Runner(detectors, usual_parts().runner.policy, Settings().allowed_lateness_s)
    decision = answers(tale._events, runner=runner).decisions[last]

    assert (SPRAY.name,) == decision.degraded
    assert SPRAY.tally is not None
    assert decision.tallies is not None
    assert decision.tallies[SPRAY.tally.name] > NEIGHBOURS
