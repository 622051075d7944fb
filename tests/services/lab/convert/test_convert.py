"""Public data sets become events: small files of the same shape, made here."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json

from contracts.errors import Malformed
from contracts.events import Label, Login, Transaction
from services.events.decode import decode_event
from services.lab.convert.sources import SOURCES, with_labels

ENTRA = (
    "ts,user,ok,ip,user_agent,request_type,status,error,app_id,os,browser,session_id\n"
    "2021-03-24T12:52:56,user01,0,192.0.2.5,Agent,Login,Success,50126,app,,,\n"
    "2021-03-24T12:54:05,user01,1,192.0.2.5,Agent,Login,Success,0,app,,,s1\n"
)
SSHD = (
    "ts,pid,ok,method,invalid_user,user,ip,port\n"
    "2015-Dec 10 06:55:48,1,0,password,1,webmaster,192.0.2.186,38926\n"
    "2015-Dec 10 09:32:20,2,1,password,0,fztu,192.0.2.1,49116\n"
)


def zipped(folder: Path, text: str) -> Path:
    file = folder / "data.csv.gz"
    file.write_bytes(gzip.compress(text.encode()))
    return file


def parquet(folder: Path, columns: dict[str, list[Any]]) -> Path:
    arrow = pytest.importorskip("pyarrow", reason="converting Parquet needs the extra `lab`")
    import pyarrow.parquet

    file = folder / "data.parquet"
    pyarrow.parquet.write_table(arrow.table(columns), file)
    return file


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2021-03-24T12:52:56", "2021-03-24T12:52:56"),
        ("2021-03-24T12:52:56Z", "2021-03-24T12:52:56"),
        ("2021-03-24T12:52:56+08:00", "2021-03-24T04:52:56"),
        ("2021-03-24T12:52:56.5-05:30", "2021-03-24T18:22:56.5"),
    ],
)
def test_a_utc_offset_is_kept(tmp_path: Path, written: str, utc: str) -> None:
    rows = "\ufeff" + ENTRA.replace("2021-03-24T12:52:56", written)
    first, _ = map(decode_event, SOURCES["entra"].lines(zipped(tmp_path, rows)))
    assert first.at == datetime.fromisoformat(f"{utc}+00:00").timestamp()


def test_an_entra_failure_keeps_its_reason_and_a_success_has_none(tmp_path: Path) -> None:
    failed, passed = map(decode_event, SOURCES["entra"].lines(zipped(tmp_path, ENTRA)))

    assert isinstance(failed, Login)
    assert isinstance(passed, Login)
    assert (failed.outcome, failed.reason) == ("failure", "50126")
    assert (passed.outcome, passed.reason, passed.session_id) == ("success", None, "s1")


def test_an_sshd_attempt_on_a_user_that_does_not_exist_is_a_failed_login_of_that_name(tmp_path: Path) -> None:
    first, last = map(decode_event, SOURCES["sshd"].lines(zipped(tmp_path, SSHD)))

    assert isinstance(first, Login)
    assert (first.account_id, first.outcome, first.reason) == ("webmaster", "failure", "invalid_user")
    assert last.at == 1_449_739_940.0


def handbook_file(folder: Path, frauds: list[int], hours: list[int]) -> Path:
    """One payment an entry, `hours` after midnight."""
    rows = len(frauds)
    midnight = datetime(2018, 4, 1, tzinfo=UTC)
    return parquet(
        folder,
        {
            "TRANSACTION_ID": list(range(7, 7 + rows)),
            "TX_DATETIME": [midnight + timedelta(hours=hour) for hour in hours],
            "CUSTOMER_ID": [596] * rows,
            "TERMINAL_ID": [3156] * rows,
            "TX_AMOUNT": [57.16] * rows,
            "TX_FRAUD": frauds,
            "TX_FRAUD_SCENARIO": [2 * fraud for fraud in frauds],
        },
    )


def test_handbook_rows_become_payments_to_the_terminal_with_their_label(tmp_path: Path) -> None:
    (line,) = SOURCES["handbook"].lines(handbook_file(tmp_path, [1], [0]))
    event = decode_event(line)

    assert isinstance(event, Transaction)
    assert (event.account_id, event.payee_id, event.amount) == ("customer-596", "terminal-3156", "57.16")
    assert json.decode(line)["label"] == {"fraud": True, "scenario": 2}


def test_a_fraud_is_told_as_a_chargeback_days_later_between_the_payments_of_that_time(tmp_path: Path) -> None:
    file = handbook_file(tmp_path, [1, 0, 0, 1], [0, 1, 25, 49])
    events = list(map(decode_event, SOURCES["handbook"].lines(file, label_delay_days=1)))

    assert [event.event_id for event in events] == ["hb-7", "hb-8", "lb-hb-7", "hb-9", "hb-10", "lb-hb-10"]
    label = events[2]
    assert isinstance(label, Label)
    assert (label.about_event_id, label.verdict, label.source) == ("hb-7", "fraud", "chargeback")
    assert (label.account_id, label.payee_id) == ("customer-596", "terminal-3156")
    assert label.at - events[0].at == 86_400.0
    assert getattr(label, "about_occurred_at", events[0].occurred_at) == events[0].occurred_at


def test_a_limit_counts_rows_and_not_the_labels_between_them(tmp_path: Path) -> None:
    file = handbook_file(tmp_path, [1, 1, 0], [0, 1, 2])
    steps: list[int] = []
    lines = list(SOURCES["handbook"].lines(file, 1, 2, steps.append))

    assert (len(lines), len(steps)) == (4, 2)


@given(st.lists(st.tuples(st.integers(0, 10**6), st.booleans())), st.floats(0.001, 0.01))
def test_events_with_labels_stay_in_time_order_and_none_is_lost(
    told: list[tuple[int, bool]], days: float
) -> None:
    rows = [
        {"event_id": str(number), "account_id": "a", "occurred_at": at, "label": {"fraud": fraud}}
        for number, (at, fraud) in enumerate(sorted(told))
    ]
    merged = list(with_labels(iter(rows), days))

    assert [row["occurred_at"] for row in merged] == sorted(row["occurred_at"] for row in merged)
    assert len(merged) == len(rows) + sum(fraud for _, fraud in told)
    assert [row for row in merged if "label" in row] == rows


PAYSIM = (
    "step,type,amount,nameOrig,oldbalanceOrg,newbalanceOrig,nameDest,oldbalanceDest,newbalanceDest,isFraud,isFlaggedFraud\n"
    "1,CASH_IN,120.5,C1,80.0,200.5,M1,0.0,0.0,0,0\n"
    "1,PAYMENT,20.25,C1,200.5,180.25,M2,0.0,0.0,0,0\n"
    "2,TRANSFER,180.25,C1,180.25,0.0,C2,0.0,180.25,1,0\n"
    "3,CASH_OUT,180.25,C2,180.25,0.0,C3,0.0,180.25,1,0\n"
    "3,DEBIT,1.0,C4,1.0,0.0,C5,0.0,1.0,0,0\n"
)


def paysim_file(folder: Path, packed: bool) -> Path:
    file = folder / "paysim.csv"
    file.write_bytes(gzip.compress(PAYSIM.encode()) if packed else PAYSIM.encode())
    return file


@pytest.mark.parametrize("packed", [True, False])
def test_paysim_types_become_kinds_with_the_balance_before(tmp_path: Path, packed: bool) -> None:
    events = list(map(decode_event, SOURCES["paysim"].lines(paysim_file(tmp_path, packed))))

    assert all(isinstance(event, Transaction) for event in events)
    assert [getattr(event, "kind", "") for event in events] == [
        "top_up",
        "payment",
        "transfer",
        "cash_out",
        "withdrawal",
    ]
    assert [getattr(event, "balance", "") for event in events][:3] == ["80.00", "200.50", "180.25"]
    assert [getattr(event, "payee_id", "") for event in events][:3] == ["M1", "M2", "C2"]


def test_paysim_rows_of_one_hour_keep_their_order_and_hours_their_distance(tmp_path: Path) -> None:
    cash_in, payment, transfer, *_ = map(decode_event, SOURCES["paysim"].lines(paysim_file(tmp_path, False)))

    assert payment.at - cash_in.at == pytest.approx(0.001, abs=1e-5)
    assert transfer.at - cash_in.at == 3600.0


def test_a_paysim_fraud_has_its_kind_for_scenario(tmp_path: Path) -> None:
    labels = [json.decode(line)["label"] for line in SOURCES["paysim"].lines(paysim_file(tmp_path, False))]

    assert labels[2:4] == [
        {"fraud": True, "scenario": "transfer"},
        {"fraud": True, "scenario": "cash_out"},
    ]


def test_paysim_without_its_balance_column_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "other.csv"
    file.write_text(PAYSIM.replace("oldbalanceOrg", "other"))

    with pytest.raises(Malformed, match="oldbalanceOrg"):
        list(SOURCES["paysim"].lines(file))


def test_sparkov_merchants_lose_the_prefix_that_looks_like_a_label(tmp_path: Path) -> None:
    file = parquet(
        tmp_path,
        {
            "ts": [datetime(2019, 1, 1, tzinfo=UTC)],
            "cust_id": [3],
            "category": ["travel"],
            "merchant": ["fraud_Harris Inc"],
            "amt": [75.9],
            "is_fraud": [0],
        },
    )
    (event,) = map(decode_event, SOURCES["sparkov"].lines(file))

    assert isinstance(event, Transaction)
    assert (event.payee_id, event.category) == ("Harris Inc", "travel")


def test_only_the_handbook_tells_of_its_frauds_unasked() -> None:
    assert {name for name, source in SOURCES.items() if source.label_delay_days} == {"handbook"}


def test_a_file_with_other_columns_is_refused_by_the_name_of_the_missing_one(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="session_id"):
        list(SOURCES["entra"].lines(zipped(tmp_path, "ts,user,ok,ip,user_agent,error\n")))


def test_a_file_that_is_not_gzip_is_refused(tmp_path: Path) -> None:
    plain = tmp_path / "plain.csv"
    plain.write_text(SSHD)

    with pytest.raises(Malformed, match="not a gzip file"):
        list(SOURCES["sshd"].lines(plain))


def test_rows_are_counted_without_converting_them(tmp_path: Path) -> None:
    assert SOURCES["sshd"].count(zipped(tmp_path, SSHD)) == 2
