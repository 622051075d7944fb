"""`payguard admin activity`: how much is kept of what happened, and for how long."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from services.cli.options import Database, Json, open_database, run, settings_from, tell

if TYPE_CHECKING:
    from services.activity.repository import Size
    from services.platform.settings import Settings

app = typer.Typer(no_args_is_help=True, help="What is kept of each account's activity: size.")


@app.command("size")
def size(database: Database = None, as_json: Json = False) -> None:
    """Rows, the bytes that they take a row and in all, the days they are of, and for how long each section is kept.

    [dim]Example:[/dim] payguard admin activity size --json
    """
    from services.activity.service import kept_days

    settings = settings_from(database=database)
    found, kept = run(_size(settings)), dict(kept_days(settings))
    each = round(found.bytes / found.rows) if found.rows else None
    figures = {
        "rows": found.rows,
        "bytes": found.bytes,
        "bytes_a_row": each,
        "first_day": found.first,
        "last_day": found.last,
        "kept_days": kept,
    }
    words = [f"{found.rows:,} rows, {found.bytes:,} bytes, indexes counted"]
    if each is not None:
        words.append(f"{each:,} bytes a row, days {found.first} to {found.last}")
    words += [f"{section} is kept for {days} days" for section, days in kept.items()]
    tell(figures, words, as_json)


async def _size(settings: Settings) -> Size:
    import time

    from services.activity.repository import ActivityStore
    from services.activity.service import kept_days

    async with open_database(settings.database) as store:
        return await ActivityStore(store, kept_days(settings), time.time).size()
