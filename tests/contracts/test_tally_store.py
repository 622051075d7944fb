"""What every TallyStore holds to."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from contracts.ports import PayeeQuestions, Shard, TallyQuestions, TallyRequest, TallyStore
from services.memory.in_process import InProcessTallyStore
from tests.contracts.conftest import Ports
from tests.contracts.cuts import CUTS, in_cuts, shared

SHARD = Shard(1, 3)
OTHER = Shard(1, 4)


class Asked(Struct, frozen=True):
    """One question to a tally."""

    offset: int
    name: str
    key: str
    member: str
    at: float
    adds: bool
    most: int


def batch(questions: Sequence[Asked]) -> TallyRequest:
    """The questions of a batch, tally by tally."""
    tallies: dict[str, TallyQuestions] = {}
    for index, each in enumerate(questions):
        tally = tallies.setdefault(each.name, TallyQuestions(each.name, 600, each.most))
        tally.owners.append(index)
        tally.offsets.append(each.offset)
        tally.keys.append(each.key)
        tally.members.append(each.member)
        tally.ats.append(each.at)
        tally.adds.append(each.adds)
    return TallyRequest(list(tallies.values()), PayeeQuestions())


async def counted_in_shards(
    store: TallyStore, asked_of: Sequence[tuple[Shard, Sequence[Asked]]]
) -> list[list[int]]:
    """The answers in the order of the questions, shard by shard."""
    batches = [(shard, batch(questions)) for shard, questions in asked_of]
    answers = []
    for (_, questions), told in zip(batches, await store.observe(batches), strict=True):
        owners = [owner for tally in questions.tallies for owner in tally.owners]
        counts = [count for tally in told.tallies for count in tally]
        answers.append([count for _, count in sorted(zip(owners, counts, strict=True))])
    return answers


def asked(
    offset: int,
    member: str = "ann",
    *,
    key: str = "net",
    at: float = 6000.0,
    adds: bool = True,
    name: str = "logins",
    most: int = 0,
) -> Asked:
    return Asked(offset, name, key, member, at, adds, most)


async def counted(store: TallyStore, questions: Sequence[Asked], shard: Shard = SHARD) -> list[int]:
    """The answers to the questions of one shard."""
    [counts] = await counted_in_shards(store, [(shard, questions)])
    return counts


@pytest.fixture
def store(ports: Ports) -> TallyStore:
    return ports.tallies()


async def test_a_member_joins_before_it_is_counted(store: TallyStore) -> None:
    questions = [asked(1, "ann"), asked(2, "bo"), asked(3, "ann")]

    assert await counted(store, questions) == [1, 2, 2]


async def test_no_questions_no_answers(ports: Ports) -> None:
    assert await counted(ports.tallies(), []) == []
    assert await ports.tallies().observe([]) == []


async def test_a_question_that_does_not_add_only_counts(store: TallyStore) -> None:
    assert await counted(
        store, [asked(1, "ann", adds=False), asked(2, "bo"), asked(3, "cy", adds=False)]
    ) == [0, 1, 1]


@pytest.mark.parametrize("most", [0, 9], ids=["unbounded", "bounded"])
async def test_a_count_covers_the_bucket_and_the_one_before(ports: Ports, most: int) -> None:
    seen = [("ann", 600.0), ("bo", 1200.0), ("ann", 1799.9), ("cy", 1800.0), ("dee", 3000.0)]
    questions = [asked(number, member, at=at, most=most) for number, (member, at) in enumerate(seen)]

    assert await counted(ports.tallies(), questions) == [1, 2, 2, 3, 1]


async def test_a_late_member_counts_in_its_own_bucket_and_the_next(store: TallyStore) -> None:
    await counted(store, [asked(1, "ann", at=1200.0)])

    assert await counted(store, [asked(2, "bo", at=600.0), asked(3, "ann", at=1200.0)]) == [1, 2]


async def test_names_and_keys_are_counted_apart(store: TallyStore) -> None:
    questions = [asked(1), asked(1, "bo", name="payees"), asked(2, "cy", key="{other} net"), asked(3, "dee")]

    assert await counted(store, questions) == [1, 1, 1, 2]


async def test_a_bounded_count_stops_at_its_bound(store: TallyStore) -> None:
    questions = [asked(number, f"m{number}", name="few", most=5) for number in range(8)]

    assert await counted(store, questions) == [1, 2, 3, 4, 5, 5, 5, 5]


async def test_a_late_event_reads_the_newest_bounded_count(store: TallyStore) -> None:
    await counted(store, [asked(1, "ann", at=1800.0, name="few", most=9)])
    late = [asked(2, "bo", at=1200.0, name="few", most=9), asked(3, "cy", at=600.0, name="few", most=9)]

    assert await counted(store, late) == [2, 2]
    assert await counted(store, [asked(4, "dee", at=2400.0, name="few", most=9)]) == [2]


async def test_shards_are_asked_together_in_the_order_given(store: TallyStore) -> None:
    assert await counted_in_shards(
        store, [(OTHER, [asked(5, "ann"), asked(6, "bo")]), (Shard(1, 5), []), (SHARD, [asked(1, "cy")])]
    ) == [[1, 2], [], [3]]
    assert await counted_in_shards(store, [(SHARD, [asked(1, "cy")]), (OTHER, [asked(5, "ann")])]) == [
        [3],
        [1],
    ]


async def test_a_repeated_question_gets_its_first_answer_though_others_joined_since(
    store: TallyStore,
) -> None:
    questions = [asked(10, "ann"), asked(11, "bo"), asked(11, "bo", name="payees")]
    first = await counted(store, questions)
    await counted(store, [asked(1, "cy"), asked(2, "dee", name="payees")], OTHER)

    assert await counted(store, questions) == first == [1, 2, 1]


async def test_a_new_question_behind_repeated_ones_is_counted_now(store: TallyStore) -> None:
    await counted(store, [asked(10, "ann"), asked(11, "bo")])
    await counted(store, [asked(1, "cy")], OTHER)

    assert await counted(store, [asked(11, "bo"), asked(12, "dee")]) == [2, 4]
    assert await counted(store, [asked(12, "dee"), asked(13, "eve")]) == [4, 5]


async def test_answers_of_the_last_64_batches_are_kept_and_an_older_one_is_counted_anew_and_says_so(
    store: TallyStore,
) -> None:
    for offset in range(65):
        await counted(store, [asked(offset, f"m{offset}")])

    assert await counted(store, [asked(1, "m1"), asked(64, "m64")]) == [2, 65]
    assert await counted(store, [asked(0, "m0")]) == [-1 - 65]
    assert await counted(store, [asked(0, "m0"), asked(65, "m65")]) == [65, 66]


async def test_a_large_batch_is_answered_in_order(store: TallyStore) -> None:
    questions = [asked(offset, key=f"k{offset % 4000}", name=f"t{offset % 2}") for offset in range(12_000)]

    assert await counted(store, questions) == [1] * 12_000


_questions = st.lists(
    st.builds(
        asked,
        st.just(0),
        st.sampled_from([f"account-{number}" for number in range(6)]),
        key=st.sampled_from(["a", "b"]),
        at=st.floats(0.0, 1900.0),
        adds=st.booleans(),
        name=st.sampled_from(["logins", "payees"]),
        most=st.sampled_from([0, 0, 3]),
    ),
    min_size=1,
    max_size=25,
)


def numbered(questions: list[Asked]) -> list[Asked]:
    """The questions at offsets of their own, bounded ones of a tally of their own."""
    return [
        replace(each, offset=offset, name="few" if each.most else each.name)
        for offset, each in enumerate(questions)
    ]


async def answered(store: TallyStore, questions: list[Asked], cuts: list[int]) -> list[int]:
    return await in_cuts(lambda batch: counted(store, batch), questions, cuts)


@shared
@given(questions=_questions, cuts=CUTS, recuts=CUTS, data=st.data())
async def test_redelivery_in_any_cut_gets_the_same_answers(
    ports: Ports, questions: list[Asked], cuts: list[int], recuts: list[int], data: st.DataObject
) -> None:
    store, questions = ports.tallies(), numbered(questions)
    first = await answered(store, questions, cuts)
    await counted(
        store,
        [
            asked(0, "stranger", key=key, at=at, name=name)
            for key in "ab"
            for at in (0.0, 700.0, 1300.0)
            for name in ("logins", "payees")
        ]
        + [asked(0, "stranger", key=key, name="few", most=3) for key in "ab"],
        OTHER,
    )
    start = data.draw(st.integers(0, len(questions) - 1))

    assert await answered(store, questions[start:], recuts) == first[start:]


@shared
@given(questions=_questions, cuts=CUTS)
async def test_every_implementation_counts_as_exact_sets_do(
    ports: Ports, questions: list[Asked], cuts: list[int]
) -> None:
    questions = numbered(questions)

    assert await answered(ports.tallies(), questions, cuts) == await counted(InProcessTallyStore(), questions)
