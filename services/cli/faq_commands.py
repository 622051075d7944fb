"""`payguard admin faq`: what the help's keepers look at once a week."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.options import Database, Json, open_database, operator, run, settings_from, tell
from services.platform.printable import escaped

if TYPE_CHECKING:
    from services.help.week import Week
    from services.platform.settings import Settings

app = typer.Typer(no_args_is_help=True, help="The help for users: the week's list, and who has reviewed it.")
#: Days until a review that somebody notes is due again.
_DAYS = 180
_MOST = 20
_LONGEST_TEAM = 128


@app.command("week")
def faq_week(database: Database = None, as_json: Json = False) -> None:
    """The last seven days: what was read most and whether it helped, what was asked and not found, whose review is due.

    Questions are kept without numbers, addresses and whoever asked them.

    [dim]Example:[/dim] payguard admin faq week --json
    """
    found = run(_week(settings_from(database=database).database))
    tell(found, _lines(found), as_json)


async def _week(url: str) -> Week:
    import time

    from services.help.week import week

    async with open_database(url) as store, store.read() as connection:
        return await week(connection, time.time())


def _lines(found: Week) -> list[str]:
    lines = [f"{found.since} to {found.until}: {found.searches} searches, {found.without_hit} found nothing"]
    lines += ["", "most read"] if found.read else ["", "nothing was read"]
    lines += [
        f"{each.reads:>6}  {each.slug} ({each.locale})"
        + (f", helped {each.useful}, did not {each.not_useful}" if each.useful or each.not_useful else "")
        for each in found.read
    ]
    lines += ["", "asked but not found"] if found.missed else []
    lines += [f"{each.times:>6}  {escaped(each.words)} ({each.locale})" for each in found.missed]
    lines += ["", "overdue for review"] if found.due else ["", "no review is overdue"]
    lines += [
        f"{each.review_by}  {each.slug} ({each.locale}), {escaped(each.reviewed_by)}" for each in found.due
    ]
    return lines + _unreviewed(found)


def _unreviewed(found: Week) -> list[str]:
    count = len(found.unreviewed)
    if not count:
        return []
    names = list(dict.fromkeys(each.slug for each in found.unreviewed))
    more = f", and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return [
        "",
        f"reviewed by nobody here: {count}. Read them, then note it with `payguard admin faq review --by TEAM`",
        f"{'':>6}  {', '.join(names[:_MOST])}{more}",
    ]


@app.command("review")
def faq_review(
    by: Annotated[
        str, typer.Option("--by", metavar="TEAM", help="The team that has read them, as users see it.")
    ],
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME...", help="Answers by name; none: every one.")
    ] = None,
    days: Annotated[int, typer.Option("--days", min=1, max=3650, help="Until they are due again.")] = _DAYS,
    database: Database = None,
) -> None:
    """Note that a team has read answers of the help, in both languages: users see its name, and the week's list is shorter.

    [dim]Example:[/dim] payguard admin faq review --by "Customer service" limits top-up-missing
    """
    if not by.strip() or len(by) > _LONGEST_TEAM or not by.isprintable():
        raise typer.BadParameter(f"a team has 1 to {_LONGEST_TEAM} characters in one line", param_hint="--by")
    settings = settings_from(database=database)
    count = run(_review(settings, by.strip(), names or [], days))
    typer.echo(f"{count} answers noted as reviewed by {escaped(by.strip())}")


async def _review(settings: Settings, reviewed_by: str, names: list[str], days: int) -> int:
    import time
    from datetime import UTC, datetime, timedelta

    from services.bootstrap.helping import open_library

    async with open_database(settings.database) as store:
        library = await open_library(settings, store, time.time)
        until = datetime.fromtimestamp(time.time(), UTC).date() + timedelta(days=days)
        return len(await library.review(names, reviewed_by, until, operator()))
