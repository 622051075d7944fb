"""`payguard admin`: topics, database, dead letters, API keys, keys of secrets, the audit, activity, rights of owners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli import (
    activity_commands,
    audit_commands,
    faq_commands,
    key_commands,
    memory_commands,
    rights_commands,
    staff_commands,
    topics_commands,
)
from services.cli.options import (
    EXIT_BAD,
    Database,
    Json,
    Kafka,
    open_database,
    operator,
    run,
    settings_from,
    tell,
)
from services.platform.printable import escaped

if TYPE_CHECKING:
    from services.operations.dead_letters import Letter

app = typer.Typer(
    no_args_is_help=True,
    help="Topics, database, dead letters, API keys, keys of secrets, the audit, activity.",
    rich_markup_mode="rich",
)
database_app = typer.Typer(no_args_is_help=True, help="The SQL schema.")
dead_app = typer.Typer(
    no_args_is_help=True, help="Records that could never be processed: list, show, redrive."
)
_SCOPES_HELP = "ingest, report, label, contacts, verify, support or admin; repeatable."
keys_app = typer.Typer(no_args_is_help=True, help="Keys for the HTTP API.")
for name, sub in (
    ("topics", topics_commands.app),
    ("database", database_app),
    ("dead", dead_app),
    ("api-key", keys_app),
    ("keys", key_commands.app),
    ("audit", audit_commands.app),
    ("memory", memory_commands.app),
    ("account", memory_commands.account_app),
    ("activity", activity_commands.app),
    ("faq", faq_commands.app),
    ("staff", staff_commands.app),
):
    app.add_typer(sub, name=name)
rights_commands.register(app)


@database_app.command("migrate")
def database_migrate(database: Database = None) -> None:
    """Bring the schema to the newest version; safe to repeat and to run from several places.

    [dim]Example:[/dim] payguard admin database migrate --database postgresql://payguard@127.0.0.1/payguard
    """
    settings = settings_from(database=database)
    run(_migrate(settings.database))
    typer.echo("the schema is up to date")


async def _migrate(url: str) -> None:
    async with open_database(url):
        pass


@dead_app.command("list")
def dead_list(
    kafka: Kafka = None,
    reason: Annotated[str | None, typer.Option(help="Only those with this reason code.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most this many.")] = 100,
    as_json: Json = False,
) -> None:
    """One line a dead letter, oldest first: where it is, why, and where it came from."""
    from services.operations.dead_letters import read_letters

    letters = run(read_letters(settings_from(kafka=kafka), reason, limit))
    lines = [
        f"{letter.position}  "
        + escaped(f"{letter.reason}  from {letter.origin}  {letter.size} bytes  {letter.detail}")
        for letter in letters
    ]
    tell([letter.figures() for letter in letters], lines or "no dead letters", as_json)


@dead_app.command("show")
def dead_show(
    position: Annotated[str, typer.Argument(metavar="PARTITION:OFFSET", help="As `dead list` prints it.")],
    kafka: Kafka = None,
    as_json: Json = False,
) -> None:
    """One dead letter with its original key and bytes, control characters written out. They may hold personal data."""
    from services.operations.dead_letters import read_letter

    letter: Letter = run(read_letter(settings_from(kafka=kafka), position))
    figures = letter.figures()
    lines = [f"{name}: {escaped(str(value))}" for name, value in figures.items()]
    lines += [f"key: {escaped(letter.key_text())}", escaped(letter.text())]
    tell({**figures, "key": letter.key_text(), "value": letter.text()}, lines, as_json)


@dead_app.command("redrive")
def dead_redrive(
    position: Annotated[str | None, typer.Argument(metavar="[PARTITION:OFFSET]", help="One letter.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All that were not redriven with --all before.")
    ] = False,
    reason: Annotated[
        str | None, typer.Option(help="With --all: only these; the others count as passed over.")
    ] = None,
    kafka: Kafka = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Put the original bytes back into account-events, under their original key.

    With --all, what was redriven is remembered, so a repeat takes only newer letters. The audit names who did it.

    [dim]Examples:[/dim]

      payguard admin dead redrive 3:17
      payguard admin dead redrive --all --reason invalid_event
    """
    from services.operations.dead_letters import redrive_all, redrive_one

    async def work() -> int:
        about = position or f"all {reason or ''}".strip()
        await audit_commands.note(settings.database, "dead_letters_redriven", "started", about)
        if position is None:
            count = await redrive_all(settings, reason)
        else:
            await redrive_one(settings, position)
            count = 1
        await audit_commands.note(settings.database, "dead_letters_redriven", "done", f"{about}: {count}")
        return count

    if everything == (position is not None):
        raise typer.BadParameter("give either PARTITION:OFFSET or --all")
    settings = settings_from(kafka=kafka, database=database)
    count = run(work())
    tell({"redriven": count}, f"{count} put back into {settings.topic_events}", as_json)


@keys_app.command("create")
def key_create(
    label: Annotated[str, typer.Argument(metavar="NAME", help="What the key is for.")],
    scope: Annotated[list[str], typer.Option(help=_SCOPES_HELP)],
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Make a key; its text is shown this once.

    `ingest` sends activity, `report` what owners say of events, `label` what chargebacks say, `contacts` sets where notices
    go, `verify` runs the second factor, `support` sees cases, `admin` may do everything.

    [dim]Examples:[/dim]

      payguard admin api-key create wallet --scope ingest --scope verify --scope contacts
      payguard admin api-key create chargebacks --scope label
    """

    async def work(keys: Any) -> tuple[str, Any]:
        made: tuple[str, Any] = await keys.create(label, scope, operator())
        return made

    text, key = run(_with_keys(settings_from(database=database).database, work))
    tell({"key": text, "key_id": key.key_id, "scopes": sorted(key.scopes)}, text, as_json)


@keys_app.command("list")
def key_list(database: Database = None, as_json: Json = False) -> None:
    """Every key without its secret, revoked ones too."""

    async def work(keys: Any) -> Any:
        return await keys.list()

    listed = run(_with_keys(settings_from(database=database).database, work))
    lines = [
        f"{key.key_id}  {'active' if key.revoked_at is None else 'revoked'}  "
        f"{','.join(sorted(key.scopes))}  {escaped(key.name)}"
        for key in listed
    ]
    none_yet = "no keys yet; make one with: payguard admin api-key create NAME --scope ingest"
    tell(listed, lines or none_yet, as_json)


@keys_app.command("limit")
def key_limit(
    key_id: Annotated[str, typer.Argument(metavar="KEY_ID", help="As `api-key list` prints it.")],
    scope: Annotated[list[str], typer.Option(help="A scope the key keeps; repeatable.")],
    database: Database = None,
) -> None:
    """Take the other scopes away from a key that stays in use; within ten seconds everywhere. A key never gains a scope.

    [dim]Example:[/dim] payguard admin api-key limit 0123456789ab --scope ingest --scope verify
    """

    async def work(keys: Any) -> Any:
        return await keys.limit(key_id, scope, operator())

    limited = run(_with_keys(settings_from(database=database).database, work))
    if limited is None:
        typer.echo(f"there is no active key {key_id}", err=True)
        raise typer.Exit(EXIT_BAD)
    typer.echo(f"{key_id} has {', '.join(sorted(limited.scopes))}")


@keys_app.command("revoke")
def key_revoke(
    key_id: Annotated[str, typer.Argument(metavar="KEY_ID", help="As `api-key list` prints it.")],
    database: Database = None,
) -> None:
    """End a key for good; every process refuses it within ten seconds. Exit code 1 when there is no such active key."""

    async def work(keys: Any) -> bool:
        return bool(await keys.revoke(key_id, operator()))

    if not run(_with_keys(settings_from(database=database).database, work)):
        typer.echo(f"there is no active key {key_id}", err=True)
        raise typer.Exit(EXIT_BAD)
    typer.echo(f"{key_id} is revoked")


async def _with_keys(url: str, work: Any) -> Any:
    from services.http.api_keys import ApiKeys

    async with open_database(url) as store:
        keys = ApiKeys(store)
        try:
            return await work(keys)
        finally:
            await keys.close()
