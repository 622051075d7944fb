"""`payguard admin staff`: members of the desk, their first sign-in, roles and sessions."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from services.cli.options import (
    EXIT_BAD,
    Database,
    Json,
    open_database,
    operator,
    run,
    say,
    settings_from,
    tell,
)
from services.platform.printable import escaped

if TYPE_CHECKING:
    from services.staff.staff import Staff

app = typer.Typer(
    no_args_is_help=True,
    help="Members of the desk: add, list, reset, disable, enable, roles, sessions.",
    rich_markup_mode="rich",
)
Name = Annotated[str, typer.Argument(metavar="NAME", help="The staff name, such as wang.min.")]
_ROLES = "agent, senior, security, admin or auditor (who reads only)."
T = TypeVar("T")


@app.command("add")
def add(
    name: Name,
    role: Annotated[str, typer.Option(help=_ROLES)],
    shown: Annotated[
        str, typer.Option("--shown", help="The name that colleagues see; else the staff name.")
    ] = "",
    language: Annotated[str, typer.Option(help="en or zh-CN.")] = "en",
    time_zone: Annotated[str, typer.Option(help="Whose clock pages show, such as Asia/Shanghai.")] = "UTC",
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Add a member; prints the link of the first sign-in, which works for 72 hours, until password and authenticator are set.

    The member must be handed the link by you, not by a mailbox that others read.

    [dim]Example:[/dim] payguard admin staff add wang.min --role agent --language zh-CN --time-zone Asia/Shanghai
    """
    from services.staff.members import made

    member = made(name, role, shown, language, time_zone)
    _hand_over(database, lambda staff: staff.add(member, operator()), as_json)


@app.command("reset")
def reset(name: Name, database: Database = None, as_json: Json = False) -> None:
    """Take password, authenticator and sessions away; prints the link of a new first sign-in. A disabled member may enter again.

    [dim]Example:[/dim] payguard admin staff reset wang.min
    """
    _hand_over(database, lambda staff: staff.reset(name, operator()), as_json)


@app.command("disable")
def disable(name: Name, database: Database = None) -> None:
    """Let a member in no more, from their next click on. The name stays taken: what they did is kept under it."""
    _done(database, lambda staff: staff.disable(name, operator()))
    typer.echo(f"{name} is disabled")


@app.command("enable")
def enable(name: Name, database: Database = None) -> None:
    """Let a disabled member in again, by what they signed in with before."""
    _done(database, lambda staff: staff.enable(name, operator()))
    typer.echo(f"{name} is enabled")


@app.command("role")
def role(
    name: Name, new: Annotated[str, typer.Argument(metavar="ROLE", help=_ROLES)], database: Database = None
) -> None:
    """Give a member another role, from their next click on."""
    _done(database, lambda staff: staff.set_role(name, new, operator()))
    typer.echo(f"{name} is {new}")


@app.command("list")
def listed(database: Database = None, as_json: Json = False) -> None:
    """Every member by name, without password and authenticator, disabled ones too."""

    async def work(staff: Staff) -> list[dict[str, object]]:
        return [
            {
                "name": each.member.name,
                "role": each.member.role,
                "shown": each.member.display_name,
                "state": "disabled" if each.disabled_at is not None else "ready" if each.ready else "invited",
                "signed_in_at": each.signed_in_at,
            }
            for each in await staff.listed()
        ]

    found = _done(database, work)
    lines = [escaped(f"{each['name']}  {each['role']}  {each['state']}  {each['shown']}") for each in found]
    tell(found, lines or "nobody yet; add somebody with: payguard admin staff add NAME --role admin", as_json)


@app.command("sessions")
def sessions(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Of one member alone.")] = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Open sessions, last used first: id, member, browser and address."""
    found = _done(database, lambda staff: staff.sessions.listed(name))
    lines = [
        escaped(f"{each.session_id}  {each.name}  {each.browser or '-'}  {each.address or '-'}")
        for each in found
    ]
    tell(found, lines or "no open sessions", as_json)


@app.command("end")
def end(
    session: Annotated[str, typer.Argument(metavar="SESSION", help="As `sessions` prints it.")],
    database: Database = None,
) -> None:
    """End a session. Exit code 1 when there is no such open one."""
    if not _done(database, lambda staff: staff.sessions.end(session, operator())):
        say("there is no open session of that id")
        raise typer.Exit(EXIT_BAD)
    typer.echo("the session is ended")


def _hand_over(database: str | None, work: Callable[[Staff], Awaitable[str]], as_json: bool) -> None:
    """Print the link with the code that the work made."""
    from services.bootstrap.desk import desk_url

    code = _done(database, work)
    if not code:
        said = "they sign in at the company, and bind a new authenticator when they do so next"
        tell({"link": None, "code": None}, said, as_json)
        return
    link = f"{desk_url(settings_from(database=database))}/desk/first/{code}"
    tell({"link": link, "code": code}, link, as_json)


def _done(database: str | None, work: Callable[[Staff], Awaitable[T]]) -> T:
    """What the work says; a name that there is not, or that is taken, ends with its sentence and exit code 1."""
    from services.bootstrap.desk import staff_of
    from services.staff.members import NameTaken, NoMember

    settings = settings_from(database=database)

    async def with_staff() -> T:
        async with open_database(settings.database) as store:
            return await work(staff_of(settings, store, time.time))

    try:
        return run(with_staff())
    except (NameTaken, NoMember) as error:
        say(f"error: {error}")
        raise typer.Exit(EXIT_BAD) from None
