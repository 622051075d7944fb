"""The live page of `payguard up`: what happens now, in words; plain lines where there is no terminal."""

from __future__ import annotations

import asyncio
import io
import re
import time
from collections.abc import Collection, Iterator
from pathlib import Path

from rich.console import Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Column, Table
from rich.text import Text

from contracts.actions import KINDS
from services.lab.demo.board import Board, Shown
from services.lab.summarise.summary import StoryStep
from services.platform.plain_console import PlainConsole, plain, titled

_REFRESH_S = 0.25
_PLAIN_EVERY_S = 2.0
_COLOURS: dict[str, str] = {kind.name: kind.colour for kind in KINDS}
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
        self._live = Live(
            render(self._board, self.console.height), console=self.console, auto_refresh=False, screen=False
        )
        self._live.start()
        while True:
            self._live.update(render(self._board, self.console.height), refresh=True)
            await asyncio.sleep(_REFRESH_S)

    def close(self) -> None:
        """Leave the last page standing and give the terminal back."""
        if self._live is not None:
            self._live.update(render(self._board, self.console.height), refresh=True)
            self._live.stop()
            self._live = None

    def save(self, file: Path) -> None:
        """Write the page as an SVG picture."""
        picture = PlainConsole(
            record=True, width=_PICTURE_WIDTH, height=_PICTURE_HEIGHT, file=io.StringIO(), force_terminal=True
        )
        picture.print(render(self._board, _PICTURE_HEIGHT))
        file.parent.mkdir(parents=True, exist_ok=True)
        drawn = picture.export_svg(title="payguard up --demo", unique_id="payguard")
        file.write_text(_FONT_FROM_ELSEWHERE.sub("", drawn))

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
        f"{board.decisions.rate(now_s):,.0f} decisions/s, p50 {_ms(board.p50_ms)}, "
        f"p99 {_ms(board.p99_ms)}, {board.edge.alerts} alerts, {board.edge.cases} cases, "
        f"{board.edge.mails} mails, {board.edge.passed} of {board.edge.challenges} challenges passed"
    )
    for line in list(board.recent)[-3:]:
        if line.action != "allow" and line not in shown:
            yield f"         {line.account_id} {line.action} ({line.score}): {line.words}"


def render(board: Board, height: int) -> RenderableType:
    """The page as it is now, for a terminal of `height` lines."""
    parts: list[RenderableType] = [_head(board), _figures(board)]
    stories = board.telling_steps()
    room = max(height - 16 - (len(stories) + 3 if stories else 0), 4)
    parts.append(_decisions(board, room))
    if stories:
        parts += [Text(), _stories(stories, title=None), Text()]
    parts.append(_foot(board))
    return Group(*parts)


def stories_table(steps: list[StoryStep]) -> Table:
    """Planted attacks and honest surprises: story, what was expected, what was decided."""
    return _stories(steps, title="Planted attacks: story, expected, decided")


def _ms(latency_ms: float | None) -> str:
    return "not measured yet" if latency_ms is None else f"{latency_ms:.1f} ms"


def _head(board: Board) -> Text:
    minutes, seconds = divmod(int(board.running_s), 60)
    return Text.assemble(("PayGuard", "bold"), f"  {board.phase}  ", (f"{minutes:02d}:{seconds:02d}", "dim"))


def _figures(board: Board) -> Table:
    now_s = time.monotonic()
    grid = Table.grid(expand=True, padding=(0, 1))
    for _ in range(3):
        grid.add_column(ratio=1)
    flow = _pairs(
        ("events/s", f"{board.events.rate(now_s):,.0f}"),
        ("decisions/s", f"{board.decisions.rate(now_s):,.0f}"),
        ("p50", _ms(board.p50_ms)),
        ("p99", _ms(board.p99_ms)),
        ("decided", f"{board.decisions.total:,}"),
    )
    decided = _pairs(
        *((Text(name, _COLOURS[name]), f"{board.actions[name]:,}") for name in _COLOURS),
    )
    edge = board.edge
    done = _pairs(
        ("challenges issued", f"{edge.challenges:,}"),
        ("challenges passed", f"{edge.passed:,}"),
        ("alerts", f"{edge.alerts:,}"),
        ("mails delivered", f"{edge.mails:,}"),
        ("cases opened", f"{edge.cases:,}"),
    )
    grid.add_row(
        Panel(flow, title="stream", title_align="left"),
        Panel(decided, title="decisions", title_align="left"),
        Panel(done, title="effects", title_align="left"),
    )
    return grid


def _pairs(*rows: tuple[str | Text, str]) -> Table:
    table = Table.grid(expand=True)
    table.add_column()
    table.add_column(justify="right")
    for name, value in rows:
        table.add_row(name, value)
    return table


def _decisions(board: Board, room: int) -> Table:
    table = Table(expand=True, box=None, header_style="dim", pad_edge=False)
    table.add_column("time", width=8)
    table.add_column("account", width=10)
    table.add_column("action", width=9)
    table.add_column("score", width=5, justify="right")
    table.add_column("why", ratio=1, no_wrap=True, overflow="ellipsis")
    for line in reversed(list(board.recent)[-room:]):
        table.add_row(
            line.clock, line.account_id, Text(line.action, _COLOURS[line.action]), str(line.score), line.words
        )
    return table


def _stories(steps: list[StoryStep], title: str | None) -> Table:
    names = ("story", "expected", "decided", "score", "")
    heads = [Column(name, justify="right" if name == "score" else "left", no_wrap=True) for name in names]
    rows = (
        (
            step.story,
            step.expected,
            Text(step.action, _COLOURS.get(step.action, "bold red")),
            str(step.score),
            Text("met", "green") if step.met else Text("NOT met", "bold red"),
        )
        for step in steps
    )
    return titled(title, heads, rows, box=None, pad_edge=False)


def _foot(board: Board) -> Text:
    text = Text("\n").join(plain(note, "yellow") for note in board.notes)
    if board.notes:
        text.append("\n")
    for name, value in board.shown_links():
        text.append(f"{name} ", "dim")
        text.append(plain(f"{value}\n"))
    text.append("Ctrl-C stops everything", "dim")
    return text
