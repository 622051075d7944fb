"""Kinds of reports as their files say. Written by `make docs` from services/cases/kinds; change those."""

from __future__ import annotations

from typing import Literal

#: What owners report themselves.
ReportKind = Literal[
    "unauthorised",
    "dispute",
    "payment_failed",
    "top_up_missing",
    "password_reset",
    "lost_device",
    "advice",
]
#: How support may end what an owner reported.
Outcome = Literal[
    "refunded",
    "refused",
    "was_owner",
    "was_not_owner",
    "for_owner",
    "for_other_side",
    "settled",
    "referred",
    "explained",
    "fixed",
    "to_engineering",
    "arrived",
    "not_paid",
    "done",
    "answered",
]
#: Name, what it is, severity, outcomes, subject, seconds to the first answer and to the end.
Row = tuple[
    ReportKind,
    str,
    Literal["low", "medium", "high", "critical"],
    tuple[Outcome, ...],
    Literal["any", "money_out", "money_failed", "top_up", "access", "none"],
    int,
    int,
]
ROWS: tuple[Row, ...] = (
    (
        "unauthorised",
        "something they did not do",
        "high",
        ("refunded", "refused", "was_owner", "was_not_owner"),
        "any",
        14400,
        864000,
    ),
    (
        "dispute",
        "a payment they dispute",
        "medium",
        ("for_owner", "for_other_side", "settled", "referred"),
        "money_out",
        172800,
        1814400,
    ),
    (
        "payment_failed",
        "a payment that failed",
        "low",
        ("explained", "fixed", "to_engineering"),
        "money_failed",
        86400,
        432000,
    ),
    (
        "top_up_missing",
        "a top-up that has not arrived",
        "medium",
        ("arrived", "refunded", "not_paid"),
        "top_up",
        86400,
        432000,
    ),
    (
        "password_reset",
        "that they cannot get in, or a reset that was not theirs",
        "medium",
        ("was_owner", "was_not_owner", "done"),
        "access",
        14400,
        259200,
    ),
    (
        "lost_device",
        "a lost phone",
        "high",
        ("done",),
        "none",
        14400,
        259200,
    ),
    (
        "advice",
        "that they have a question",
        "low",
        ("answered",),
        "none",
        172800,
        604800,
    ),
)
