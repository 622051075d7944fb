"""What a batch asks across accounts."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.events import Label, Transaction
from contracts.findings import PAYEE, TallyWanted
from contracts.payees import LABEL_DELAY_DAYS, LONGEST_DELAY_DAYS, NAMES
from contracts.ports import PAYEE_FRAUD, PAYEE_NO_FRAUD, PAYEE_NONE, PAYEE_PAYMENT, PayeeQuery, TallyQuery
from services.scoring.counting import TallyPlan

DAY = 20_000
AT_MS = DAY * 86_400_000 + 5_400_000
PAYERS = TallyWanted(
    name="payers", event_types=(Transaction,), key=lambda _: "all", adds=lambda _: True, bucket_s=600
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


def asked(event: Transaction | Label, *wanted: Any, **settings: int) -> list[Any]:
    queries, _ = TallyPlan(wanted or [PAYEE], **settings).questions([event], [7])
    return list(queries)


def test_a_transaction_asks_about_its_payee_in_whole_hours() -> None:
    [query] = asked(paid())

    assert query == PayeeQuery(7, b"a shop..", "ann", "t1", 24 * DAY + 1, DAY - 8, PAYEE_PAYMENT)


@pytest.mark.parametrize("fields", [{"status": "failed"}, {"kind": "refund"}])
def test_failed_payments_and_refunds_only_read(fields: dict[str, str]) -> None:
    [query] = asked(paid(**fields))

    assert query.change == PAYEE_NONE


def test_no_payee_no_question() -> None:
    assert asked(paid(payee_key=None)) == []
    assert asked(labelled(payee_key=None)) == []


def test_nothing_is_asked_about_payees_that_no_detector_wants() -> None:
    assert [type(query) for query in asked(paid(), PAYERS)] == [TallyQuery]
    assert asked(labelled(), PAYERS) == []


def test_a_label_lands_on_the_hour_of_what_it_is_about() -> None:
    [query] = asked(labelled(about_occurred_at=AT_MS - 10 * 86_400_000))

    assert (query.transaction, query.hour, query.change) == ("t1", 24 * (DAY - 10) + 1, PAYEE_FRAUD)


def test_a_label_that_does_not_say_when_is_taken_to_be_as_late_as_labels_are() -> None:
    [query] = asked(labelled(verdict="legitimate"))

    assert (query.hour, query.change) == (24 * (DAY - LABEL_DELAY_DAYS) + 1, PAYEE_NO_FRAUD)


def test_a_label_is_never_about_what_comes_after_it() -> None:
    [query] = asked(labelled(about_occurred_at=AT_MS + 10 * 86_400_000))

    assert query.hour == 24 * DAY + 1


def test_a_longer_delay_releases_later() -> None:
    [query] = asked(paid(), label_delay_days=10)

    assert query.until_day == DAY - 11


@pytest.mark.parametrize("days", [-1, LONGEST_DELAY_DAYS + 1])
def test_a_delay_that_no_record_reaches_back_over_is_refused(days: int) -> None:
    with pytest.raises(ValueError, match="label_delay_days"):
        TallyPlan([PAYEE], days)


def test_the_payee_s_counts_stand_beside_others_by_name() -> None:
    plan = TallyPlan([PAYEE, PAYERS])
    queries, owners = plan.questions([paid(), labelled()], [7, 8])
    counts = (0, 1, 2, 3, 4, 5, 6, 7, 8)

    answers = plan.answers(2, queries, owners, [counts, 42, (0,) * 9])

    assert answers == [{**dict(zip(NAMES, counts, strict=True)), "payers": 42}, {}]
