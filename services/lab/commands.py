"""The laboratory's commands: simulate, convert, replay, send, bench."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, Annotated, Any, Literal, TypeVar

import typer

from contracts.errors import Malformed
from services.lab.bench import bench
from services.options import (
    EXIT_USAGE,
    EventFile,
    Json,
    Kafka,
    Rate,
    existing,
    print_json,
    run,
    say,
    settings_from,
)

T = TypeVar("T")
_PANEL = "Laboratory"
_SHOWN_BAD_LINES = 20
Out = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="Write here instead of standard output.")
]


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    for command in (simulate, convert, replay, send, bench):
        app.command(rich_help_panel=_PANEL)(command)


def simulate(
    accounts: Annotated[int, typer.Option(min=1, help="How many people.")] = 1000,
    days: Annotated[int, typer.Option(min=1, help="How many days.")] = 30,
    events: Annotated[int, typer.Option(min=0, help="Stop after this many events; 0 is no limit.")] = 0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 7,
    stories: Annotated[str, typer.Option(help="all, none, or names separated by commas.")] = "all",
    start: Annotated[
        str,
        typer.Option(
            metavar="DATE|now", help="First day (UTC), or `now`: the last day ends at midnight past."
        ),
    ] = "2026-01-05",
    to_kafka: Annotated[
        bool, typer.Option("--send", help="Straight to Kafka instead of JSON lines.")
    ] = False,
    kafka: Kafka = None,
    rate: Rate = 0.0,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """People with habits, and attacks on them, as events in time order.

    Events of a story carry a `label` with the expected answer; `payguard replay --summary` compares it with the decision.

    [dim]Examples:[/dim]

      payguard simulate --accounts 200 --days 20 > events.jsonl
      payguard simulate --stories sim_swap,holiday | payguard replay - --summary
      payguard simulate --kafka 127.0.0.1:9092 --rate 500
    """
    from services.lab.runs import played_events, write_simulation

    settings = settings_from(kafka=kafka)
    try:
        played = played_events(accounts, days, events, seed, stories, start)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if not (to_kafka or kafka):
        with _output(out) as file, _progress("simulating", events or None) as step:
            write_simulation(played, file, step)
        return
    from services.lab.send import send_to_kafka

    with _progress("sending", events or None) as step:
        pairs = ((each.event.account_id.encode(), each.wire()) for each in _stepping(played, step))
        sent = run(send_to_kafka(settings, pairs, rate))
    _told({"sent": sent, "acknowledged": sent}, f"{sent:,} events acknowledged by {settings.kafka}", as_json)


def convert(
    source: Annotated[
        Literal["handbook", "sparkov", "entra", "sshd"], typer.Argument(help="Which data set FILE is.")
    ],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The data set's file.")],
    out: Out = None,
    limit: Annotated[int, typer.Option(min=0, help="Stop after this many rows; 0 is all.")] = 0,
) -> None:
    """A public data set as events, JSON lines on standard output. What it says beyond them stands in `label`.

    [dim]Examples:[/dim]

      payguard convert sshd openssh_password_attempts.csv.gz | payguard replay - --summary
      payguard convert handbook transactions.parquet --out handbook.jsonl
    """
    from itertools import islice

    from services.lab.convert import SOURCES

    known = SOURCES[source]
    rows = known.count(existing(file))
    with _output(out) as target, _progress(f"converting {source}", min(limit or rows, rows)) as step:
        for line in islice(known.lines(file), limit or None):
            target.write(line + b"\n")
            step(1)


def replay(
    file: EventFile,
    out: Out = None,
    explain: Annotated[
        Literal["en", "zh-CN"] | None, typer.Option(help="Add the reasons in words to each decision.")
    ] = None,
    summary: Annotated[
        bool, typer.Option("--summary", help="Tables instead of decisions on standard output.")
    ] = False,
    only: Annotated[
        str | None, typer.Option(metavar="ACTIONS", help="Only these, e.g. challenge,hold,deny.")
    ] = None,
    policy: Annotated[Path | None, typer.Option(metavar="FILE", help="Another policy (TOML).")] = None,
    as_json: Json = False,
) -> None:
    """Decide a file of events offline with the core that production runs: no broker, no store, no network.

    Prints one decision a line. A line that is no event is reported with its number and skipped; then the exit code is 2.
    --json prints the summary as an object.

    [dim]Examples:[/dim]

      payguard replay events.jsonl > decisions.jsonl
      payguard simulate | payguard replay - --summary
      payguard replay events.jsonl --only challenge,hold,deny --explain en
    """
    from services.lab.runs import ReplayOptions, replay_file

    bad = BadLines()
    wanted = frozenset(only.split(",")) if only else frozenset()
    settings = settings_from(policy=existing(policy) if policy else None)
    quiet = (summary or as_json) and out is None
    target_file: Any = nullcontext() if quiet else _output(out)
    with target_file as target, _progress("replaying", _size(existing(file))) as step:
        options = ReplayOptions(explain=explain, actions=wanted, summarise=summary or as_json)
        counted = run(replay_file(settings, file, target, options, bad.note, step))
    if as_json:
        print_json({**counted.figures(), "refused_lines": bad.count})
    elif summary:
        from rich.console import Console

        counted.show(Console())
    bad.end()


def send(
    file: EventFile,
    kafka: Kafka = None,
    url: Annotated[
        str | None, typer.Option(metavar="URL", help="Over HTTP to this API instead of Kafka.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(envvar="PG_API_KEY", metavar="pg_...", help="API key with scope ingest.")
    ] = None,
    raw: Annotated[bool, typer.Option("--raw", help="Kafka: send lines that are no events too.")] = False,
    rate: Rate = 0.0,
    as_json: Json = False,
) -> None:
    """Send a file of events to Kafka, or to the HTTP API with --url and --key, in file order, keyed by account.

    [dim]Examples:[/dim]

      payguard send events.jsonl --kafka 127.0.0.1:9092
      payguard send events.jsonl --url http://127.0.0.1:8080 --key pg_...
    """
    from services.lab.lines import read_events, read_lines
    from services.lab.send import send_to_http, send_to_kafka

    bad = BadLines()
    if url is not None and key is None:
        raise typer.BadParameter(
            "an API wants --key; make one with: payguard admin api-key create --scope ingest"
        )
    settings = settings_from(kafka=kafka)
    with _progress("sending", _size(existing(file))) as step:
        lines = read_lines(file, step)
        if url is not None:
            sent = run(send_to_http(url, key or "", read_events(lines, bad.note), rate, bad.note))
        elif raw:
            from services.lab.runs import keyed_anyway

            sent = run(send_to_kafka(settings, keyed_anyway(lines), rate))
        else:
            keyed = (
                (event.account_id.encode(), line) for _number, line, event in read_events(lines, bad.note)
            )
            sent = run(send_to_kafka(settings, keyed, rate))
    _told(
        {"accepted": sent, "refused": bad.count}, f"{sent:,} events accepted, {bad.count:,} refused", as_json
    )
    bad.end()


class BadLines:
    """Reports lines that are no events: the first 20 one by one, then how many there were."""

    def __init__(self) -> None:
        self.count = 0

    def note(self, number: int, error: Malformed) -> None:
        """One bad line."""
        self.count += 1
        if self.count <= _SHOWN_BAD_LINES:
            say(f"line {number}: {error.reason}: {error.detail}")

    def end(self) -> None:
        """Exit with 2 when there was any."""
        if self.count > _SHOWN_BAD_LINES:
            say(f"... and {self.count - _SHOWN_BAD_LINES:,} more")
        if self.count:
            raise typer.Exit(EXIT_USAGE)


def _told(figures: dict[str, Any], words: str, as_json: bool) -> None:
    if as_json:
        print_json(figures)
    else:
        typer.echo(words)


def _stepping(items: Iterator[T], step: Callable[[int], None]) -> Iterator[T]:
    for item in items:
        yield item
        step(1)


def _size(path: Path) -> int | None:
    return None if str(path) == "-" else path.stat().st_size


@contextmanager
def _output(path: Path | None) -> Iterator[IO[bytes]]:
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    else:
        with path.open("wb") as file:
            yield file


@contextmanager
def _progress(what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar on standard error where that is a terminal; `step(n)` moves it."""
    if not sys.stderr.isatty():
        yield lambda count: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,}"))
    with Progress(
        *columns, TimeElapsedColumn(), TimeRemainingColumn(), console=Console(stderr=True), transient=True
    ) as bar:
        task = bar.add_task(what, total=total)
        waiting = 0

        def step(count: int) -> None:
            nonlocal waiting
            waiting += count
            if waiting >= 512:
                bar.advance(task, waiting)
                waiting = 0

        yield step
        bar.advance(task, waiting)
