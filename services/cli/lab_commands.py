"""The commands `payguard lab ...`: measurements and training that production does not need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.feedback import progress
from services.cli.options import Json, print_json, settings_from
from services.cli.train_command import train

if TYPE_CHECKING:
    from rich.table import Table

    from services.lab.evaluate.login_table import LoginTable

lab = typer.Typer(
    no_args_is_help=True, help="Measure detection on simulated people.", rich_markup_mode="rich"
)


@lab.callback()
def _lab() -> None:
    """Measure detection on simulated people."""


lab.command()(train)


@lab.command()
def logins(
    seed: Annotated[
        int, typer.Option(help="Which people. Detectors were tuned on seed 7, never on seed 11.")
    ] = 11,
    people: Annotated[int, typer.Option(min=1, help="How many people to try.")] = 300,
    as_json: Json = False,
) -> None:
    """How many of the owners' logins are asked again when 98, 99 or 99.5 % of attackers are to be stopped.

    Simulated people live until they have logged in 12 and 39 times; then attackers who know their password come, and are
    ranked by the risk of the login among the owner's next twelve. `naive` comes from anywhere, `vpn` from the victim's country,
    `targeted` from the victim's network with the very browser, `cloned` with the device's id as well. The
    published medians beside ours are of a real service that saw addresses and user agents; people and attackers here
    are simulated, so the comparison shows the order of things and not how your users will fare.

    [dim]Examples:[/dim]

      payguard lab logins
      payguard lab logins --seed 7 --json
    """
    from services.lab.evaluate.login_table import login_table

    with progress("trying logins", 2 * people) as step:
        table = login_table(settings_from(), seed, people, step)
    if as_json:
        print_json(table)
        return
    from services.platform.plain_console import PlainConsole

    console = PlainConsole()
    for device_ids in (True, False):
        console.print(_shown(table, device_ids))
    console.print(_SAID)


_SAID = """\
asked: share of the owners' next twelve logins; median: over owners. 1.000 is
where so many attackers cannot be told from the owner by the login alone.
People and attackers are simulated. publ.: medians of a real service, by
address and user agent, without device ids. Seed 7 was looked at while the
detectors were made, seed 11 never."""


def _shown(table: LoginTable, device_ids: bool) -> Table:
    from rich.box import SIMPLE
    from rich.table import Column

    from services.platform.plain_console import right, titled

    told = "with device ids" if device_ids else "without device ids"
    tried = " and ".join(str(people) for people in table.people.values())
    figures = [f"{head}\n{history}" for history in table.people for head in ("asked", "median", "publ.")]
    points = [point for point in table.points if point.device_ids == device_ids]
    rows = []
    for name, stopped in dict.fromkeys((point.attacker, point.stopped) for point in points):
        cells = [name, f"{stopped:.1%}"]
        for point in points:
            if (point.attacker, point.stopped) == (name, stopped):
                published = "" if point.published_median is None else f"{point.published_median:.2f}"
                cells += [f"{point.asked:.3f}", f"{point.asked_median:.2f}", published]
        rows.append(cells)
    title = f"Asked again {told}; seed {table.seed}; {tried} people"
    heads = [Column("attacker", no_wrap=True), *right("stopped", *figures)]
    return titled(title, heads, rows, box=SIMPLE)
