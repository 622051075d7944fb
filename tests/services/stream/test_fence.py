"""A worker that was frozen notices, before it says anything, that another worker has decided its records meanwhile."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from contracts.errors import Fenced
from contracts.ports import PayeeQuestions, Shard, TallyQuestions, TallyRequest, TallyResponse
from contracts.profile import Profile
from services.memory.accounts import Account, LiveAccounts
from services.memory.codec import pack
from services.memory.in_process import InProcessProfileStore
from services.stream.fence import owned_counts
from services.stream.reading import Arrived

SHARD = Shard(1, 0)
ACCOUNTS = ("ann", "ben", "cai")
OFFSETS = (10, 11, 12)
NONE = (0, 0, 0, 0, 0, 0, 0, 0)


def told_before(count: int) -> int:
    """As a tally answers a question whose own answer is no longer kept: see `contracts.ports.TallyStore`."""
    return -1 - count


class Batch:
    """Three records in hand, each asking a tally and a payee; `learned` is what this worker's memory says of each."""

    def __init__(self, learned: Sequence[int] = (-1, -1, -1)) -> None:
        self.store = InProcessProfileStore()
        self.memory = LiveAccounts(self.store, 100)
        self.accounts = [Account(b"", offset) for offset in learned]
        owners, offsets, members = [0, 1, 2], list(OFFSETS), list(ACCOUNTS)
        tally = TallyQuestions("senders", 3600, owners=owners, offsets=offsets, members=members)
        payees = PayeeQuestions(owners=owners, offsets=offsets, members=members)
        self.arrived = Arrived(
            SHARD, [], [], list(OFFSETS), [], [], TallyRequest([tally], payees), OFFSETS[-1]
        )

    async def other_worker_learned(self, account: str = "ben", offset: int = OFFSETS[1]) -> None:
        assert await self.store.save([(SHARD, [(account, offset, pack(Profile()))])]) == [0]

    async def read(self, tally: Sequence[int], payees: Sequence[int]) -> TallyResponse:
        counted = TallyResponse([list(tally)], [(count, *NONE) for count in payees])
        [read] = await owned_counts(self.memory, [self.arrived], [self.accounts], [counted])
        return read


@pytest.fixture
def batch() -> Batch:
    return Batch()


FRESH = (1, 2, 3)
STALE_ONE = (1, told_before(2), 3)


@pytest.mark.parametrize("stale", [0, 1, 2])
async def test_of_several_records_one_that_another_worker_learned_is_enough_to_stop(
    batch: Batch, stale: int
) -> None:
    await batch.other_worker_learned(ACCOUNTS[stale], OFFSETS[stale])
    counts = [told_before(count) if index == stale else count for index, count in enumerate(FRESH)]

    with pytest.raises(Fenced, match="partition 0"):
        await batch.read(counts, FRESH)


async def test_counts_of_payees_alone_are_enough_to_stop(batch: Batch) -> None:
    await batch.other_worker_learned()

    with pytest.raises(Fenced):
        await batch.read(FRESH, STALE_ONE)


async def test_a_count_of_none_that_was_told_before_is_noticed_too(batch: Batch) -> None:
    await batch.other_worker_learned("ann", OFFSETS[0])

    with pytest.raises(Fenced):
        await batch.read((told_before(0), 2, 3), FRESH)


async def test_a_stale_count_of_a_record_that_was_learned_here_stops_nothing() -> None:
    batch = Batch(learned=(-1, OFFSETS[1], -1))
    await batch.other_worker_learned()

    assert await batch.read(STALE_ONE, STALE_ONE) == await batch.read(FRESH, FRESH)


async def test_another_worker_that_learned_less_stops_nothing(batch: Batch) -> None:
    await batch.other_worker_learned("ben", OFFSETS[1] - 1)

    assert (await batch.read(STALE_ONE, FRESH)).tallies == [[1, 2, 3]]


async def test_of_two_stale_records_of_an_account_the_earlier_one_is_asked_about(batch: Batch) -> None:
    batch.arrived.questions.tallies[0].members[2] = "ben"
    batch.arrived.questions.tallies[0].owners[2] = 1
    await batch.other_worker_learned()

    with pytest.raises(Fenced):
        await batch.read((1, told_before(2), told_before(3)), FRESH)


async def test_detectors_read_after_the_check_what_is_counted_now(batch: Batch) -> None:

    read = await batch.read((told_before(0), told_before(7), 3), (told_before(5), 2, told_before(0)))

    assert read.tallies == [[0, 7, 3]]
    assert read.payees == [(5, *NONE), (2, *NONE), (0, *NONE)]


@pytest.mark.parametrize("counts", [FRESH, (0, 0, 0)], ids=["some", "none"])
async def test_counts_that_were_answered_in_time_are_handed_on_without_a_look_at_them(
    batch: Batch, counts: tuple[int, ...]
) -> None:
    await batch.other_worker_learned("ann", OFFSETS[0])
    counted = TallyResponse([list(counts), []], [(count, *NONE) for count in counts])

    [read] = await owned_counts(batch.memory, [batch.arrived], [batch.accounts], [counted])

    assert read is counted


async def test_a_batch_that_asks_no_payee_and_no_tally_is_handed_on(batch: Batch) -> None:
    nothing = TallyResponse([], [])

    assert await owned_counts(batch.memory, [batch.arrived], [batch.accounts], [nothing]) == [nothing]


async def test_a_record_whose_own_count_is_new_is_not_asked_about(batch: Batch) -> None:
    await batch.other_worker_learned()

    read = await batch.read((told_before(2), 0, 3), FRESH)

    assert read.tallies == [[2, 0, 3]]


async def test_a_payee_s_count_alone_says_whether_its_question_was_told_before(batch: Batch) -> None:
    await batch.other_worker_learned()
    others = (5, 5, 5, 5, 5, 5, 5, 5)
    counted = TallyResponse([list(FRESH)], [(1, *others), (told_before(2), *others), (3, *others)])

    with pytest.raises(Fenced):
        await owned_counts(batch.memory, [batch.arrived], [batch.accounts], [counted])
