"""Public data sets become events: small files of the same shape, made here."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec import json

from contracts.errors import Malformed
from contracts.events import Login, Transaction
from services.ingest.decode import decode_event
from services.lab.convert import SOURCES

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


def test_handbook_rows_become_payments_to_the_terminal_with_their_label(tmp_path: Path) -> None:
    file = parquet(
        tmp_path,
        {
            "TRANSACTION_ID": [7],
            "TX_DATETIME": [datetime(2018, 4, 1, 0, 0, 31, tzinfo=UTC)],
            "CUSTOMER_ID": [596],
            "TERMINAL_ID": [3156],
            "TX_AMOUNT": [57.16],
            "TX_FRAUD": [1],
            "TX_FRAUD_SCENARIO": [2],
        },
    )
    (line,) = SOURCES["handbook"].lines(file)
    event = decode_event(line)

    assert isinstance(event, Transaction)
    assert (event.account_id, event.payee_id, event.amount) == ("customer-596", "terminal-3156", "57.16")
    assert json.decode(line)["label"] == {"fraud": True, "scenario": 2}


def test_sparkov_merchants_lose_the_prefix_that_looks_like_a_label(tmp_path: Path) -> None:
    file = parquet(
        tmp_path,
        {
            "ts": [datetime(2019, 1, 1, tzinfo=UTC)],
            "cust_id": [3],
            "category": ["travel"],
            "merchant": ["fraud_Harris Inc"],
            "amt": [75.9],
            "merch_lat": [34.4],
            "merch_long": [-80.5],
            "is_fraud": [0],
        },
    )
    (event,) = map(decode_event, SOURCES["sparkov"].lines(file))

    assert isinstance(event, Transaction)
    assert event.payee_id == "Harris Inc"


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
