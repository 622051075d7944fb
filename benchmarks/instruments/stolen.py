"""Processor time that the host of a virtual machine gave to others while something was measured.

What stood still on the machine does not show why; Linux counts such time as "steal" in ``/proc/stat``, a hundredth of a second at
a time. Source: proc_stat(5).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from msgspec import Struct


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


async def every(seconds: float, tick: Callable[[], None]) -> None:
    """Call it after so many seconds, and so on until the task is cancelled."""
    while True:
        await asyncio.sleep(seconds)
        tick()


_STAT = Path("/proc/stat")
_STEAL_FIELD = 8


class Stolen(Struct, frozen=True):
    """Milliseconds over all cores: in all, and in the second that lost most."""

    total_ms: float
    worst_second_ms: float


def stolen_s(stat: Path = _STAT) -> float | None:
    """Seconds over all cores since the machine started; None where the system does not tell (not Linux)."""
    try:
        fields = stat.read_text().splitlines()[0].split()
    except OSError:
        return None
    return int(fields[_STEAL_FIELD]) / os.sysconf("SC_CLK_TCK")


class StolenTime:
    """Looks each second from `begin` to `end`."""

    def __init__(self, read: Callable[[], float | None] = stolen_s, second_s: float = 1.0) -> None:
        self._read = read
        self._second_s = second_s
        self._looks: list[float | None] = []
        self._looking: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Start to look, in the running loop."""
        self._look()
        self._looking = asyncio.create_task(every(self._second_s, self._look))

    def end(self) -> Stolen | None:
        """What was stolen since the beginning; None where the system does not tell, or it did not begin."""
        if self._looking is None:
            return None
        self._looking.cancel()
        self._look()
        told = [look for look in self._looks if look is not None]
        seconds = [after - before for before, after in pairwise(told)]
        return Stolen(_ms(sum(seconds)), _ms(max(seconds))) if seconds else None

    def _look(self) -> None:
        self._looks.append(self._read())


def _ms(seconds: float) -> float:
    return round(seconds * 1000.0, 1)
