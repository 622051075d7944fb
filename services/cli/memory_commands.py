"""`payguard admin memory`: whether what is remembered of accounts is whole, and what to do when it is not."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli import audit_commands
from services.cli.options import EXIT_BAD, Database, Json, Kafka, Redis, run, settings_from, tell

if TYPE_CHECKING:
    from services.operations.memory_care import MemoryStatus

_MOMENT = "%Y-%m-%d %H:%M:%S UTC"
app = typer.Typer(no_args_is_help=True, help="What is remembered of accounts: status, accept, rebuild.")


Stopped = Annotated[
    bool,
    typer.Option(
        "--workers-stopped", help="Do not ask the broker: the embedded one remembers workers that are gone."
    ),
]
account_app = typer.Typer(no_args_is_help=True, help="One account: heal what wrong clocks did to it.")


@app.command("status")
def status(kafka: Kafka = None, redis: Redis = None, as_json: Json = False) -> None:
    """One line a partition: whether its memory is whole, since when, and up to which offset it was saved and committed.

    Exit code 1 when any is lost.
    """
    from services.operations.memory_care import standing_of

    settings = settings_from(kafka=kafka, redis=redis)
    found = run(standing_of(settings))
    tell(found, map(_line, found), as_json)
    if any(each.standing == "lost" for each in found):
        raise typer.Exit(EXIT_BAD)


@app.command("accept")
def accept(
    why: Annotated[str, typer.Option(help="Why the memory is well as it is; kept in the audit.")],
    partition: Annotated[
        list[int] | None, typer.Option("--partition", min=0, help="Only this one; may be repeated.")
    ] = None,
    kafka: Kafka = None,
    redis: Redis = None,
    database: Database = None,
) -> None:
    """Say that lost memory is well as it is: each account is from now on judged as young as it looks.

    [dim]Example:[/dim] payguard admin memory accept --why "test system, flushed on purpose"
    """
    from services.operations.memory_care import call_whole

    settings = settings_from(kafka=kafka, redis=redis, database=database)

    async def work() -> list[int]:
        await audit_commands.note(settings.database, "memory_accepted", "started", why)
        return await call_whole(settings, partition)

    accepted = run(work())
    typer.echo(f"partitions accepted: {', '.join(map(str, accepted)) or 'none was lost'}")


@app.command("rebuild")
def rebuild(
    workers_stopped: Stopped = False,
    kafka: Kafka = None,
    redis: Redis = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Learn everything anew: reads account-events from its beginning up to the committed offsets, and decides nothing.

    The workers must be stopped. Accounts and counts of the epoch are forgotten first. What retention has removed from the
    topic stays forgotten. Interrupted, it leaves the memory lost, and may be started again.
    """
    from services.operations.memory_care import rebuild_memory

    settings = settings_from(kafka=kafka, redis=redis, database=database)

    async def work() -> Any:
        await audit_commands.note(settings.database, "memory_rebuilt", "started", settings.topic_events)
        done = await rebuild_memory(
            settings, lambda read: typer.echo(f"{read} events read", err=True), workers_stopped
        )
        await audit_commands.note(settings.database, "memory_rebuilt", "done", f"{done.events} events")
        return done

    done = asyncio.run(work())
    tell(done, f"memory of {done.partitions} partitions rebuilt from {done.events} events", as_json)


@account_app.command("heal")
def heal(
    account: Annotated[str, typer.Argument(help="The account's id.")],
    workers_stopped: Stopped = False,
    kafka: Kafka = None,
    redis: Redis = None,
    database: Database = None,
) -> None:
    """Learn one account anew from account-events, where an event of a wrong clock has made all that followed it late.

    The workers must be stopped. An event that lies more than a day ahead of most of what followed it counts as of when the
    next was sent. Repeat it after a rebuild when the event came under a version that believed such times.

    [dim]Example:[/dim] payguard admin account heal ann
    """
    from services.operations.account_healing import heal_account

    settings = settings_from(kafka=kafka, redis=redis, database=database)

    async def work() -> Any:
        await audit_commands.note(settings.database, "account_healed", "started", "times went wrong")
        return await heal_account(settings, account, workers_stopped)

    done = asyncio.run(work())
    typer.echo(f"{done.events} events learned anew, the time of {done.corrected} corrected")


def _line(each: MemoryStatus) -> str:
    since = (
        "" if each.since_ms is None else f" since {time.strftime(_MOMENT, time.gmtime(each.since_ms / 1000))}"
    )
    return f"partition {each.partition}: {each.standing}{since}, saved up to {each.saved}, committed {each.committed}"
