"""How often accounts are bothered: challenges per account and week, and who is never challenged, held or denied."""

from __future__ import annotations

from collections import Counter

WEEK_DAYS = 7


class Weeks:
    """Two policies side by side. Weeks older than the last one are closed, so memory grows with accounts alone.

    An event that is late by more than a week counts as a further week of its account.
    """

    def __init__(self) -> None:
        self._open: dict[int, dict[int, list[int]]] = {}
        self._closed: tuple[Counter[int], Counter[int]] = (Counter(), Counter())
        self._accounts: set[int] = set()
        self._bothered: tuple[set[int], set[int]] = (set(), set())

    def add(
        self, account_id: str, day: int, challenged: tuple[bool, bool], bothered: tuple[bool, bool]
    ) -> None:
        """Count one event of an account, as each of the policies treats it."""
        account, week = hash(account_id), day // WEEK_DAYS
        self._accounts.add(account)
        counts = self._open.setdefault(week, {}).setdefault(account, [0, 0])
        for side in (0, 1):
            counts[side] += challenged[side]
            if bothered[side]:
                self._bothered[side].add(account)
        if len(self._open) > 2:
            self._close(min(self._open))

    def close(self) -> None:
        """Count the weeks that are still open; nothing is added afterwards."""
        for week in list(self._open):
            self._close(week)

    def _close(self, week: int) -> None:
        for counts in self._open.pop(week).values():
            for side in (0, 1):
                self._closed[side][counts[side]] += 1

    def challenges(self, side: int, share: float) -> int:
        """Challenges in a week that `share` of all account weeks stay at or below."""
        counts = self._closed[side]
        left = share * sum(counts.values())
        for challenges in sorted(counts):
            left -= counts[challenges]
            if left <= 0:
                return challenges
        return 0

    def mean(self, side: int) -> float:
        """Challenges per account and week."""
        counts = self._closed[side]
        return sum(n * weeks for n, weeks in counts.items()) / max(1, sum(counts.values()))

    def never_bothered(self, side: int) -> float:
        """The share of accounts never challenged, held or denied."""
        return 1.0 - len(self._bothered[side]) / max(1, len(self._accounts))

    @property
    def accounts(self) -> int:
        """Accounts with an event."""
        return len(self._accounts)
