"""What every TallyStore holds to about records of payees."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.payees import KEPT_DAYS, MAX_ACCOUNTS, MAX_LABELS, MAX_PAYMENTS, NAMES
from contracts.ports import (
    PAYEE_FRAUD,
    PAYEE_NO_FRAUD,
    PAYEE_NONE,
    PAYEE_PAYMENT,
    Count,
    PayeeQuery,
    Shard,
    TallyQuery,
    TallyStore,
)
from services.memory.in_process import InProcessTallyStore
from tests.contracts.conftest import Ports

SHARD, OTHER = Shard(1, 3), Shard(1, 4)
TODAY = 20_000
DELAY_DAYS = 7
_shared = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def asked(
    offset: int,
    member: str = "ann",
    change: int = PAYEE_PAYMENT,
    *,
    day: int = TODAY,
    hour: int = 12,
    transaction: str | None = None,
    payee: bytes = b"a shop..",
) -> PayeeQuery:
    """A payment of its own on that day, unless told otherwise."""
    told = f"payment-{offset}" if transaction is None else transaction
    return PayeeQuery(offset, payee, member, told, 24 * day + hour, day - DELAY_DAYS - 1, change)


def named(counts: Count) -> dict[str, int]:
    """A payee's counts that are not zero, by name."""
    assert isinstance(counts, tuple)
    return {name.removeprefix("payee_"): count for name, count in zip(NAMES, counts, strict=True) if count}


async def told(store: TallyStore, questions: Sequence[PayeeQuery], shard: Shard = SHARD) -> list[Count]:
    """The answers to the questions of one shard."""
    [answers] = await store.observe([(shard, questions)])
    return answers


async def seen(store: TallyStore, offset: int = 9_000_000, day: int = TODAY) -> dict[str, int]:
    """What is known of the shop on a day, asked without changing it."""
    [answer] = await told(store, [asked(offset, change=PAYEE_NONE, day=day)])
    return named(answer)


async def test_a_payee_is_as_old_as_its_first_payment(ports: Ports) -> None:
    first, later, next_day = await told(
        ports.tallies(), [asked(1), asked(2, hour=15), asked(3, day=TODAY + 1)]
    )

    assert [named(each).get("age_h", 0) for each in (first, later, next_day)] == [0, 3, 24]


async def test_accounts_are_counted_once_over_today_and_yesterday(ports: Ports) -> None:
    questions = [
        asked(1, "ann"),
        asked(2, "bo"),
        asked(3, "ann"),
        asked(4, "cy", day=TODAY + 1),
        asked(5, "bo", day=TODAY + 1),
        asked(6, "dee", day=TODAY + 2),
        asked(7, "eve", day=TODAY + 4),
    ]

    answers = await told(ports.tallies(), questions)

    assert [named(each)["accounts_2d"] for each in answers] == [1, 2, 2, 3, 3, 3, 1]


async def test_accounts_beyond_the_bound_are_not_counted(ports: Ports) -> None:
    answers = await told(ports.tallies(), [asked(n, f"account-{n}") for n in range(MAX_ACCOUNTS + 9)])

    assert [named(each)["accounts_2d"] for each in answers[-10:]] == [MAX_ACCOUNTS] * 10


async def test_a_payment_is_counted_once_its_labels_are_out(ports: Ports) -> None:
    store = ports.tallies()
    await told(store, [asked(1), asked(2), asked(3, day=TODAY + 1)])

    assert await seen(store, day=TODAY + 7) == {"age_h": 168, "accounts_2d": 3 - 2}
    counts = await seen(store, 9_000_001, day=TODAY + 8)
    assert (counts["count_1d"], counts["count_7d"], counts["count_30d"]) == (2, 2, 2)
    counts = await seen(store, 9_000_002, day=TODAY + 9)
    assert (counts["count_1d"], counts["count_7d"], counts["count_30d"]) == (1, 3, 3)
    counts = await seen(store, 9_000_003, day=TODAY + 37)
    assert "count_7d" not in counts
    assert counts["count_30d"] == 3


async def test_a_late_label_lands_on_the_day_of_its_transaction(ports: Ports) -> None:
    store = ports.tallies()
    await told(store, [asked(n, day=TODAY + n) for n in range(20)])
    await told(store, [asked(30, "ann", PAYEE_FRAUD, day=TODAY + 3)])

    assert "frauds_7d" not in await seen(store, day=TODAY + 10)
    assert (await seen(store, 9_000_001, day=TODAY + 10))["frauds_new"] == 1
    assert (await seen(store, 9_000_002, day=TODAY + 11))["frauds_1d"] == 1
    counts = await seen(store, 9_000_003, day=TODAY + 17)
    assert (counts["frauds_7d"], counts["count_7d"]) == (1, 7)
    assert "frauds_new" not in counts


async def test_the_same_verdict_counts_once_and_may_be_taken_back(ports: Ports) -> None:
    store = ports.tallies()
    await told(store, [asked(1, transaction="t1")])

    def verdict(offset: int, change: int = PAYEE_FRAUD) -> PayeeQuery:
        return asked(offset, change=change, transaction="t1")

    await told(store, [verdict(2), verdict(3)])

    assert (await seen(store, 10, day=TODAY + 8))["frauds_7d"] == 1
    await told(store, [verdict(11, PAYEE_NO_FRAUD)])
    assert "frauds_7d" not in await seen(store, 12, day=TODAY + 8)
    await told(store, [verdict(13, PAYEE_NO_FRAUD), verdict(14)])
    assert (await seen(store, 15, day=TODAY + 8))["frauds_7d"] == 1


async def test_a_good_word_about_an_unlabelled_payment_changes_nothing(ports: Ports) -> None:
    store = ports.tallies()
    await told(store, [asked(1), asked(2, change=PAYEE_NO_FRAUD, transaction="payment-1")])

    assert await seen(store, day=TODAY + 8) == {
        "age_h": 192,
        "accounts_2d": 1,
        "count_1d": 1,
        "count_7d": 1,
        "count_30d": 1,
    }


async def test_a_label_about_a_payee_never_seen_is_kept(ports: Ports) -> None:
    store = ports.tallies()
    await told(store, [asked(1, change=PAYEE_FRAUD, transaction="t1")])

    assert await seen(store, day=TODAY + 8) == {"frauds_1d": 1, "frauds_7d": 1, "frauds_30d": 1}


async def test_a_payment_with_the_same_id_is_one_payment_among_the_latest(ports: Ports) -> None:
    store = ports.tallies()
    await told(store, [asked(n, transaction=f"t{n % MAX_PAYMENTS}") for n in range(3 * MAX_PAYMENTS)])

    assert (await seen(store, day=TODAY + 8))["count_1d"] == MAX_PAYMENTS


async def test_payees_are_known_apart_and_accounts_of_all_partitions_together(ports: Ports) -> None:
    store = ports.tallies()
    await told(store, [asked(1, "ann"), asked(2, "bo", payee=b"another.")])
    [answer] = await told(store, [asked(1, "cy", transaction="of another partition")], OTHER)

    assert named(answer)["accounts_2d"] == 2


async def test_what_is_older_than_the_kept_days_is_forgotten(ports: Ports) -> None:
    store = ports.tallies()
    await told(store, [asked(1, day=TODAY), asked(2, day=TODAY + KEPT_DAYS)])
    await told(store, [asked(3, day=TODAY), asked(4, change=PAYEE_FRAUD, day=TODAY)])
    counts = await seen(store, day=TODAY + 8)

    assert set(counts) == {"age_h", "accounts_2d"}


async def test_counts_and_payees_are_asked_together_in_any_order(ports: Ports) -> None:
    store = ports.tallies()
    tally = TallyQuery(1, "logins", "net", "ann", 6000.0, 600, True)
    [answers] = await store.observe([(SHARD, [asked(1), tally, asked(2, "bo")])])

    assert answers[1] == 1
    assert [named(answers[n])["accounts_2d"] for n in (0, 2)] == [1, 2]


async def test_a_repeat_is_answered_as_before_and_one_too_old_changes_nothing_and_says_so(
    ports: Ports,
) -> None:
    store = ports.tallies()
    [first] = await told(store, [asked(0, transaction="t0")])
    await told(store, [asked(0, "cy", transaction="elsewhere")], OTHER)
    assert await told(store, [asked(0, transaction="t0")]) == [first]
    for offset in range(1, 65):
        await told(store, [asked(offset, f"m{offset}")])
    before = await seen(store, 70, day=TODAY + 8)
    [answer] = await told(store, [asked(1, "somebody else", transaction="t9", hour=13)])

    assert isinstance(answer, tuple)
    assert answer[0] == -1 - 1
    assert await seen(store, 71, day=TODAY + 8) == before


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
_cuts = st.lists(st.integers(1, 9), min_size=1, max_size=6)


def numbered(questions: list[PayeeQuery]) -> list[PayeeQuery]:
    """The questions at offsets of their own."""
    return [
        PayeeQuery(offset, each.payee, each.member, each.transaction, each.hour, each.until_day, each.change)
        for offset, each in enumerate(questions)
    ]


async def in_cuts(store: TallyStore, questions: list[PayeeQuery], cuts: list[int]) -> list[Count]:
    """All answers, asked in batches of the lengths in `cuts`, over and over."""
    answers: list[Count] = []
    turn = 0
    while len(answers) < len(questions):
        answers += await told(store, questions[len(answers) : len(answers) + cuts[turn % len(cuts)]])
        turn += 1
    return answers


async def record(store: TallyStore, offset: int) -> list[Count]:
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


@_shared
@given(questions=_changes, cuts=_cuts, recuts=_cuts, data=st.data())
async def test_any_cut_and_any_redelivery_leave_the_same_answers_and_the_same_record(
    ports: Ports, questions: list[PayeeQuery], cuts: list[int], recuts: list[int], data: st.DataObject
) -> None:
    store, questions = ports.tallies(), numbered(questions)
    first = await in_cuts(store, questions, cuts)
    kept = await record(store, 0)
    start = data.draw(st.integers(0, len(questions) - 1))

    assert await in_cuts(store, questions[start:], recuts) == first[start:]
    assert await record(store, 1000) == kept


@_shared
@given(questions=_changes, cuts=_cuts)
async def test_every_implementation_says_what_days_counted_one_by_one_say(
    ports: Ports, questions: list[PayeeQuery], cuts: list[int]
) -> None:
    store, counted = ports.tallies(), InProcessTallyStore()
    questions = numbered(questions)

    assert await in_cuts(store, questions, cuts) == await told(counted, questions)
    assert await record(store, 0) == await record(counted, 0)


@_shared
@given(count=st.integers(1, MAX_LABELS), repeats=st.integers(1, 3), cuts=_cuts)
async def test_labels_repeated_however_often_count_once(
    ports: Ports, count: int, repeats: int, cuts: list[int]
) -> None:
    store = ports.tallies()
    labels = [
        asked(0, change=PAYEE_FRAUD, day=TODAY + number % 3, transaction=f"t{number}")
        for number in range(count)
        for _ in range(repeats)
    ]
    await in_cuts(store, numbered(labels), cuts)

    assert (await seen(store, day=TODAY + 10))["frauds_7d"] == count
