"""Whatever comes in whatever batches, and once more: every TallyStore says of payees what days counted one by one say."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from contracts.payees import MAX_LABELS, PayeeCounts
from contracts.ports import PAYEE_FRAUD, PAYEE_NO_FRAUD, PAYEE_NONE, PAYEE_PAYMENT, Shard, TallyStore
from services.memory.in_process import InProcessTallyStore
from tests.contracts.conftest import Ports
from tests.contracts.cuts import CUTS, in_cuts, shared
from tests.contracts.test_payee_records import TODAY, Asked, asked, seen, told

_changes = st.lists(
    st.builds(
        asked,
        st.just(0),
        st.sampled_from([f"account-{number}" for number in range(5)]),
        st.sampled_from([PAYEE_PAYMENT] * 4 + [PAYEE_FRAUD, PAYEE_FRAUD, PAYEE_NO_FRAUD, PAYEE_NONE]),
        day=st.one_of(
            st.integers(TODAY, TODAY + 4),
            st.integers(TODAY - 60, TODAY + 60),
        ),
        hour=st.integers(0, 23),
        transaction=st.sampled_from([f"t{number}" for number in range(12)]),
        payee=st.sampled_from([b"a shop..", b"another."]),
    ),
    min_size=1,
    max_size=40,
)


def numbered(questions: list[Asked]) -> list[Asked]:
    """The questions at offsets of their own."""
    return [replace(each, offset=offset) for offset, each in enumerate(questions)]


async def told_in_cuts(store: TallyStore, questions: list[Asked], cuts: list[int]) -> list[PayeeCounts]:
    return await in_cuts(lambda batch: told(store, batch), questions, cuts)


async def record(store: TallyStore, offset: int) -> list[PayeeCounts]:
    """All that the record says, asked of many days and changing nothing."""
    return await told(
        store,
        [
            asked(offset + number, change=PAYEE_NONE, day=TODAY - 70 + number // 2, payee=payee)
            for number in range(280)
            for payee in [(b"a shop..", b"another.")[number % 2]]
        ],
        Shard(1, 9),
    )


@settings(shared, max_examples=40)
@given(questions=_changes, cuts=CUTS, recuts=CUTS, data=st.data())
async def test_any_cut_and_any_redelivery_leave_the_same_answers_and_the_same_record(
    ports: Ports, questions: list[Asked], cuts: list[int], recuts: list[int], data: st.DataObject
) -> None:
    store, questions = ports.tallies(), numbered(questions)
    first = await told_in_cuts(store, questions, cuts)
    kept = await record(store, 0)
    start = data.draw(st.integers(0, len(questions) - 1))

    assert await told_in_cuts(store, questions[start:], recuts) == first[start:]
    assert await record(store, 1000) == kept


@settings(shared, max_examples=40)
@given(questions=_changes, cuts=CUTS)
async def test_every_implementation_says_what_days_counted_one_by_one_say(
    ports: Ports, questions: list[Asked], cuts: list[int]
) -> None:
    store, counted = ports.tallies(), InProcessTallyStore()
    questions = numbered(questions)

    assert await told_in_cuts(store, questions, cuts) == await told(counted, questions)
    assert await record(store, 0) == await record(counted, 0)


@settings(shared, max_examples=40)
@given(count=st.integers(1, MAX_LABELS), repeats=st.integers(1, 3), cuts=CUTS)
async def test_labels_repeated_however_often_count_once(
    ports: Ports, count: int, repeats: int, cuts: list[int]
) -> None:
    store = ports.tallies()
    labels = [
        asked(0, change=PAYEE_FRAUD, day=TODAY + number % 3, transaction=f"t{number}")
        for number in range(count)
        for _ in range(repeats)
    ]
    await told_in_cuts(store, numbered(labels), cuts)

    assert (await seen(store, day=TODAY + 10))["frauds_7d"] == count


@pytest.mark.parametrize("accounts", [60, 66, 90, 200])
async def test_a_payee_of_more_accounts_than_are_counted_is_told_alike(ports: Ports, accounts: int) -> None:
    rng = Random(accounts)
    questions = [
        asked(
            offset,
            f"account-{rng.randrange(accounts)}",
            rng.choice([PAYEE_PAYMENT] * 60 + [PAYEE_FRAUD, PAYEE_NO_FRAUD]),
            day=TODAY + offset // 150 - rng.choice([0] * 20 + [1, 3]),
            transaction=f"t{rng.randrange(2000)}",
        )
        for offset in range(1500)
    ]

    assert await told(ports.tallies(), questions) == await told(InProcessTallyStore(), questions)
