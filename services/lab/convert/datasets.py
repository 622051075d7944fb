"""Rows of public data sets as events: sign-ins of Entra ID, attempts on OpenSSH, payments of the Handbook, Sparkov and PaySim."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import count, groupby
from pathlib import Path
from typing import Any, NamedTuple

from contracts.errors import Malformed

_BATCH_ROWS = 20_000
_GZIP_MAGIC = b"\x1f\x8b"
NO_PYARROW = "reading Parquet needs pyarrow: pip install 'payguard[lab]'"


def parquet_file(path: Path) -> Any:
    """The opened Parquet file."""
    try:
        import pyarrow.parquet as parquet
        from pyarrow.lib import ArrowInvalid
    except ImportError:
        raise Malformed("no_pyarrow", NO_PYARROW) from None
    try:
        return parquet.ParquetFile(path)
    except ArrowInvalid as error:
        raise Malformed("not_parquet", f"{path} is not a Parquet file: {error}") from None


def parquet_dicts(path: Path, columns: set[str]) -> Iterator[dict[str, Any]]:
    """The rows of a Parquet file that has these columns."""
    file = parquet_file(path)
    missing = columns - set(file.schema_arrow.names)
    if missing:
        raise Malformed("other_columns", f"{path} has no column {', '.join(sorted(missing))}")
    for batch in file.iter_batches(_BATCH_ROWS):
        yield from batch.to_pylist()


def csv_dicts(path: Path, columns: set[str], plain: bool = False) -> Iterator[dict[str, str]]:
    """The rows of a gzip CSV file that has these columns; `plain` allows one that is not compressed."""
    unpacked = plain and not _is_gzip(path)
    try:
        with (
            path.open(newline="", encoding="utf-8-sig")
            if unpacked
            else gzip.open(path, "rt", newline="", encoding="utf-8-sig")
        ) as text:
            reader = csv.DictReader(text)
            missing = columns - set(reader.fieldnames or ())
            if missing:
                raise Malformed("other_columns", f"{path} has no column {', '.join(sorted(missing))}")
            yield from reader
    except gzip.BadGzipFile:
        raise Malformed("not_gzip", f"{path} is not a gzip file") from None


class Reader(NamedTuple):
    """A format of files: `rows(path, columns)` that must be there, and how many rows `count(path)` finds."""

    rows: Callable[[Path, set[str]], Iterator[dict[str, Any]]]
    count: Callable[[Path], int]


PARQUET = Reader(parquet_dicts, lambda path: int(parquet_file(path).metadata.num_rows))
GZIP_CSV = Reader(csv_dicts, lambda path: sum(1 for _ in csv_dicts(path, set())))
CSV = Reader(partial(csv_dicts, plain=True), lambda path: sum(1 for _ in csv_dicts(path, set(), plain=True)))


def milliseconds(when: datetime) -> int:
    """Epoch milliseconds of a time; one without an offset is UTC."""
    known = when if when.tzinfo is not None else when.replace(tzinfo=UTC)
    return int(known.timestamp() * 1000)


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == _GZIP_MAGIC


Row = dict[str, Any]
_HOUR_MS = 3_600_000
#: PaySim names no date; its first hour becomes the first hour of a Monday.
_PAYSIM_START_MS = milliseconds(datetime(2018, 1, 1, tzinfo=UTC))
#: PaySim's words for ours. A debit moves mobile money to the person's bank account.
_PAYSIM_KINDS = {
    "CASH_IN": "top_up",
    "CASH_OUT": "cash_out",
    "DEBIT": "withdrawal",
    "PAYMENT": "payment",
    "TRANSFER": "transfer",
}


def entra(rows: Iterator[Row]) -> Iterator[Row]:
    """Entra ID sign-ins (Office 365 audit log): account = user. `error` other than 0 is the reason of a failure.

    A row that says success while it asks for more (a second factor, a consent) is not a finished login and is
    written as the failure the log calls it.
    """
    for number, row in enumerate(rows):
        at_ms = milliseconds(datetime.fromisoformat(row["ts"]))
        label = {"status": row["status"], "app_id": row["app_id"]}
        where = {name: row[name] for name in ("ip", "user_agent", "session_id")}
        ok = row["ok"] == "1"
        yield _login(f"entra-{number}", row["user"], at_ms, ok, "" if ok else row["error"], label, **where)


def sshd(rows: Iterator[Row]) -> Iterator[Row]:
    """OpenSSH password attempts: account = user name tried, whether or not it exists there.

    Times are such as "2015-Dec 10 06:55:48": the year was put before the syslog time.
    """
    for number, row in enumerate(rows):
        at_ms = milliseconds(datetime.strptime(row["ts"], "%Y-%b %d %H:%M:%S").replace(tzinfo=UTC))
        invalid = row["invalid_user"] == "1"
        label, where = {"invalid_user": invalid}, {"ip": row["ip"], "method": row["method"]}
        reason = "invalid_user" if invalid else ""
        account_id = row["user"] or "(empty)"
        yield _login(f"sshd-{number}", account_id, at_ms, row["ok"] == "1", reason, label, **where)


def handbook(rows: Iterator[Row]) -> Iterator[Row]:
    """The Fraud Detection Handbook's simulated card payments: account = customer, payee = terminal.

    The data names no currency; EUR is written because the field is required.
    """
    for row in rows:
        yield _payment(
            f"hb-{row['TRANSACTION_ID']}",
            f"customer-{row['CUSTOMER_ID']}",
            milliseconds(row["TX_DATETIME"]),
            row["TX_AMOUNT"],
            "EUR",
            {"fraud": bool(row["TX_FRAUD"]), "scenario": row["TX_FRAUD_SCENARIO"]},
            kind="payment",
            payee_id=f"terminal-{row['TERMINAL_ID']}",
        )


def sparkov(rows: Iterator[Row]) -> Iterator[Row]:
    """Sparkov's simulated card payments: account = card holder, payee = merchant.

    Every merchant's name begins with `fraud_`, which says nothing; it is cut off. The merchant's position is not the
    person's and is left out. A card has at most one run of frauds here, so that telling PayGuard of them gives the
    rest away: label events are for those who ask.
    """
    for number, row in enumerate(rows):
        yield _payment(
            f"sp-{number}",
            f"card-{row['cust_id']}",
            milliseconds(row["ts"]),
            row["amt"],
            "USD",
            {"fraud": bool(row["is_fraud"])},
            kind="payment",
            category=row["category"],
            payee_id=str(row["merchant"]).removeprefix("fraud_"),
        )


def paysim(rows: Iterator[Row]) -> Iterator[Row]:
    """PaySim's simulated mobile money: account = `nameOrig`, payee = `nameDest`, balance = what was there before.

    A step is an hour; rows of one hour follow each other by a millisecond, for their order is all that is told. The data
    names no currency; XXX (ISO 4217: none) is written. The scenario of a fraud is its kind.
    """
    numbers = count()
    for step, hour in groupby(rows, key=lambda row: int(row["step"])):
        for index, row in enumerate(hour):
            fraud, kind = row["isFraud"] == "1", _PAYSIM_KINDS[row["type"]]
            yield _payment(
                f"ps-{next(numbers)}",
                row["nameOrig"],
                _PAYSIM_START_MS + (step - 1) * _HOUR_MS + min(index, _HOUR_MS - 1),
                float(row["amount"]),
                "XXX",
                {"fraud": fraud, "scenario": kind if fraud else 0},
                kind=kind,
                payee_id=row["nameDest"],
                balance=f"{float(row['oldbalanceOrg']):.2f}",
            )


def _event(type_: str, event_id: str, account_id: str, occurred_at: int) -> Row:
    return {"type": type_, "event_id": event_id, "account_id": account_id, "occurred_at": occurred_at}


def _login(
    event_id: str, account_id: str, at_ms: int, ok: bool, reason: str, label: Row, **where: str
) -> Row:
    told = where | {"outcome": "success" if ok else "failure", "reason": reason}
    said = {name: value for name, value in told.items() if value != ""}
    return _event("login", event_id, account_id, at_ms) | said | {"label": label}


def _payment(
    event_id: str, account_id: str, at_ms: int, amount: float, currency: str, label: Row, **more: str
) -> Row:
    money = {"amount": f"{amount:.2f}", "currency": currency, **more, "label": label}
    return _event("transaction", event_id, account_id, at_ms) | money
