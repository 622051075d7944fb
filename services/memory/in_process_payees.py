"""Records of payees in this process, told day by day: what the script on Redis must come to."""

from __future__ import annotations

from collections import deque

from contracts.payees import (
    KEPT_DAYS,
    MAX_ACCOUNTS,
    MAX_LABELS,
    MAX_PAYMENTS,
    WINDOWS_DAYS,
    PayeeCounts,
)
from contracts.ports import PAYEE_FRAUD, PAYEE_NO_FRAUD, PAYEE_PAYMENT

_DAY_H = 24
#: No identifier holds it.
_BETWEEN = "\x1f"


class PayeeRecord:
    """One payee across accounts."""

    __slots__ = ("both", "first_hour", "frauds", "labels", "latest", "newest", "payments", "today")

    def __init__(self) -> None:
        self.first_hour: int | None = None
        self.newest: int | None = None
        self.payments: dict[int, int] = {}
        self.frauds: dict[int, int] = {}
        self.both: set[str] = set()
        self.today: set[str] = set()
        self.latest: deque[str] = deque(maxlen=MAX_PAYMENTS)
        self.labels: dict[str, int] = {}

    def change(self, change: int, hour: int, member: str, transaction: str) -> None:
        """What a question's event changes. A transaction is one of its account: two accounts may use one event id."""
        transaction = f"{member}{_BETWEEN}{transaction}"
        if change == PAYEE_PAYMENT:
            self._pay(hour, member, transaction)
        elif change == PAYEE_FRAUD:
            self._blame(hour, transaction)
        elif change == PAYEE_NO_FRAUD:
            day = self.labels.pop(transaction, None)
            if day in self.frauds:
                self.frauds[day] -= 1

    def counts(self, hour: int, delay_days: int) -> PayeeCounts:
        """What a question about that hour is answered now, when labels are out so many days after their day."""
        until = hour // _DAY_H - delay_days - 1
        age_h = 0 if self.first_hour is None else max(0, hour - self.first_hour)
        c1, c7, c30 = _windows(self.payments, until)
        f1, f7, f30 = _windows(self.frauds, until)
        new = sum(count for day, count in self.frauds.items() if day > until) if self.frauds else 0
        return age_h, len(self.both), c1, c7, c30, f1, f7, f30, new

    def _pay(self, hour: int, member: str, transaction: str) -> None:
        if transaction in self.latest:
            return
        self.latest.append(transaction)
        day = hour // _DAY_H
        ago = self._reach(day)
        if ago >= KEPT_DAYS:
            return
        self.payments[day] = self.payments.get(day, 0) + 1
        if self.first_hour is None or hour < self.first_hour:
            self.first_hour = hour
        if ago <= 1:
            _join(self.both, member)
        if ago == 0:
            _join(self.today, member)

    def _blame(self, hour: int, transaction: str) -> None:
        day = hour // _DAY_H
        if transaction in self.labels or self._reach(day) >= KEPT_DAYS:
            return
        self.labels[transaction] = day
        if len(self.labels) > MAX_LABELS:
            del self.labels[next(iter(self.labels))]
        self.frauds[day] = self.frauds.get(day, 0) + 1

    def _reach(self, day: int) -> int:
        """Let the record end no earlier than `day`; how many days before its end that is."""
        newest = self.newest
        if newest is None:
            self.newest = day
            return 0
        if day > newest:
            self.both, self.today = self.today if day == newest + 1 else set(), set()
            self.newest = day
            for counts in (self.payments, self.frauds):
                for old in [old for old in counts if old <= day - KEPT_DAYS]:
                    del counts[old]
            return 0
        return newest - day


def _windows(counts: dict[int, int], until: int) -> tuple[int, int, int]:
    sums = [0, 0, 0]
    for day, count in counts.items():
        ago = until - day
        if ago >= 0:
            for index, days in enumerate(WINDOWS_DAYS):
                if ago < days:
                    sums[index] += count
    return sums[0], sums[1], sums[2]


def _join(accounts: set[str], account: str) -> None:
    if len(accounts) < MAX_ACCOUNTS:
        accounts.add(account)
