"""`payguard cases pack`: an evidence pack of one case, as PDF and JSON."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, TypeVar

import typer

from services.cli.options import EXIT_BAD, Database, Json, open_database, operator, run, settings_from, tell

if TYPE_CHECKING:
    from services.cases.approvals import Approval
    from services.desk.packs import Made, Packs, Wanted
    from services.platform.settings import Settings

app = typer.Typer(rich_markup_mode="rich")
T = TypeVar("T")
_NONE = "there is no such case"


@app.command()
def pack(
    case: Annotated[
        str, typer.Argument(metavar="CASE", help="The case's number, such as C-7F3K-92, or its id.")
    ],
    locale: Annotated[str, typer.Option(help="en or zh-CN.")] = "en",
    zone: Annotated[str, typer.Option(help="The time zone of its times, as in Asia/Shanghai.")] = "UTC",
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A .pdf or a .json; without one, both are written here."),
    ] = None,
    ask: Annotated[
        str | None,
        typer.Option(metavar="WHY", help="Make nothing: ask a second person to allow complete copies."),
    ] = None,
    complete: Annotated[
        bool, typer.Option("--complete", help="Without masks, within four hours after that was allowed.")
    ] = False,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Write an evidence pack of a case: masked, with the SHA-256 of each file in the audit.

    A complete copy needs a second person: ask with --ask, have it allowed in the desk, and make it with --complete.

    [dim]Examples:[/dim]

      payguard cases pack C-7F3K-92
      payguard cases pack C-7F3K-92 --locale zh-CN --zone Asia/Shanghai --output pack.pdf
    """
    from services.desk.packs import Wanted

    settings = settings_from(database=database)
    case_id = _case_id(settings, case)
    if ask is not None:
        _ask(settings, case_id, ask, as_json)
        return
    wanted = Wanted(case_id=case_id, by=operator(), locale=locale, time_zone=zone, masked=not complete)
    _write(_made(settings, wanted, pdf=output is None or output.suffix != ".json"), output, as_json)


def _case_id(settings: Settings, said: str) -> str:
    """The id of the case that is called so. Ends the command where that is none, or several."""
    from services.desk.pack_named import cases_named

    async def found() -> list[str]:
        async with open_database(settings.database) as store:
            return await cases_named(store, said)

    ids = run(found())
    if len(ids) != 1:
        _stop(f"{len(ids)} cases have this number; name one by its id: {', '.join(ids)}" if ids else _NONE)
    return ids[0]


def _ask(settings: Settings, case_id: str, why: str, as_json: bool) -> None:
    if not why.strip():
        raise typer.BadParameter("say why: whoever allows it reads that")
    asked: Approval | None = run(
        _with(settings, lambda packs: packs.ask_unmasked(case_id, operator(), why.strip()))
    )
    if asked is None:
        _stop(_NONE)
    said = f"asked as {asked.approval_id}: it waits for another person, among the approvals of the desk"
    tell({"approval_id": asked.approval_id}, said, as_json)


def _made(settings: Settings, wanted: Wanted, *, pdf: bool) -> Made:
    from services.desk.pack_pdf import GlyphMissing, PacksUnavailable
    from services.desk.packs import NotAllowed

    try:
        made = run(_with(settings, lambda packs: packs.make(wanted, pdf=pdf)))
    except (GlyphMissing, NotAllowed, PacksUnavailable) as error:
        _stop(str(error))
    if made is None:
        _stop(_NONE)
    return made


def _write(made: Made, output: Path | None, as_json: bool) -> None:
    from services.desk.pack import sha256

    bodies: dict[Path, bytes] = {}
    if made.pdf is not None:
        bodies[output or Path(f"{made.name}.pdf")] = made.pdf
    if output is None or made.pdf is None:
        bodies[output or Path(f"{made.name}.json")] = made.body
    for file, body in bodies.items():
        file.write_bytes(body)
    hashes = {str(file): sha256(body) for file, body in bodies.items()}
    tell({"files": hashes}, [f"{digest}  {file}" for file, digest in hashes.items()], as_json)


def _stop(said: str) -> NoReturn:
    typer.echo(said, err=True)
    raise typer.Exit(EXIT_BAD)


async def _with(settings: Settings, work: Callable[[Packs], Awaitable[T]]) -> T:
    from services.bootstrap.packing import open_packs
    from services.bootstrap.rest import open_reasons, open_vault

    vault = open_vault(settings) if settings.factor_key or settings.factor_key_file else None
    async with open_database(settings.database) as store:
        return await work(open_packs(settings, store, time.time, vault, open_reasons()))
