"""Public data sets as PayGuard events, one JSON object a line, in the order of their time.

What a data set says beyond the events stands in the extra field `label`, which PayGuard does not read. Where asked, each
fraud is also told to PayGuard as it would learn of it: by a `label` event some days later, as a chargeback.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from itertools import count
from pathlib import Path

from msgspec import Struct, json

from services.lab.convert.datasets import (
    CSV,
    GZIP_CSV,
    PARQUET,
    Reader,
    Row,
    entra,
    handbook,
    paysim,
    sparkov,
    sshd,
)

DAY_MS = 86_400_000
_ENCODER = json.Encoder()


class Source(Struct, frozen=True):
    """A data set we can read: its name, what it is, the columns it must have, and its rows as `events` in time order.

    `label_delay_days` is after how many days its frauds become known when nothing else is said; 0 is never.
    """

    name: str
    about: str
    reader: Reader
    events: Callable[[Iterator[Row]], Iterator[Row]]
    columns: str
    label_delay_days: float = 0.0

    def count(self, path: Path) -> int:
        """How many rows the file has."""
        return self.reader.count(path)

    def lines(
        self,
        path: Path,
        label_delay_days: float = 0.0,
        limit: int = 0,
        step: Callable[[int], None] | None = None,
    ) -> Iterator[bytes]:
        """JSON lines of the first `limit` rows (0: all) with the label events of their frauds; `step(1)` after each row."""
        rows = self.reader.rows(path, set(self.columns.split()))
        told = with_labels(_first(self.events(rows), limit, step), label_delay_days)
        return map(_ENCODER.encode, told)


def with_labels(rows: Iterator[Row], delay_days: float) -> Iterator[Row]:
    """The events with a `label` event for each fraud, `delay_days` after it, merged in time order; 0: none.

    Holds only the labels that are not due yet. A label comes before an event of the same time.
    """
    if delay_days <= 0:
        yield from rows
        return
    delay_ms = round(delay_days * DAY_MS)
    due: list[tuple[int, int, Row]] = []
    for number, row in zip(count(), rows, strict=False):
        while due and due[0][0] <= row["occurred_at"]:
            yield heappop(due)[2]
        yield row
        if row["label"].get("fraud"):
            label = chargeback(row, delay_ms)
            heappush(due, (label["occurred_at"], number, label))
    while due:
        yield heappop(due)[2]


def chargeback(fraud: Row, delay_ms: int) -> Row:
    """The label event that tells of a fraudulent transaction, `delay_ms` after it."""
    label = {
        "type": "label",
        "event_id": f"lb-{fraud['event_id']}",
        "account_id": fraud["account_id"],
        "occurred_at": fraud["occurred_at"] + delay_ms,
        "about_event_id": fraud["event_id"],
        "about_occurred_at": fraud["occurred_at"],
        "verdict": "fraud",
        "source": "chargeback",
    }
    if "payee_id" in fraud:
        label["payee_id"] = fraud["payee_id"]
    return label


def _first(rows: Iterator[Row], limit: int, step: Callable[[int], None] | None) -> Iterator[Row]:
    for number, row in enumerate(rows, 1):
        yield row
        if step is not None:
            step(1)
        if number == limit:
            return


SOURCES: dict[str, Source] = {
    source.name: source
    for source in (
        Source(
            "handbook",
            "Fraud Detection Handbook transactions (Parquet)",
            PARQUET,
            handbook,
            "TRANSACTION_ID TX_DATETIME CUSTOMER_ID TERMINAL_ID TX_AMOUNT TX_FRAUD TX_FRAUD_SCENARIO",
            label_delay_days=7.0,
        ),
        Source(
            "sparkov",
            "Sparkov card transactions (Parquet)",
            PARQUET,
            sparkov,
            "ts cust_id category merchant amt is_fraud",
        ),
        Source(
            "paysim",
            "PaySim mobile money (CSV, may be gzip)",
            CSV,
            paysim,
            "step type amount nameOrig oldbalanceOrg nameDest isFraud",
        ),
        Source(
            "entra",
            "Entra ID sign-ins (CSV, gzip)",
            GZIP_CSV,
            entra,
            "ts user ok ip user_agent error session_id",
        ),
        Source(
            "sshd",
            "OpenSSH password attempts (CSV, gzip)",
            GZIP_CSV,
            sshd,
            "ts ok method invalid_user user ip",
        ),
    )
}
