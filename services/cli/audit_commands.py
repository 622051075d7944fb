"""`payguard admin audit`: is the audit whole, and what does it say."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.errors import Malformed
from services.cli.options import (
    EXIT_BAD,
    Database,
    Json,
    existing,
    open_database,
    operator,
    run,
    settings_from,
    tell,
)
from services.platform.printable import escaped

if TYPE_CHECKING:
    from services.audit.audit_log import Checked
    from services.audit.chain import Head, Row
    from services.desk.packs import Known

app = typer.Typer(
    no_args_is_help=True,
    help="The record of every offered code, factor change and administrator's act.",
    rich_markup_mode="rich",
)


@app.command()
def verify(
    database: Database = None,
    heads: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the partitions' heads here; keep it elsewhere.")
    ] = None,
    against: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Heads written earlier: nothing may have gone since.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Walk every row of every partition. Exit code 1, and the first broken row of each, when one was changed or has gone.

    Whoever owns the database can rewrite a partition's end together with its head. Heads that are kept elsewhere tell of that.

    [dim]Examples:[/dim]

      payguard admin audit verify --heads audit-heads.json
      payguard admin audit verify --against audit-heads.json
    """
    saved = None if against is None else _read_heads(existing(against))
    checked = run(_verify(settings_from(database=database).database, saved))
    if heads is not None and not checked.broken:
        _write_heads(heads, checked.heads)
    tell(_figures(checked), _words(checked), as_json)
    if checked.broken:
        raise typer.Exit(EXIT_BAD)


@app.command()
def show(
    database: Database = None,
    account: Annotated[str | None, typer.Option(help="Only this account.")] = None,
    action: Annotated[str | None, typer.Option(help="Only this action, as `show` prints it.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most this many.")] = 100,
    as_json: Json = False,
) -> None:
    """The newest rows, newest first. They name accounts.

    [dim]Example:[/dim] payguard admin audit show --account a-17 --limit 20
    """
    found = run(_rows(settings_from(database=database).database, account, action, limit))
    rows = [_shown(row) for row in found]
    tell(rows, map(_line, rows) if rows else "no such rows", as_json)


@app.command()
def pack(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A pack: its PDF, or its JSON.")],
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Whether the audit knows an evidence pack as it is: when it was made, and by whom. Exit code 1 when it does not.

    [dim]Example:[/dim] payguard admin audit pack pack-C-7F3K-92-2026-11-29.pdf
    """
    from services.desk.pack import sha256

    digest = sha256(existing(file).read_bytes())
    found = run(_packs(settings_from(database=database).database, digest))
    at = [datetime.fromtimestamp(each.at, UTC).isoformat(timespec="seconds") for each in found]
    words = [f"made {when} by {escaped(each.by)}: {each.what}" for when, each in zip(at, found, strict=True)]
    tell(
        {"sha256": digest, "known": found},
        words or f"no pack of SHA-256 {digest}: the file was changed, or not made here",
        as_json,
    )
    if not found:
        raise typer.Exit(EXIT_BAD)


async def note(url: str, action: str, result: str, reason: str) -> None:
    """Record an act of whoever runs the command line."""
    from services.audit.audit_log import Entry, record

    entry = Entry(at=time.time(), action=action, result=result, actor=operator(), reason=reason)
    async with open_database(url) as store, store.begin() as connection:
        await record(connection, entry)


async def _verify(url: str, saved: Mapping[int, Head] | None) -> Checked:
    from services.audit.audit_log import verify as walk

    async with open_database(url, migrate=False) as store:
        return await walk(store, saved)


async def _packs(url: str, digest: str) -> list[Known]:
    from services.desk.packs import known

    async with open_database(url, migrate=False) as store:
        return await known(store, digest)


async def _rows(url: str, account: str | None, action: str | None, limit: int) -> list[Row]:
    from services.audit.audit_log import rows

    async with open_database(url, migrate=False) as store:
        return await rows(store, account, action, limit)


def _words(checked: Checked) -> Iterator[str]:
    for head in checked.heads:
        if head.seq:
            yield f"partition {head.partition}: {head.seq} rows, head {head.hash.hex()}"
    for broken in checked.broken:
        yield f"BROKEN  partition {broken.partition}, row {broken.seq} {broken.fault}"
    state = "every one in its place" if not checked.broken else "and not whole"
    yield f"{checked.entries} rows, {state}"


def _line(row: dict[str, object]) -> str:
    told = {name: value for name, value in row.items() if value is not None and name != "hash"}
    place, at, act, result = (told.pop(name) for name in ("place", "at", "action", "result"))
    rest = "  ".join(f"{name}={value}" for name, value in told.items())
    return escaped(f"{place}  {at}  {act} {result}  {rest}")


def _figures(checked: Checked) -> dict[str, object]:
    return {
        "whole": not checked.broken,
        "rows": checked.entries,
        "broken": checked.broken,
        "heads": _as_json(checked.heads),
    }


def _shown(row: Row) -> dict[str, object]:
    from msgspec.structs import asdict

    at = datetime.fromtimestamp(row.entry.at, UTC).isoformat()
    return {"place": f"{row.partition}:{row.seq}", **asdict(row.entry), "at": at, "hash": row.hash.hex()}


def _as_json(heads: list[Head]) -> list[dict[str, object]]:
    return [{"lane": head.partition, "seq": head.seq, "hash": head.hash.hex()} for head in heads]


def _write_heads(file: Path, heads: list[Head]) -> None:
    from msgspec import json

    file.write_bytes(json.format(json.encode(_as_json(heads)), indent=1) + b"\n")


def _read_heads(file: Path) -> dict[int, Head]:
    from msgspec import DecodeError, Struct, json

    from services.audit.chain import Head

    class Kept(Struct, forbid_unknown_fields=True):
        lane: int
        seq: int
        hash: str

    try:
        kept = json.decode(file.read_bytes(), type=list[Kept])
        return {head.lane: Head(head.lane, head.seq, bytes.fromhex(head.hash)) for head in kept}
    except (DecodeError, ValueError):
        raise Malformed(
            "audit_heads", f"{file} was not written by: payguard admin audit verify --heads"
        ) from None
