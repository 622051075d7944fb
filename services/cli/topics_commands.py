"""`payguard admin topics`: create and describe the Kafka topics, and go on after one has changed."""

from __future__ import annotations

from typing import Annotated

import typer

from services.cli.options import EXIT_BAD, Json, Kafka, Redis, run, settings_from, tell

app = typer.Typer(
    no_args_is_help=True, help="Create and describe the Kafka topics, go on after one has changed."
)


@app.command("create")
def topics_create(
    kafka: Kafka = None,
    partitions: Annotated[int | None, typer.Option(min=1, help="Partitions of each topic (8).")] = None,
    replication: Annotated[int | None, typer.Option(min=1, help="Copies of each partition (1).")] = None,
    as_json: Json = False,
) -> None:
    """Create the topics that do not exist yet. Existing ones stay as they are.

    [dim]Example:[/dim] payguard admin topics create --kafka 127.0.0.1:9092 --partitions 8 --replication 3
    """
    from services.platform.topics import create_topics

    settings = settings_from(kafka=kafka, partitions=partitions, replication=replication)
    made = run(create_topics(settings))
    tell(made, (f"{topic}: {state}" for topic, state in made.items()), as_json)


@app.command("describe")
def topics_describe(kafka: Kafka = None, as_json: Json = False) -> None:
    """Partitions and replicas of each topic, and how long it is kept. Exit code 1: one is missing or has other partitions."""
    from services.platform.topics import describe_topics

    settings = settings_from(kafka=kafka)
    described = run(describe_topics(settings))
    lines = (
        f"{told.topic}: {told.partitions} partitions, {told.replicas} replicas, {told.state}"
        + ("" if told.days is None else f", kept {told.days:g} days")
        for told in described
    )
    tell(described, lines, as_json)
    if any(told.state != "ok" for told in described):
        raise typer.Exit(EXIT_BAD)


@app.command("new-epoch")
def topics_new_epoch(
    kafka: Kafka = None,
    redis: Redis = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say each step and change nothing.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="All workers have ended, though the broker still lists some.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Go on after partitions were added, or the topic of events was made anew: carry the memory into the next epoch.

    Stop all workers first. The old epoch stays as it was. What it prints last is to be set for every process.

    [dim]Example:[/dim] payguard admin topics new-epoch --dry-run
    """
    from services.operations.epoch_migration import new_epoch

    def say_step(step: str) -> None:
        if not as_json:
            typer.echo(step)

    made = run(new_epoch(settings_from(kafka=kafka, redis=redis), dry_run, say_step, force))
    head = f"{'then' if dry_run else 'now'} set for every process, and start them:"
    tell(made, [head, *(f"  {line}" for line in made.settings())], as_json)
