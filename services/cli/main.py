"""`payguard`: parse, call, print. Every command imports what it needs when it runs, so --help stays quick."""

from __future__ import annotations

from typing import Annotated

import typer

from services.cli import (
    admin_commands,
    attack_commands,
    case_commands,
    connect_commands,
    event_commands,
    lab_commands,
    notify_commands,
    policy_commands,
)
from services.cli.options import Database, DataDir, Json, Kafka, Redis, settings_from, with_plain_errors

app = typer.Typer(
    name="payguard",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Scores logins and payments against an account's own history, asks for a TOTP code where the risk calls for it, "
    "and tells the user, support and security, once each.\n\n"
    "Settings come from PAYGUARD_* variables (PAYGUARD_KAFKA, PAYGUARD_REDIS, ...); flags win.\n\n"
    "Exit codes: 0 all well, 1 the result is bad, 2 wrong usage or unusable input, 3 a needed part is away, 130 Ctrl-C.",
)
event_commands.register(app)
app.add_typer(admin_commands.app, name="admin")
app.add_typer(attack_commands.app, name="attacks")
app.add_typer(policy_commands.app, name="policy")
app.add_typer(notify_commands.app, name="notify")
app.add_typer(connect_commands.app, name="connect")
app.add_typer(lab_commands.lab, name="lab", rich_help_panel="Laboratory")

_PARTS = "Processes"


@app.command(rich_help_panel=_PARTS)
def up(
    demo: Annotated[
        bool, typer.Option("--demo", help="Play people with habits, and attacks, against it.")
    ] = False,
    for_s: Annotated[
        float | None,
        typer.Option(
            "--for",
            metavar="SECONDS",
            min=10,
            help="Stop by itself after this long; of a demo, live play counts.",
        ),
    ] = None,
    kafka: Kafka = None,
    redis: Redis = None,
    database: Database = None,
    data_dir: DataDir = None,
    port: Annotated[int, typer.Option("--port", help="HTTP port; 0 picks a free one.", min=0, max=65535)] = 0,
    rate: Annotated[
        float,
        typer.Option(
            "--rate",
            help="Demo: everyday events per second. At more than 3 people come back sooner than people do.",
            min=1,
            max=5000,
        ),
    ] = 3.0,
    seed: Annotated[int, typer.Option("--seed", help="Demo: which people and attacks.")] = 7,
    plain: Annotated[bool, typer.Option("--plain", help="Plain lines instead of the live page.")] = False,
    picture: Annotated[
        str | None,
        typer.Option("--picture", metavar="FILE.svg", help="With --for: save the last page as a picture."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Everything on this machine: broker, store and SQL embedded unless you name others, worker, API, cases, notices.

    State lives in ./.payguard (a temporary folder for --demo) unless --data-dir says otherwise. Ctrl-C stops
    all of it; a second Ctrl-C kills.

    With --demo --for the last line is the ledger: how many events the broker or the API accepted, how many of them were
    decided, still wait for the worker (undecided), were lost, and how many effects came twice; latency is the wallet's, from
    handing an everyday event over to reading its decision from the topic. Exit code 1 when anything was lost or doubled.

    [dim]Examples:[/dim]

      payguard up
      payguard up --demo --for 60
      payguard up --kafka 127.0.0.1:9092 --redis redis://127.0.0.1:6379/0 --database postgresql://payguard@127.0.0.1/payguard
    """
    from services.cli.up import UpOptions, stand_up

    settings = settings_from(kafka=kafka, redis=redis, database=database, data_dir=data_dir, http_port=port)
    external = frozenset(
        name for name, flag in (("kafka", kafka), ("redis", redis), ("database", database)) if flag
    )
    options = UpOptions(
        demo=demo,
        for_s=for_s,
        external=external,
        rate=rate,
        seed=seed,
        plain=plain or as_json,
        picture=picture,
        as_json=as_json,
    )
    raise typer.Exit(stand_up(settings, options))


@app.command(rich_help_panel=_PARTS)
def worker(
    kafka: Kafka = None, redis: Redis = None, database: Database = None, data_dir: DataDir = None
) -> None:
    """The stream worker: reads account-events, writes decisions. Run as many as there are partitions."""
    from services.bootstrap.processes import run_worker

    raise typer.Exit(
        run_worker(settings_from(kafka=kafka, redis=redis, database=database, data_dir=data_dir))
    )


@app.command(rich_help_panel=_PARTS)
def api(kafka: Kafka = None, redis: Redis = None, database: Database = None) -> None:
    """The HTTP API: events in, decisions out, challenges, cases."""
    from services.bootstrap.processes import run_api

    raise typer.Exit(run_api(settings_from(kafka=kafka, redis=redis, database=database)))


@case_commands.app.callback(invoke_without_command=True)
def cases(
    context: typer.Context, kafka: Kafka = None, redis: Redis = None, database: Database = None
) -> None:
    """Takes decisions with effects into SQL and sends actions (freeze, revoke) to the wallet.

    With a command after it, that is done instead: `payguard cases pack` makes an evidence pack of one case.
    """
    from services.bootstrap.processes import run_cases

    if context.invoked_subcommand is None:
        raise typer.Exit(run_cases(settings_from(kafka=kafka, redis=redis, database=database)))


app.add_typer(case_commands.app, name="cases", rich_help_panel=_PARTS)


@app.command(rich_help_panel=_PARTS)
def activity(kafka: Kafka = None, redis: Redis = None, database: Database = None) -> None:
    """Keeps each account's activity in SQL, for cases, letters and pages, and forgets what is past keeping."""
    from services.bootstrap.processes import run_activity

    raise typer.Exit(run_activity(settings_from(kafka=kafka, redis=redis, database=database)))


@app.command(rich_help_panel=_PARTS)
def notifier(kafka: Kafka = None, redis: Redis = None, database: Database = None) -> None:
    """Delivers notices waiting in SQL, once each."""
    from services.bootstrap.processes import run_notifier

    raise typer.Exit(run_notifier(settings_from(kafka=kafka, redis=redis, database=database)))


@app.command(rich_help_panel=_PARTS)
def rest(kafka: Kafka = None, redis: Redis = None, database: Database = None) -> None:
    """API, cases, activity and notifier in one process, as `payguard up` runs them."""
    from services.bootstrap.processes import run_rest

    raise typer.Exit(run_rest(settings_from(kafka=kafka, redis=redis, database=database)))


def main() -> None:
    """The entry point of the `payguard` program."""
    with_plain_errors(lambda: app(prog_name="payguard"))


if __name__ == "__main__":
    main()
