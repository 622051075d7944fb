"""`payguard notify`: the letters, to look at and to look up."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Annotated

import typer

from services.cli.options import EXIT_BAD, Database, Json, open_database, say, settings_from

app = typer.Typer(
    no_args_is_help=True, help="Letters to owners: look at them, look one up.", rich_markup_mode="rich"
)


@app.command()
def preview(
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where the files go.")] = Path(
        "letters"
    ),
    locale: Annotated[
        list[str] | None, typer.Option("--locale", help="en or zh-CN; repeatable. Both by default.")
    ] = None,
) -> None:
    """Write every letter with three made-up events each, as HTML (light and dark) and plain text, and a page of all of them.

    No service is needed. The letters are in the name of PAYGUARD_TOTP_ISSUER.

    [dim]Example:[/dim] payguard notify preview --out letters
    """
    from notifier.preview import write
    from notifier.words import LOCALES

    wanted = locale or list(LOCALES)
    if unknown := sorted(set(wanted) - set(LOCALES)):
        raise typer.BadParameter(f"--locale takes {' or '.join(LOCALES)}, not {', '.join(unknown)}")
    try:
        count = write(out, settings_from().totp_issuer, wanted)
    except OSError as error:
        raise typer.BadParameter(f"cannot write to {out}: {error.strerror}") from None
    typer.echo(f"{count} letters: open {out / 'index.html'}")


@app.command()
def show(
    reference: Annotated[str, typer.Argument(help="As the letter has it, such as PG-7F3K-92.")],
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Whether a letter is ours: the account it went to, what it was about, and how each address took it.

    Exit code 1 when no letter of ours bears the reference.

    [dim]Example:[/dim] payguard notify show PG-7F3K-92
    """
    from services.cases.case_service import CaseService
    from services.cases.owner_views import MessageShown

    async def look() -> list[MessageShown]:
        async with open_database(settings_from(database=database).database) as store:
            found = await CaseService(store, time.time).messages(reference)
        return [MessageShown.of(each, addresses=True) for each in found]

    found = asyncio.run(look())
    if as_json:
        typer.echo(json.dumps([each.model_dump(mode="json") for each in found], indent=2))
    elif not found:
        say("no letter of ours bears this reference; it has the form PG-7F3K-92")
    for each in [] if as_json else found:
        letter = each.letter
        typer.echo(
            f"ours: {letter.template} to account {each.account_id}, {letter.recorded_at}, {letter.state}"
        )
        for tried in letter.tries:
            typer.echo(f"  {tried.channel} {tried.address or 'an address no longer known'}: {tried.outcome}")
    raise typer.Exit(0 if found else EXIT_BAD)
