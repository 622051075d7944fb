"""What a batch asks across accounts."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.events import Label, Transaction
from contracts.findings import PAYEE, TallyWanted
from contracts.payees import LABEL_DELAY_DAYS, LONGEST_DELAY_DAYS, NAMES
from contracts.ports import (
    PAYEE_FRAUD,
    PAYEE_NO_FRAUD,
    PAYEE_NONE,
    PAYEE_PAYMENT,
    PayeeQuestions,
    TallyQuestions,
    TallyRequest,
    TallyResponse,
)
from services.scoring.counting import TallyPlan

DAY = 20_000
AT_MS = DAY * 86_400_000 + 5_400_000
PAYERS = TallyWanted(
    name="payers", event_types=(Transaction,), key=lambda _: "all", adds=lambda _: True, bucket_s=600
)


SHOPPERS = TallyWanted(
    name="shoppers",
    event_types=(Transaction,),
    key=lambda event: None if event.payee_key is None else event.payee_key.hex(),  # type: ignore[union-attr]
    adds=lambda _: True,
    bucket_s=600,
)


def paid(**fields: Any) -> Transaction:
    known: dict[str, Any] = {
        "occurred_at": AT_MS,
        "amount": "5.00",
        "currency": "CNY",
        "payee_key": b"a shop..",
    }
    return Transaction(event_id="t1", account_id="ann", **{**known, **fields})


def labelled(**fields: Any) -> Label:
    known: dict[str, Any] = {"occurred_at": AT_MS, "verdict": "fraud", "payee_key": b"a shop.."}
    return Label(event_id="l1", account_id="ann", about_event_id="t1", **{**known, **fields})


def asked(event: Transaction | Label, *wanted: Any, **settings: int) -> TallyRequest:
    plan = TallyPlan(wanted or [PAYEE], **settings)
    questions = plan.nothing_asked()
    plan.ask(questions, [event], [7])
    return questions


def payees_asked(event: Transaction | Label, **settings: int) -> PayeeQuestions:
    return asked(event, **settings).payees


def test_a_transaction_asks_about_its_payee_in_whole_hours() -> None:
    assert payees_asked(paid()) == PayeeQuestions(
        LABEL_DELAY_DAYS, [0], [7], [b"a shop.."], ["ann"], ["t1"], [24 * DAY + 1], [PAYEE_PAYMENT]
    )


@pytest.mark.parametrize("fields", [{"status": "failed"}, {"kind": "refund"}])
def test_failed_payments_and_refunds_only_read(fields: dict[str, str]) -> None:
    assert payees_asked(paid(**fields)).changes == [PAYEE_NONE]


def test_no_payee_no_question() -> None:
    assert payees_asked(paid(payee_key=None)) == payees_asked(labelled(payee_key=None)) == PayeeQuestions()


def test_nothing_is_asked_about_payees_that_no_detector_wants() -> None:
    payers = TallyQuestions("payers", 600, 0, [0], [7], ["all"], ["ann"], [AT_MS / 1000], [True])

    assert asked(paid(), PAYERS) == TallyRequest([payers], PayeeQuestions())
    assert asked(labelled(), PAYERS) == TallyRequest([TallyQuestions("payers", 600)], PayeeQuestions())


def test_an_event_without_a_key_is_not_counted() -> None:
    plan = TallyPlan([SHOPPERS])
    questions = plan.nothing_asked()
    plan.ask(questions, [paid(payee_key=None), paid(), labelled(), paid()], [7, 8, 9, 12], 100)
    [shoppers] = questions.tallies

    assert (shoppers.owners, shoppers.offsets, len(shoppers.keys)) == ([101, 103], [8, 12], 2)


def test_a_label_lands_on_the_hour_of_what_it_is_about() -> None:
    payees = payees_asked(labelled(about_occurred_at=AT_MS - 10 * 86_400_000))

    assert (payees.transactions, payees.hours, payees.changes) == (
        ["t1"],
        [24 * (DAY - 10) + 1],
        [PAYEE_FRAUD],
    )


def test_a_label_that_does_not_say_when_is_taken_to_be_as_late_as_labels_are() -> None:
    payees = payees_asked(labelled(verdict="legitimate"))

    assert (payees.hours, payees.changes) == ([24 * (DAY - LABEL_DELAY_DAYS) + 1], [PAYEE_NO_FRAUD])


def test_a_label_is_never_about_what_comes_after_it() -> None:
    assert payees_asked(labelled(about_occurred_at=AT_MS + 10 * 86_400_000)).hours == [24 * DAY + 1]


def test_a_longer_delay_releases_later() -> None:
    assert payees_asked(paid(), label_delay_days=10).delay_days == 10


@pytest.mark.parametrize("days", [-1, LONGEST_DELAY_DAYS + 1])
def test_a_delay_that_no_record_reaches_back_over_is_refused(days: int) -> None:
    with pytest.raises(ValueError, match="label_delay_days"):
        TallyPlan([PAYEE], days)


def test_the_payee_s_counts_stand_beside_others_by_name() -> None:
    plan = TallyPlan([PAYEE, PAYERS])
    questions = plan.nothing_asked()
    plan.ask(questions, [paid()], [7])
    plan.ask(questions, [labelled(), paid()], [8, 9], 1)
    counts = (0, 1, 2, 3, 4, 5, 6, 7, 8)

    answers = plan.answers(3, questions, TallyResponse([[42, 43]], [counts, (0,) * 9, counts]))

    of_payee = dict(zip(NAMES, counts, strict=True))
    assert answers == [{**of_payee, "payers": 42}, {}, {**of_payee, "payers": 43}]
