"""How the live page of `payguard up` is laid out: whole lines at any size, the address first and how to end it last."""

from __future__ import annotations

import time
from collections.abc import Sequence
from textwrap import wrap

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Column, Table
from rich.text import Text

from contracts.actions import KINDS
from services.lab.demo.board import Board, Shown
from services.lab.summarise.summary import StoryStep
from services.platform.plain_console import PlainConsole, plain, titled

STOPS = Text("Ctrl-C stops everything", "dim")
_COLOURS: dict[str, str] = {kind.name: kind.colour for kind in KINDS}
#: So many lines of decisions are worth more than the stories, and than addresses that stand on the demonstration's page, too.
_MORE_THAN_STORIES, _MORE_THAN_LINKS = 6, 10
_TIME, _ACCOUNT, _ACTION, _SCORE, _GAPS = 8, 11, 9, 5, 8
_LEAST_WHY, _WIDE = 12, 60


def render(board: Board, width: int, height: int) -> RenderableType:
    """The page as it is now, for a terminal of `width` columns and `height` lines: nothing of it is cut off."""
    console = PlainConsole(width=width, height=height)
    where = [opens(board.address)] if board.address else []
    who = [plain(board.agent)] if board.agent else []
    top: list[RenderableType] = [*where, *who, _head(board)]
    foot: list[RenderableType] = [*(plain(note, "yellow") for note in board.notes), STOPS]
    room = height - 1 - _lines(console, *top, *foot)
    if room > 18:
        top.append(_figures(board))
    else:
        top.append(_figures_in_short(board))
    room = height - 1 - _lines(console, *top, *foot)
    below: list[RenderableType] = []
    stories = board.telling_steps()
    links_least = _MORE_THAN_LINKS if board.address else 1
    parts: list[tuple[list[RenderableType], int]] = [
        ([_stories(stories, title=None)] if stories else [], _MORE_THAN_STORIES),
        (_links(board), links_least),
    ]
    for part, least in parts:
        if part and room - _lines(console, Text(), *part) >= least:
            below += [Text(), *part]
            room -= _lines(console, Text(), *part)
    return Group(*top, _decisions(board, width, room), *below, *foot)


def opens(address: str) -> Text:
    """The address as a link that a terminal opens, where it knows how."""
    return Text.assemble("Open ", (address, f"bold underline link {address}"))


def stories_table(steps: list[StoryStep]) -> Table:
    """Planted attacks and honest surprises: story, what was expected, what was decided."""
    return _stories(steps, title="Planted attacks: story, expected, decided")


def milliseconds(latency_ms: float | None) -> str:
    """A latency, or that there is none yet."""
    return "not measured yet" if latency_ms is None else f"{latency_ms:.1f} ms"


def _lines(console: PlainConsole, *parts: RenderableType) -> int:
    return sum(len(console.render_lines(part, pad=False)) for part in parts)


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
        ("p50", "none yet" if board.p50_ms is None else milliseconds(board.p50_ms)),
        ("p99", "none yet" if board.p99_ms is None else milliseconds(board.p99_ms)),
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


def _figures_in_short(board: Board) -> Text:
    now_s, edge = time.monotonic(), board.edge
    text = Text(f"{board.events.rate(now_s):,.0f} events/s, {board.decisions.total:,} decided, ")
    text.append(f"p99 {milliseconds(board.p99_ms)}, {edge.mails:,} mails, {edge.cases:,} cases")
    return text


def _pairs(*rows: tuple[str | Text, str]) -> Table:
    table = Table.grid(expand=True)
    table.add_column()
    table.add_column(justify="right")
    for name, value in rows:
        table.add_row(name, value)
    return table


def _decisions(board: Board, width: int, room: int) -> Table:
    """The newest decisions that `room` lines, the head among them, hold whole."""
    table = Table(expand=True, box=None, header_style="dim", pad_edge=False)
    table.add_column("time", width=_TIME)
    table.add_column("account", width=_ACCOUNT, overflow="fold")
    table.add_column("action", width=_ACTION)
    table.add_column("score", width=_SCORE, justify="right")
    table.add_column("why", ratio=1)
    wide = max(width - _TIME - _ACCOUNT - _ACTION - _SCORE - _GAPS, _LEAST_WHY)
    left = room - 1
    for line in reversed(board.recent):
        why = _whole_sentences(line, wide)
        left -= max(len(why), -(-len(line.account_id) // _ACCOUNT))
        if left < 0:
            break
        action = Text(line.action, _COLOURS[line.action])
        table.add_row(line.clock, plain(line.account_id), action, str(line.score), plain("\n".join(why)))
    return table


def _whole_sentences(line: Shown, width: int) -> list[str]:
    """The headline, and of the reasons, the weightiest first, each that still fits whole."""
    kept = list(line.words[:1])
    for reason in line.words[1:]:
        if len(wrap(said([*kept, reason]), width)) <= (2 if width >= _WIDE else 3):
            kept.append(reason)
    return wrap(said(kept), width)


def said(words: Sequence[str]) -> str:
    """The headline, and the reasons after a colon."""
    return ": ".join((words[0], " ".join(words[1:]))) if len(words) > 1 else "".join(words)


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


def _links(board: Board) -> list[RenderableType]:
    return [Text.assemble((f"{name} ", "dim"), plain(value)) for name, value in board.links]
