"""`payguard notify`: the letters, to look at."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.cli.options import settings_from

app = typer.Typer(no_args_is_help=True, help="Letters to owners: look at them.", rich_markup_mode="rich")


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
