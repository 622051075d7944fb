"""How far a reader must go to follow a login: `python -m benchmarks.traced_login` counts calls, files and moves between files.

An account makes forty ordinary logins; then a familiar one and a suspicious one (another device, network and continent, soon
after) are decided by the offline pipeline, one at a time. Counted is what runs in this project's own files from the
bytes of the event to the bytes of its decision; a move is a call that enters another file.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from msgspec import Struct, json
from rich.console import Console
from rich.table import Table

from services.bootstrap.pipelines import offline_core
from services.platform.settings import Settings
from services.replay.offline import OfflineRecord

_ROOT = Path(__file__).resolve().parents[1]
_ROOMS = ("contracts", "detectors", "services")
_START_MS, _HOUR_MS = 1_767_225_600_000, 3_600_000
_HOME = {
    "ip": "240.10.20.30",
    "device_id": "phone-of-ana",
    "place": {"country": "CN", "city": "Shanghai", "latitude": 31.23, "longitude": 121.47},
    "network": {"asn": 4134},
}
_ABROAD = {
    "ip": "241.77.1.9",
    "device_id": "nobody-knows-it",
    "place": {"country": "BR", "city": "São Paulo", "latitude": -23.55, "longitude": -46.63},
    "network": {"asn": 28573},
}


class Way(Struct, frozen=True):
    """What one event passed: calls of functions, files they stand in, calls that enter another file, and the files in order."""

    calls: int
    files: int
    moves: int
    order: list[str]


def _login(number: int, where: dict[str, Any], at_ms: int) -> OfflineRecord:
    event = {
        "type": "login",
        "event_id": f"login-{number}",
        "account_id": "ana",
        "occurred_at": at_ms,
        "outcome": "success",
        "user_agent": "UPay/8.31 (Android 15)",
        **where,
    }
    return OfflineRecord(b"ana", json.encode(event), number, at_ms)


class _Counter:
    """Counts calls of this project's functions while it is the profiler; comprehensions belong to their function."""

    def __init__(self) -> None:
        self.calls, self.moves = 0, 0
        self.order: dict[str, None] = {}
        self._files: dict[CodeType, str | None] = {}

    def __call__(self, frame: FrameType, event: str, argument: object) -> None:
        if event != "call":
            return
        file = self._file(frame.f_code)
        if file is None:
            return
        self.calls += 1
        self.order.setdefault(file)
        caller = frame.f_back
        while caller is not None and self._file(caller.f_code) is None:
            caller = caller.f_back
        if caller is not None and self._file(caller.f_code) != file:
            self.moves += 1

    def _file(self, code: CodeType) -> str | None:
        if code not in self._files:
            path = Path(code.co_filename)
            inside = path.is_relative_to(_ROOT) and path.relative_to(_ROOT).parts[0] in _ROOMS
            named = not code.co_name.startswith("<")
            self._files[code] = str(path.relative_to(_ROOT)) if inside and named else None
        return self._files[code]


async def ways() -> tuple[Way, Way]:
    """The way of a familiar login, and of a suspicious one."""
    core = offline_core(Settings())
    for number in range(40):
        await core.decide([_login(number, _HOME, _START_MS + number * 24 * _HOUR_MS)])
    at_ms = _START_MS + 40 * 24 * _HOUR_MS
    familiar = await _traced(core.decide, _login(40, _HOME, at_ms))
    suspicious = await _traced(core.decide, _login(41, _ABROAD, at_ms + _HOUR_MS))
    return familiar, suspicious


async def _traced(decide: Callable[[list[OfflineRecord]], Any], record: OfflineRecord) -> Way:
    counter = _Counter()
    sys.setprofile(counter)
    try:
        await decide([record])
    finally:
        sys.setprofile(None)
    return Way(counter.calls, len(counter.order), counter.moves, list(counter.order))


def main() -> None:
    """Print the table, and the files of the familiar login in the order in which they are entered first."""
    familiar, suspicious = asyncio.run(ways())
    table = Table("login", "calls", "files", "moves between files")
    for name, way in (("familiar", familiar), ("suspicious", suspicious)):
        table.add_row(name, str(way.calls), str(way.files), str(way.moves))
    console = Console()
    console.print(table)
    for number, file in enumerate(familiar.order, 1):
        console.print(f"{number:3} {file}")


if __name__ == "__main__":
    main()
