"""`payguard attacks`: which attacks on many accounts there were, and one of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from services.cli.options import EXIT_BAD, Database, Json, open_database, run, settings_from, tell
from services.platform.printable import escaped

if TYPE_CHECKING:
    from services.attacks.listing import Attack, Attacks

app = typer.Typer(
    no_args_is_help=True,
    help="Attacks on many accounts: which there were, how large, and who gave way.",
    rich_markup_mode="rich",
)
T = TypeVar("T")


@app.command("list")
def listed(
    under_way: Annotated[bool, typer.Option("--open", help="Only those under way.")] = False,
    most: Annotated[int, typer.Option("--most", help="At most so many.", min=1, max=200)] = 20,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Attacks, last begun first: number, kind, state, beginning, attempts, accounts touched, accounts that gave way.

    [dim]Example:[/dim] payguard attacks list --open
    """

    async def work(attacks: Attacks) -> list[Attack]:
        found, _ = await attacks.listed(
            state="open" if under_way else None, kind=None, cursor=None, limit=most
        )
        return found

    attacks = _asked(database, work)
    tell(attacks, [_line(each) for each in attacks] or "no attack", as_json)


@app.command("show")
def show(
    attack: Annotated[str, typer.Argument(metavar="NUMBER", help="As `list` prints it, such as W-118.")],
    database: Database = None,
    as_json: Json = False,
) -> None:
    """One attack: its addresses by kind of network, money at stake, accounts that gave way, and what was done.

    [dim]Example:[/dim] payguard attacks show W-118
    """
    found = _asked(database, lambda attacks: attacks.one(attack))
    if found is None:
        typer.echo("there is no such attack", err=True)
        raise typer.Exit(EXIT_BAD)
    lines = [_line(found.attack)]
    lines += [f"addresses: {network} {count}" for network, count in sorted(found.networks.items())]
    lines += [
        f"money {state}: {amount} {currency}"
        for state, money in found.attack.at_stake.items()
        for currency, amount in money.items()
    ]
    lines += [f"gave way: {each.account_id} at {_moment(each.gave_way_at or 0.0)}" for each in found.gave_way]
    lines += [f"{_moment(each.at)} {each.what} by {each.by}" for each in found.deeds]
    tell(found, map(escaped, lines), as_json)


def _asked(database: str | None, work: Callable[[Attacks], Awaitable[T]]) -> T:
    async def asked() -> T:
        from services.attacks.listing import Attacks

        async with open_database(settings_from(database=database).database) as store:
            return await work(Attacks(store))

    return run(asked())


def _line(attack: Attack) -> str:
    return (
        f"{attack.attack_id}  {attack.kind}  {attack.state}  {_moment(attack.begun_at)}  "
        f"{attack.attempts} attempts  {attack.accounts} accounts  {attack.gave_way} gave way"
    )


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
