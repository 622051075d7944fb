"""Processor time of another process: says what work costs even while the machine does other things as well."""

from __future__ import annotations

import os
from pathlib import Path


def processor_s(pid: int) -> float | None:
    """User and system seconds of all threads of a process so far; None where the system does not tell (not Linux) or it ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The name, in brackets, may hold blanks; user and system time are fields 14 and 15 of all.
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class ProcessorUse:
    """Microseconds of processor time an item, over the stretch from a tenth of the items to the last look."""

    def __init__(self, pid: int, total: int) -> None:
        self._pid = pid
        self._from = total // 10
        self._done = 0
        self._first: tuple[int, float] | None = None
        self._last: tuple[int, float] | None = None

    def note(self, count: int) -> None:
        """So many more items are done."""
        self._done += count
        seconds = processor_s(self._pid)
        if seconds is None or self._done < self._from:
            return
        self._last = self._done, seconds
        self._first = self._first or self._last

    def us_an_item(self) -> float | None:
        """None when there were not two looks."""
        if self._first is None or self._last is None or self._first[0] == self._last[0]:
            return None
        return round((self._last[1] - self._first[1]) * 1e6 / (self._last[0] - self._first[0]), 1)
