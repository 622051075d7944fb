"""`payguard cases pack`: an evidence pack of one case, as PDF and JSON."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.options import EXIT_BAD, Database, Json, open_database, operator, run, settings_from, tell

if TYPE_CHECKING:
    from services.desk.packs import Made, Wanted
    from services.platform.settings import Settings

app = typer.Typer(rich_markup_mode="rich")


@app.command()
def pack(
    case: Annotated[str, typer.Argument(metavar="CASE", help="The case's id, as the API has it.")],
    locale: Annotated[str, typer.Option(help="en or zh-CN.")] = "en",
    zone: Annotated[str, typer.Option(help="The time zone of its times, as in Asia/Shanghai.")] = "UTC",
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A .pdf or a .json; without one, both are written here."),
    ] = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Write an evidence pack of a case: masked, with the SHA-256 of each file in the audit.

    A complete copy needs a second person, so it is made in the desk or over the API alone.

    [dim]Examples:[/dim]

      payguard cases pack 4f1c9a20c3ab4d5e8f00112233445566
      payguard cases pack 4f1c9a20c3ab4d5e8f00112233445566 --locale zh-CN --zone Asia/Shanghai --output pack.pdf
    """
    from services.desk.pack import sha256
    from services.desk.pack_pdf import GlyphMissing, PacksUnavailable
    from services.desk.packs import Wanted

    wanted = Wanted(case_id=case, by=operator(), locale=locale, time_zone=zone)
    only_json = output is not None and output.suffix == ".json"
    try:
        made = run(_make(settings_from(database=database), wanted, pdf=not only_json))
    except (GlyphMissing, PacksUnavailable) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(EXIT_BAD) from None
    if made is None:
        typer.echo("there is no such case", err=True)
        raise typer.Exit(EXIT_BAD)
    bodies = {output or Path(f"{made.name}.pdf"): made.pdf} if made.pdf is not None else {}
    if output is None or only_json:
        bodies[output or Path(f"{made.name}.json")] = made.body
    for file, body in bodies.items():
        file.write_bytes(body or b"")
    hashes = {str(file): sha256(body or b"") for file, body in bodies.items()}
    tell({"files": hashes}, [f"{digest}  {file}" for file, digest in hashes.items()], as_json)


async def _make(settings: Settings, wanted: Wanted, *, pdf: bool) -> Made | None:
    from services.bootstrap.packing import open_packs
    from services.bootstrap.rest import open_reasons, open_vault

    vault = open_vault(settings) if settings.factor_key or settings.factor_key_file else None
    async with open_database(settings.database) as store:
        return await open_packs(settings, store, time.time, vault, open_reasons()).make(wanted, pdf=pdf)
