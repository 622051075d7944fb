"""`payguard admin export` and `payguard admin erase`: what an account's owner has a right to."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.options import (
    EXIT_BAD,
    Database,
    Json,
    Redis,
    open_database,
    operator,
    print_json,
    run,
    settings_from,
    tell,
)

if TYPE_CHECKING:
    from services.cases.approvals import Approval
    from services.platform.settings import Settings
    from services.rights.erasure import AccountRights, Erased

Account = Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account's id.")]


def register(app: typer.Typer) -> None:
    """Put both commands into the group."""
    app.command("export")(export)
    app.command("erase")(erase)


def export(account: Account, redis: Redis = None, database: Database = None) -> None:
    """All that is kept about an account, as one JSON object. It holds personal data; the audit says who asked.

    [dim]Example:[/dim] payguard admin export li > li.json
    """

    async def work(rights: AccountRights) -> Any:
        return await rights.export(account, operator())

    print_json(run(_with_rights(settings_from(redis=redis, database=database), work)))


def erase(
    account: Account,
    why: Annotated[str, typer.Option(help="Why, for whoever must allow it.")],
    redis: Redis = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Erase an account, or ask for it where the policy wants a second person: another one runs the same command.

    What is kept goes at once; workers forget what they remember when they hear of it. What stays is listed, with its date.

    [dim]Example:[/dim] payguard admin erase li --why "request 4711 of the owner"
    """
    from services.cases.approvals import Approval, SamePerson, StillStanding

    async def work(rights: AccountRights) -> Erased | Approval:
        return await rights.erase_or_allow(account, operator(), why)

    try:
        done = run(_with_rights(settings_from(redis=redis, database=database), work))
    except (SamePerson, StillStanding) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(EXIT_BAD) from None
    if isinstance(done, Approval):
        tell(done, f"asked for; another person must run the same until {_moment(done.expires_at)}", as_json)
        return
    words = [f"{account} is erased"]
    words += [
        f"left: {each.where} ({each.why}), "
        + ("always" if each.until is None else f"until {_moment(each.until)}")
        for each in done.kept
    ]
    tell(done, words, as_json)


async def _with_rights(settings: Settings, work: Any) -> Any:
    from services.memory.redis_client import connect
    from services.policy.file import read_policy
    from services.rights.erasure import AccountRights

    client = connect(settings.redis)
    try:
        async with open_database(settings.database) as store:
            second_person = read_policy(settings.policy).acts.second_person
            return await work(AccountRights(settings, store, client, time.time, second_person))
    finally:
        await client.aclose()


def _moment(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(at))
