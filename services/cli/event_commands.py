"""The laboratory's commands: simulate, convert, replay, send, bench."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import typer
from msgspec import to_builtins

from services.cli.backtest_command import backtest
from services.cli.bench_command import bench
from services.cli.convert_command import convert
from services.cli.evaluate_command import evaluate
from services.cli.feedback import BadLines, Out, output_to, progress, size_of
from services.cli.options import (
    EventFile,
    Json,
    Kafka,
    ModelFile,
    Rate,
    existing,
    print_json,
    run,
    settings_from,
    tell,
)

if TYPE_CHECKING:
    from services.platform.settings import Settings

T = TypeVar("T")
_PANEL = "Laboratory"


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    for command in (simulate, convert, replay, backtest, evaluate, send, bench):
        app.command(rich_help_panel=_PANEL)(command)


def simulate(
    accounts: Annotated[int, typer.Option(min=1, help="How many people.")] = 1000,
    days: Annotated[int, typer.Option(min=1, help="How many days.")] = 30,
    events: Annotated[int, typer.Option(min=0, help="Stop after this many events; 0 is no limit.")] = 0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 7,
    stories: Annotated[
        str, typer.Option(help="all, attacks, honest, none, or names separated by commas.")
    ] = "all",
    rounds: Annotated[int, typer.Option(min=1, help="Tell each story so often, to other people.")] = 1,
    enrolled: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of people with a second factor, stories' apart.")
    ] = 0.95,
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

    Each line carries a `label` that PayGuard does not read: whose hand it was, which story or kind of person. Steps of a
    story also say the expected answer; `payguard replay --summary` compares it with the decision.

    [dim]Examples:[/dim]

      payguard simulate --accounts 200 --days 20 > events.jsonl
      payguard simulate --stories sim_swap,holiday | payguard replay - --summary
      payguard simulate --kafka 127.0.0.1:9092 --rate 500
    """
    from services.lab.simulate.simulate import events_expected, played_events, simulation_of, write_simulation

    settings = settings_from(kafka=kafka)
    try:
        simulation = simulation_of(accounts, days, seed, stories, rounds, start, enrolled)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    played, total = played_events(simulation, events), events or events_expected(simulation)
    if not (to_kafka or kafka):
        with output_to(out) as file, progress("simulating", total) as step:
            write_simulation(played, file, step)
        return
    from services.lab.send.send import send_to_kafka

    with progress("sending", total) as step:
        pairs = ((each.event.account_id.encode(), each.wire()) for each in _stepping(played, step))
        sent = run(send_to_kafka(settings, pairs, rate))
    tell({"sent": sent, "acknowledged": sent}, f"{sent:,} events acknowledged by {settings.kafka}", as_json)


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
    model: ModelFile = None,
    freezes: Annotated[
        Literal["stand", "settled", "ignored"],
        typer.Option(
            help="A freeze stands until a settlement in the file ends it, as in production; or is settled by a simulated "
            "support; or is ignored, and each event judged on its own."
        ),
    ] = "stand",
    digest: Annotated[
        bool,
        typer.Option("--digest", help="Only two SHA-256: of the decisions' bytes and of memory afterwards."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Decide a file of events offline with the core that production runs: no broker, no store, no network.

    Prints one decision a line. A line that is no event is reported with its number and skipped; then the exit code is 2.
    --json prints the summary as an object. --digest tells whether two builds, or two policies, decide and remember alike.

    [dim]Examples:[/dim]

      payguard replay events.jsonl > decisions.jsonl
      payguard simulate | payguard replay - --summary
      payguard replay events.jsonl --only challenge,hold,deny --explain en
      payguard simulate | payguard replay - --summary --freezes settled
    """
    from services.lab.summarise.replayed import ReplayOptions, replay_file

    bad = BadLines()
    wanted = frozenset(only.split(",")) if only else frozenset()
    settings = settings_from(
        policy=existing(policy) if policy else None, model=existing(model) if model else None
    )
    if digest:
        if freezes == "settled":
            raise typer.BadParameter("--digest is of what the file says: --freezes stand or ignored")
        _digest(settings, existing(file), bad, as_json, freezes == "stand")
        return
    quiet = (summary or as_json) and out is None
    target_file: Any = nullcontext() if quiet else output_to(out)
    with target_file as target, progress("replaying", size_of(existing(file))) as step:
        options = ReplayOptions(explain, wanted, summary or as_json, freezes)
        counted = run(replay_file(settings, file, target, options, bad.note, step))
    if as_json:
        print_json({**counted.figures(), "refused_lines": bad.count})
    elif summary:
        from services.platform.plain_console import PlainConsole

        counted.show(PlainConsole())
    bad.end()


def _digest(settings: Settings, file: Path, bad: BadLines, as_json: bool, freezes_stand: bool) -> None:
    from services.bootstrap.pipelines import offline_core
    from services.replay.digests import digests_of
    from services.replay.lines import read_events, read_lines

    with progress("replaying", size_of(file)) as step:
        core = offline_core(settings, freezes_stand=freezes_stand)
        found = run(digests_of(read_events(read_lines(file, step), bad.note), core))
    tell(
        {**to_builtins(found), "refused_lines": bad.count},
        f"{found.decided:,} decisions of {found.events:,} events\n"
        f"decisions sha256 {found.decisions_sha256}\nmemory    sha256 {found.memory_sha256}",
        as_json,
    )
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

    Outcomes, reports, labels and factor changes are PayGuard's own word: over Kafka they are signed with PAYGUARD_EVENT_KEY,
    and become dead letters without it.

    [dim]Examples:[/dim]

      payguard send events.jsonl --kafka 127.0.0.1:9092
      payguard send events.jsonl --url http://127.0.0.1:8080 --key pg_...
    """
    from services.lab.send.send import send_to_http, send_to_kafka
    from services.replay.lines import read_events, read_lines

    bad = BadLines()
    if url is not None and key is None:
        raise typer.BadParameter(
            "an API wants --key; make one with: payguard admin api-key create --scope ingest"
        )
    settings = settings_from(kafka=kafka)
    with progress("sending", size_of(existing(file))) as step:
        lines = read_lines(file, step)
        if url is not None:
            sent = run(send_to_http(url, key or "", read_events(lines, bad.note), rate, bad.note))
        elif raw:
            from services.lab.send.send import keyed_anyway

            sent = run(send_to_kafka(settings, keyed_anyway(lines), rate))
        else:
            keyed = (
                (event.account_id.encode(), line) for _number, line, event in read_events(lines, bad.note)
            )
            sent = run(send_to_kafka(settings, keyed, rate))
    tell(
        {"accepted": sent, "refused": bad.count}, f"{sent:,} events accepted, {bad.count:,} refused", as_json
    )
    bad.end()


def _stepping(items: Iterator[T], step: Callable[[int], None]) -> Iterator[T]:
    for item in items:
        yield item
        step(1)
