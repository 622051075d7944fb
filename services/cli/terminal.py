"""The live page of `payguard up`: what happens now, in words; plain lines where there is no terminal."""

from __future__ import annotations

import asyncio
import io
import re
import time
from collections.abc import Collection, Iterator
from pathlib import Path

from rich.console import RenderableType
from rich.live import Live

from services.cli.live_page import STOPS, milliseconds, opens, render, said
from services.lab.demo.board import Board, Shown
from services.platform.plain_console import PlainConsole, plain

_REFRESH_S = 0.25
_PLAIN_EVERY_S = 2.0
_PICTURE_WIDTH = 132
_PICTURE_HEIGHT = 46
#: The picture stands alone: the reader's own monospace font will do.
_FONT_FROM_ELSEWHERE = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)


class Page:
    """Shows a board. With `quiet` nothing is written but what others write."""

    def __init__(self, board: Board, plain: bool = False, quiet: bool = False) -> None:
        self.console = PlainConsole()
        self._board = board
        self._quiet = quiet
        self._plain = plain or not self.console.is_terminal
        self._live: Live | None = None

    def tell(self, line: str) -> None:
        """One line while things start."""
        if not self._quiet:
            self.console.print(plain(f"{self._board.running_s:5.1f} s", "dim") + plain(f"  {line}"))

    def door(self, address: str) -> None:
        """The first line: where to look, and how to end it."""
        self._board.address = address
        if not self._quiet:
            self.console.print(opens(address), soft_wrap=True)
            self.console.print(STOPS)

    def agent(self, url: str, name: str, password: str) -> None:
        """The sign-in of the demonstration's agent; the code of the moment is on its page."""
        self._board.agent = f"Desk {url}  name {name}  password {password}  code: on the page above"
        if not self._quiet:
            self.console.print(plain(self._board.agent), soft_wrap=True)

    def note(self, line: str) -> None:
        """Something that happened to a process: at the foot of the page, or a line where there is none."""
        self._board.notes.append(line)
        if self._plain and not self._quiet:
            self.console.print(line, soft_wrap=True)

    async def show(self) -> None:
        """Keep the page up to date until cancelled."""
        if self._quiet:
            return
        if self._plain:
            await self._lines()
        self._live = Live(self._drawn(), console=self.console, auto_refresh=False, screen=False)
        self._live.start()
        while True:
            self._live.update(self._drawn(), refresh=True)
            await asyncio.sleep(_REFRESH_S)

    def close(self) -> None:
        """Leave the last page standing and give the terminal back."""
        if self._live is not None:
            self._live.update(self._drawn(), refresh=True)
            self._live.stop()
            self._live = None

    def save(self, file: Path) -> None:
        """Write the page as an SVG picture."""
        picture = PlainConsole(
            record=True, width=_PICTURE_WIDTH, height=_PICTURE_HEIGHT, file=io.StringIO(), force_terminal=True
        )
        picture.print(render(self._board, _PICTURE_WIDTH, _PICTURE_HEIGHT))
        file.parent.mkdir(parents=True, exist_ok=True)
        drawn = picture.export_svg(title="payguard up --demo", unique_id="payguard")
        file.write_text(_FONT_FROM_ELSEWHERE.sub("", drawn))

    def _drawn(self) -> RenderableType:
        return render(self._board, self.console.width, self.console.height)

    async def _lines(self) -> None:
        for name, value in self._board.links:
            self.console.print(f"{name}: {value}", soft_wrap=True)
        shown: list[Shown] = []
        while True:
            await asyncio.sleep(_PLAIN_EVERY_S)
            for line in plain_lines(self._board, time.monotonic(), shown):
                self.console.print(line, soft_wrap=True)
            shown = list(self._board.recent)


def plain_lines(board: Board, now_s: float, shown: Collection[Shown]) -> Iterator[str]:
    """The page as it is at monotonic `now_s` in plain lines: the figures, and the latest three decisions not yet `shown`."""
    yield (
        f"{board.running_s:5.1f} s  {board.phase}: {board.events.rate(now_s):,.0f} events/s, "
        f"{board.decisions.rate(now_s):,.0f} decisions/s, p50 {milliseconds(board.p50_ms)}, "
        f"p99 {milliseconds(board.p99_ms)}, {board.edge.alerts} alerts, {board.edge.cases} cases, "
        f"{board.edge.mails} mails, {board.edge.passed} of {board.edge.challenges} challenges passed"
    )
    for line in list(board.recent)[-3:]:
        if line.action != "allow" and line not in shown:
            yield f"         {line.account_id} {line.action} ({line.score}): {said(line.words)}"
