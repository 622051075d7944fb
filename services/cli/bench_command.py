"""`payguard bench`: its flags."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.options import EXIT_AWAY, EXIT_BAD, Json, Kafka, Redis, print_json, say, settings_from

if TYPE_CHECKING:
    from benchmarks.plan import Section

_SECTIONS = "throughput,sweep,latency,memory,http,verify"


def bench(
    real: Annotated[
        bool, typer.Option("--real", help="Start Apache Kafka, Redis and PostgreSQL, not the embedded parts.")
    ] = False,
    kafka: Kafka = None,
    redis: Redis = None,
    only: Annotated[
        str, typer.Option(metavar="PARTS", help="Some of the parts, separated by commas.")
    ] = _SECTIONS,
    http: Annotated[bool, typer.Option("--http", help="Only the HTTP part.")] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Only the verifications.")] = False,
    runs: Annotated[int, typer.Option(min=1, help="Throughput: runs of each; the median counts.")] = 3,
    accounts: Annotated[int, typer.Option(min=1, help="Accounts the events belong to.")] = 100_000,
    events: Annotated[int, typer.Option(min=1000, help="Throughput: events of a run.")] = 400_000,
    faust_events: Annotated[
        int, typer.Option(min=100, help="Throughput: how many of them the Faust table reads.")
    ] = 60_000,
    sweep: Annotated[
        str, typer.Option(metavar="NUMBERS", help="Sweep: numbers of accounts.")
    ] = "10000,100000,1000000",
    partitions: Annotated[int, typer.Option(min=1, help="Partitions of each topic.")] = 4,
    rate: Annotated[int, typer.Option(min=1, help="Latency: events per second.")] = 5_000,
    seconds: Annotated[float, typer.Option(min=1, help="Latency: how long.")] = 20.0,
    http_rate: Annotated[int, typer.Option(min=1, help="HTTP: requests per second.")] = 300,
    http_seconds: Annotated[float, typer.Option(min=1, help="HTTP: how long.")] = 30.0,
    verify_rate: Annotated[int, typer.Option(min=1, help="Verifications per second.")] = 500,
    verify_processes: Annotated[int, typer.Option(min=1, help="API processes that share them.")] = 2,
    verify_seconds: Annotated[float, typer.Option(min=1, help="Verifications: how long.")] = 20.0,
    warm_up: Annotated[
        float, typer.Option(min=0, help="Latency, HTTP, verifications: seconds before counting.")
    ] = 5.0,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="A Markdown table instead of the one for terminals.")
    ] = False,
    as_json: Json = False,
) -> None:  # long because every flag is a line
    """Measure one worker: throughput beside its limit and a plain Faust table, latency, bytes an account, HTTP, verifications.

    Parts: throughput, sweep (more accounts), latency, memory, http, verify. Embedded parts unless --real or addresses are
    given; a store given by address must be empty. docs/benchmarks.md says what is measured from where to where.
    All of it takes about ten minutes on two cores, and the machine should do nothing else.

    [dim]Examples:[/dim]

      payguard bench --real
      payguard bench --only throughput --runs 5 --json
      payguard bench --http --real
      payguard bench --verify --real
    """
    from benchmarks.bench import run_bench
    from benchmarks.parts.ground import Ended
    from benchmarks.parts.real_stores import PartMissing
    from benchmarks.plan import Plan
    from benchmarks.report.tables import markdown as as_markdown
    from benchmarks.report.tables import show
    from services.platform.embedded import PartNotAvailable

    settings = settings_from(kafka=kafka, redis=redis)
    plan = Plan(
        sections=_sections("http" if http else "verify" if verify else only), real=real, partitions=partitions,
        external=frozenset(name for name, flag in (("kafka", kafka), ("redis", redis)) if flag),
        runs=runs, accounts=accounts, events=events, faust_events=faust_events, sweep=_numbers(sweep),
        rate=rate, latency_s=seconds, http_rate=http_rate, http_s=http_seconds,
        verify_rate=verify_rate, verify_processes=verify_processes, verify_s=verify_seconds, warm_up_s=warm_up,
    )  # fmt: skip
    try:
        results = run_bench(settings, plan)
    except (PartMissing, PartNotAvailable) as error:
        say(f"error: {error}")
        raise typer.Exit(EXIT_AWAY) from None
    except Ended as error:
        say(f"error: {error}")
        raise typer.Exit(EXIT_BAD) from None
    if as_json:
        print_json(results.figures())
    elif markdown:
        sys.stdout.write(as_markdown(results))
    else:
        from services.platform.plain_console import PlainConsole

        show(results, PlainConsole())


def _sections(names: str) -> frozenset[Section]:
    from benchmarks.plan import SECTIONS

    asked = {name.strip() for name in names.split(",")}
    if unknown := asked - set(SECTIONS):
        raise typer.BadParameter(f"no part {', '.join(sorted(unknown))}; the parts are {', '.join(SECTIONS)}")
    return frozenset(name for name in SECTIONS if name in asked)


def _numbers(text: str) -> tuple[int, ...]:
    try:
        numbers = tuple(int(number) for number in text.split(","))
    except ValueError:
        numbers = ()
    if not numbers or min(numbers) < 1:
        raise typer.BadParameter(f"--sweep takes numbers of accounts separated by commas; got {text}")
    return numbers
