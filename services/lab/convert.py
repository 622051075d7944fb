"""Public data sets as PayGuard events, one JSON object a line, in the order of their time.

What a data set says beyond the events stands in the extra field `label`, which PayGuard does not read.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec import Struct, json

from contracts.errors import Malformed

_ROWS = 20_000
_ENCODER = json.Encoder()
_MONTHS = {
    name: index for index, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)
}
NO_PYARROW = "reading Parquet needs pyarrow: pip install 'payguard[lab]'"


class Source(Struct, frozen=True):
    """A data set we can read: its name, what it is, `count(path)` rows and `lines(path)` of JSON."""

    name: str
    about: str
    count: Callable[[Path], int]
    lines: Callable[[Path], Iterator[bytes]]


def _parquet(path: Path) -> Any:
    try:
        import pyarrow.parquet as parquet
        from pyarrow.lib import ArrowInvalid
    except ImportError:
        raise Malformed("no_pyarrow", NO_PYARROW) from None
    try:
        return parquet.ParquetFile(path)
    except ArrowInvalid as error:
        raise Malformed("not_parquet", f"{path} is not a Parquet file: {error}") from None


def _parquet_rows(path: Path) -> int:
    return int(_parquet(path).metadata.num_rows)


def _rows(path: Path, columns: set[str]) -> Iterator[dict[str, Any]]:
    file = _parquet(path)
    missing = columns - set(file.schema_arrow.names)
    if missing:
        raise Malformed("other_columns", f"{path} has no column {', '.join(sorted(missing))}")
    for batch in file.iter_batches(_ROWS):
        yield from batch.to_pylist()


def handbook(path: Path) -> Iterator[bytes]:
    """The Fraud Detection Handbook's simulated card payments: account = customer, payee = terminal.

    The data names no currency; EUR is written because the field is required.
    """
    wanted = {
        "TRANSACTION_ID",
        "TX_DATETIME",
        "CUSTOMER_ID",
        "TERMINAL_ID",
        "TX_AMOUNT",
        "TX_FRAUD",
        "TX_FRAUD_SCENARIO",
    }
    for row in _rows(path, wanted):
        yield _ENCODER.encode(
            {
                "type": "transaction",
                "event_id": f"hb-{row['TRANSACTION_ID']}",
                "account_id": f"customer-{row['CUSTOMER_ID']}",
                "occurred_at": _milliseconds(row["TX_DATETIME"]),
                "amount": f"{row['TX_AMOUNT']:.2f}",
                "currency": "EUR",
                "kind": "payment",
                "payee_id": f"terminal-{row['TERMINAL_ID']}",
                "label": {"fraud": bool(row["TX_FRAUD"]), "scenario": row["TX_FRAUD_SCENARIO"]},
            }
        )


def sparkov(path: Path) -> Iterator[bytes]:
    """Sparkov's simulated card payments: account = card holder, payee = merchant.

    Every merchant's name begins with `fraud_`, which says nothing; it is cut off. The merchant's position is not the
    person's, so it stays in the label and is no place.
    """
    wanted = {"ts", "cust_id", "category", "merchant", "amt", "merch_lat", "merch_long", "is_fraud"}
    for index, row in enumerate(_rows(path, wanted)):
        yield _ENCODER.encode(
            {
                "type": "transaction",
                "event_id": f"sp-{index}",
                "account_id": f"card-{row['cust_id']}",
                "occurred_at": _milliseconds(row["ts"]),
                "amount": f"{row['amt']:.2f}",
                "currency": "USD",
                "kind": "payment",
                "payee_id": str(row["merchant"]).removeprefix("fraud_"),
                "label": {"fraud": bool(row["is_fraud"]), "category": row["category"]},
            }
        )


def entra(path: Path) -> Iterator[bytes]:
    """Entra ID sign-ins (Office 365 audit log): account = user. `error` other than 0 is the reason of a failure.

    A row that says success while it asks for more (a second factor, a consent) is not a finished login and is
    written as the failure the log calls it.
    """
    for index, row in enumerate(
        _csv_rows(path, {"ts", "user", "ok", "ip", "user_agent", "error", "session_id"})
    ):
        at = datetime.fromisoformat(row["ts"]).replace(tzinfo=UTC)
        yield _ENCODER.encode(
            _without_empty(
                {
                    "type": "login",
                    "event_id": f"entra-{index}",
                    "account_id": row["user"],
                    "occurred_at": int(at.timestamp() * 1000),
                    "ip": row["ip"],
                    "user_agent": row["user_agent"],
                    "session_id": row["session_id"],
                    "outcome": "success" if row["ok"] == "1" else "failure",
                    "reason": row["error"] if row["ok"] != "1" else "",
                    "label": {"status": row["status"], "app_id": row["app_id"]},
                }
            )
        )


def sshd(path: Path) -> Iterator[bytes]:
    """OpenSSH password attempts: account = user name tried, whether or not it exists there."""
    for index, row in enumerate(_csv_rows(path, {"ts", "ok", "method", "invalid_user", "user", "ip"})):
        yield _ENCODER.encode(
            _without_empty(
                {
                    "type": "login",
                    "event_id": f"sshd-{index}",
                    "account_id": row["user"] or "(empty)",
                    "occurred_at": _syslog_milliseconds(row["ts"]),
                    "ip": row["ip"],
                    "method": row["method"],
                    "outcome": "success" if row["ok"] == "1" else "failure",
                    "reason": "invalid_user" if row["invalid_user"] == "1" else "",
                    "label": {"invalid_user": row["invalid_user"] == "1"},
                }
            )
        )


def _csv_rows(path: Path, columns: set[str]) -> Iterator[dict[str, str]]:
    try:
        with gzip.open(path, "rt", newline="", encoding="utf-8") as text:
            reader = csv.DictReader(text)
            missing = columns - set(reader.fieldnames or ())
            if missing:
                raise Malformed("other_columns", f"{path} has no column {', '.join(sorted(missing))}")
            yield from reader
    except gzip.BadGzipFile:
        raise Malformed("not_gzip", f"{path} is not a gzip file") from None


def _csv_count(path: Path) -> int:
    return sum(1 for _ in _csv_rows(path, set()))


def _milliseconds(when: datetime) -> int:
    return int(when.replace(tzinfo=UTC).timestamp() * 1000)


def _syslog_milliseconds(text: str) -> int:
    """Milliseconds of "2015-Dec 10 06:55:48" (the year was put before the syslog time)."""
    year, rest = text.split("-", 1)
    month, day, clock = rest.split()
    hour, minute, second = (int(part) for part in clock.split(":"))
    at = datetime(int(year), _MONTHS[month], int(day), hour, minute, second, tzinfo=UTC)
    return int(at.timestamp() * 1000)


def _without_empty(event: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if value != ""}


SOURCES: dict[str, Source] = {
    source.name: source
    for source in (
        Source("handbook", "Fraud Detection Handbook transactions (Parquet)", _parquet_rows, handbook),
        Source("sparkov", "Sparkov card transactions (Parquet)", _parquet_rows, sparkov),
        Source("entra", "Entra ID sign-ins (CSV, gzip)", _csv_count, entra),
        Source("sshd", "OpenSSH password attempts (CSV, gzip)", _csv_count, sshd),
    )
}
