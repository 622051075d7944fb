"""What every TallyStore holds to about records of payees."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec import Struct
from msgspec.structs import astuple

from contracts.payees import KEPT_DAYS, MAX_ACCOUNTS, MAX_PAYMENTS, NAMES, PayeeCounts
from contracts.ports import (
    PAYEE_FRAUD,
    PAYEE_NO_FRAUD,
    PAYEE_NONE,
    PAYEE_PAYMENT,
    PayeeQuestions,
    Shard,
    TallyQuestions,
    TallyRequest,
    TallyStore,
)
from tests.contracts.conftest import Ports

SHARD, OTHER = Shard(1, 3), Shard(1, 4)
TODAY = 20_000
DELAY_DAYS = 7


class Asked(Struct, frozen=True):
    """One question to the record of a payee."""

    offset: int
    payee: bytes
    member: str
    transaction: str
    hour: int
    change: int


def batch(questions: Sequence[Asked]) -> PayeeQuestions:
    """The questions of a batch."""
    columns = [list(column) for column in zip(*map(astuple, questions), strict=True)]
    return PayeeQuestions(DELAY_DAYS, list(range(len(questions))), *columns)


def asked(
    offset: int,
    member: str = "ann",
    change: int = PAYEE_PAYMENT,
    *,
    day: int = TODAY,
    hour: int = 12,
    transaction: str | None = None,
    payee: bytes = b"a shop..",
) -> Asked:
    """A payment of its own on that day, unless told otherwise."""
    told = f"payment-{offset}" if transaction is None else transaction
    return Asked(offset, payee, member, told, 24 * day + hour, change)


def named(counts: PayeeCounts) -> dict[str, int]:
    """A payee's counts that are not zero, by name."""
    return {name.removeprefix("payee_"): count for name, count in zip(NAMES, counts, strict=True) if count}


async def told(store: TallyStore, questions: Sequence[Asked], shard: Shard = SHARD) -> list[PayeeCounts]:
    """The answers to the questions of one shard."""
    [answers] = await store.observe([(shard, TallyRequest([], batch(questions)))])
    return answers.payees


async def seen(store: TallyStore, offset: int = 9_000_000, day: int = TODAY) -> dict[str, int]:
    """What is known of the shop on a day, asked without changing it."""
    [answer] = await told(store, [asked(offset, change=PAYEE_NONE, day=day)])
    return named(answer)


@pytest.fixture
def store(ports: Ports) -> TallyStore:
    return ports.tallies()


async def test_a_payee_is_as_old_as_its_first_payment(store: TallyStore) -> None:
    first, later, next_day = await told(store, [asked(1), asked(2, hour=15), asked(3, day=TODAY + 1)])

    assert [named(each).get("age_h", 0) for each in (first, later, next_day)] == [0, 3, 24]


async def test_accounts_are_counted_once_over_today_and_yesterday(store: TallyStore) -> None:
    questions = [
        asked(1, "ann"),
        asked(2, "bo"),
        asked(3, "ann"),
        asked(4, "cy", day=TODAY + 1),
        asked(5, "bo", day=TODAY + 1),
        asked(6, "dee", day=TODAY + 2),
        asked(7, "eve", day=TODAY + 4),
    ]

    answers = await told(store, questions)

    assert [named(each)["accounts_2d"] for each in answers] == [1, 2, 2, 3, 3, 3, 1]


async def test_accounts_beyond_the_bound_are_not_counted(store: TallyStore) -> None:
    answers = await told(store, [asked(n, f"account-{n}") for n in range(MAX_ACCOUNTS + 9)])

    assert [named(each)["accounts_2d"] for each in answers[-10:]] == [MAX_ACCOUNTS] * 10


async def test_a_payment_is_counted_once_its_labels_are_out(store: TallyStore) -> None:
    await told(store, [asked(1), asked(2), asked(3, day=TODAY + 1)])

    assert await seen(store, day=TODAY + 7) == {"age_h": 168, "accounts_2d": 3 - 2}
    counts = await seen(store, 9_000_001, day=TODAY + 8)
    assert (counts["count_1d"], counts["count_7d"], counts["count_30d"]) == (2, 2, 2)
    counts = await seen(store, 9_000_002, day=TODAY + 9)
    assert (counts["count_1d"], counts["count_7d"], counts["count_30d"]) == (1, 3, 3)
    counts = await seen(store, 9_000_003, day=TODAY + 37)
    assert "count_7d" not in counts
    assert counts["count_30d"] == 3


async def test_a_late_label_lands_on_the_day_of_its_transaction(store: TallyStore) -> None:
    await told(store, [asked(n, day=TODAY + n) for n in range(20)])
    await told(store, [asked(30, "ann", PAYEE_FRAUD, day=TODAY + 3)])

    assert "frauds_7d" not in await seen(store, day=TODAY + 10)
    assert (await seen(store, 9_000_001, day=TODAY + 10))["frauds_new"] == 1
    assert (await seen(store, 9_000_002, day=TODAY + 11))["frauds_1d"] == 1
    counts = await seen(store, 9_000_003, day=TODAY + 17)
    assert (counts["frauds_7d"], counts["count_7d"]) == (1, 7)
    assert "frauds_new" not in counts


async def test_the_same_verdict_counts_once_and_may_be_taken_back(store: TallyStore) -> None:
    await told(store, [asked(1, transaction="t1")])

    def verdict(offset: int, change: int = PAYEE_FRAUD) -> Asked:
        return asked(offset, change=change, transaction="t1")

    await told(store, [verdict(2), verdict(3)])

    assert (await seen(store, 10, day=TODAY + 8))["frauds_7d"] == 1
    await told(store, [verdict(11, PAYEE_NO_FRAUD)])
    assert "frauds_7d" not in await seen(store, 12, day=TODAY + 8)
    await told(store, [verdict(13, PAYEE_NO_FRAUD), verdict(14)])
    assert (await seen(store, 15, day=TODAY + 8))["frauds_7d"] == 1


async def test_a_good_word_about_an_unlabelled_payment_changes_nothing(store: TallyStore) -> None:
    await told(store, [asked(1), asked(2, change=PAYEE_NO_FRAUD, transaction="payment-1")])

    assert await seen(store, day=TODAY + 8) == {
        "age_h": 192,
        "accounts_2d": 1,
        "count_1d": 1,
        "count_7d": 1,
        "count_30d": 1,
    }


async def test_a_label_about_a_payee_never_seen_is_kept(store: TallyStore) -> None:
    await told(store, [asked(1, change=PAYEE_FRAUD, transaction="t1")])

    assert await seen(store, day=TODAY + 8) == {"frauds_1d": 1, "frauds_7d": 1, "frauds_30d": 1}


async def test_a_payment_with_the_same_id_is_one_payment_among_the_latest(store: TallyStore) -> None:
    await told(store, [asked(n, transaction=f"t{n % MAX_PAYMENTS}") for n in range(3 * MAX_PAYMENTS)])

    assert (await seen(store, day=TODAY + 8))["count_1d"] == MAX_PAYMENTS


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("ann", "t1"), ("bo", "t1")),
        (("u-1", "23"), ("u-12", "3")),
        (("a", "b"), ("b", "a")),
        (("", "t1"), ("t1", "")),
        (("安", "t1"), ("邦", "t1")),
    ],
)
async def test_payments_of_two_accounts_are_two_whatever_their_event_ids(
    store: TallyStore, one: tuple[str, str], other: tuple[str, str]
) -> None:
    paid = [
        asked(number, account, transaction=event_id)
        for number, (account, event_id) in enumerate([one, other, one, other])
    ]
    await told(store, paid[:1])
    await told(store, paid[1:])

    counts = await seen(store, day=TODAY + 8)
    assert counts["count_1d"] == 2
    assert (await seen(store, 9_000_001))["accounts_2d"] == 2


async def test_verdicts_on_two_accounts_payments_of_one_event_id_are_two_each_taken_back_by_its_own_account(
    store: TallyStore,
) -> None:
    async def judged(change: int, first: int, *accounts: str) -> int:
        """Frauds known after these accounts' verdicts on a payment of that id."""
        numbered = enumerate(accounts, first)
        await told(store, [asked(n, account, change, transaction="t1") for n, account in numbered])
        return (await seen(store, first + 9, day=TODAY + 8))["frauds_1d"]

    assert await judged(PAYEE_FRAUD, 1, "ann", "bo", "ann") == 2
    assert await judged(PAYEE_NO_FRAUD, 11, "bo", "cy", "bo") == 1


async def test_a_payment_of_the_first_days_of_1970_is_like_any_other(store: TallyStore) -> None:
    answers = await told(store, [asked(1, day=0), asked(2, "bo", day=1)])

    assert [named(each) for each in answers] == [{"accounts_2d": 1}, {"age_h": 24, "accounts_2d": 2}]


async def test_payees_are_known_apart_and_accounts_of_all_partitions_together(store: TallyStore) -> None:
    await told(store, [asked(1, "ann"), asked(2, "bo", payee=b"another.")])
    [answer] = await told(store, [asked(1, "cy", transaction="of another partition")], OTHER)

    assert named(answer)["accounts_2d"] == 2


async def test_what_is_older_than_the_kept_days_is_forgotten(store: TallyStore) -> None:
    await told(store, [asked(1, day=TODAY), asked(2, day=TODAY + KEPT_DAYS)])
    await told(store, [asked(3, day=TODAY), asked(4, change=PAYEE_FRAUD, day=TODAY)])
    counts = await seen(store, day=TODAY + 8)

    assert set(counts) == {"age_h", "accounts_2d"}


async def test_counts_and_payees_are_asked_together(store: TallyStore) -> None:
    tally = TallyQuestions("logins", 600, 0, [0], [1], ["net"], ["ann"], [6000.0], [True])
    payees = batch([asked(1), asked(2, "bo")])
    [answers] = await store.observe([(SHARD, TallyRequest([tally], payees))])

    assert answers.tallies == [[1]]
    assert [named(each)["accounts_2d"] for each in answers.payees] == [1, 2]


async def test_a_repeat_is_answered_as_before_and_one_too_old_changes_nothing_and_says_so(
    store: TallyStore,
) -> None:
    [first] = await told(store, [asked(0, transaction="t0")])
    await told(store, [asked(0, "cy", transaction="elsewhere")], OTHER)
    assert await told(store, [asked(0, transaction="t0")]) == [first]
    for offset in range(1, 65):
        await told(store, [asked(offset, f"m{offset}")])
    before = await seen(store, 70, day=TODAY + 8)
    [answer] = await told(store, [asked(1, "somebody else", transaction="t9", hour=13)])

    assert answer[0] == -1 - 1
    assert await seen(store, 71, day=TODAY + 8) == before
