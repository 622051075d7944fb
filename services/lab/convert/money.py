"""Data sets of payments as events: the Fraud Detection Handbook's, Sparkov's and PaySim's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from services.lab.convert.files import csv_dicts, milliseconds, parquet_dicts, parquet_file

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
_PAYSIM_COLUMNS = {"step", "type", "amount", "nameOrig", "oldbalanceOrg", "nameDest", "isFraud"}


def parquet_rows(path: Path) -> int:
    """How many rows the file has."""
    return int(parquet_file(path).metadata.num_rows)


def handbook(path: Path) -> Iterator[dict[str, Any]]:
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
    for row in parquet_dicts(path, wanted):
        yield {
            "type": "transaction",
            "event_id": f"hb-{row['TRANSACTION_ID']}",
            "account_id": f"customer-{row['CUSTOMER_ID']}",
            "occurred_at": milliseconds(row["TX_DATETIME"]),
            "amount": f"{row['TX_AMOUNT']:.2f}",
            "currency": "EUR",
            "kind": "payment",
            "payee_id": f"terminal-{row['TERMINAL_ID']}",
            "label": {"fraud": bool(row["TX_FRAUD"]), "scenario": row["TX_FRAUD_SCENARIO"]},
        }


def sparkov(path: Path) -> Iterator[dict[str, Any]]:
    """Sparkov's simulated card payments: account = card holder, payee = merchant.

    Every merchant's name begins with `fraud_`, which says nothing; it is cut off. The merchant's position is not the
    person's and is left out. A card has at most one run of frauds here, so that telling PayGuard of them gives the
    rest away: label events are for those who ask.
    """
    wanted = {"ts", "cust_id", "category", "merchant", "amt", "is_fraud"}
    for index, row in enumerate(parquet_dicts(path, wanted)):
        yield {
            "type": "transaction",
            "event_id": f"sp-{index}",
            "account_id": f"card-{row['cust_id']}",
            "occurred_at": milliseconds(row["ts"]),
            "amount": f"{row['amt']:.2f}",
            "currency": "USD",
            "kind": "payment",
            "category": row["category"],
            "payee_id": str(row["merchant"]).removeprefix("fraud_"),
            "label": {"fraud": bool(row["is_fraud"])},
        }


def paysim(path: Path) -> Iterator[dict[str, Any]]:
    """PaySim's simulated mobile money: account = `nameOrig`, payee = `nameDest`, balance = what was there before.

    A step is an hour; rows of one hour follow each other by a millisecond, for their order is all that is told. The data
    names no currency; XXX (ISO 4217: none) is written. The scenario of a fraud is its kind.
    """
    step = index = 0
    for number, row in enumerate(csv_dicts(path, _PAYSIM_COLUMNS, plain=True)):
        at_step = int(row["step"])
        index = index + 1 if at_step == step else 0
        step = at_step
        fraud, kind = row["isFraud"] == "1", _PAYSIM_KINDS[row["type"]]
        yield {
            "type": "transaction",
            "event_id": f"ps-{number}",
            "account_id": row["nameOrig"],
            "occurred_at": _PAYSIM_START_MS + (step - 1) * _HOUR_MS + min(index, _HOUR_MS - 1),
            "amount": f"{float(row['amount']):.2f}",
            "currency": "XXX",
            "kind": kind,
            "payee_id": row["nameDest"],
            "balance": f"{float(row['oldbalanceOrg']):.2f}",
            "label": {"fraud": fraud, "scenario": kind if fraud else 0},
        }


def paysim_rows(path: Path) -> int:
    """How many rows the file has."""
    return sum(1 for _ in csv_dicts(path, set(), plain=True))
