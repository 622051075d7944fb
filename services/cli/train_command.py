"""The command `payguard lab train`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.feedback import BadLines, progress, size_of
from services.cli.options import EventFile, Json, existing, print_json, run, settings_from

if TYPE_CHECKING:
    from services.lab.train.fit import Trained

_DAY = ["%Y-%m-%d"]


def train(
    file: EventFile,
    first: Annotated[
        datetime, typer.Option("--from", formats=_DAY, metavar="DATE", help="First day learnt from (UTC).")
    ],
    last: Annotated[
        datetime, typer.Option("--to", formats=_DAY, metavar="DATE", help="Last day learnt from.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The model file to write.")],
    label_delay_days: Annotated[
        int, typer.Option(min=0, help="Days until the window's truth was known; noted in the file.")
    ] = 7,
    name: Annotated[
        str | None, typer.Option(help="Name of the model: a-z, 0-9, dot, dash. Not given: the last day.")
    ] = None,
    trees: Annotated[int, typer.Option(min=1, max=400, help="Most trees.")] = 60,
    depth: Annotated[int, typer.Option(min=1, max=5, help="Questions from a tree's root to its leaves.")] = 3,
    learning_rate: Annotated[float, typer.Option(min=0.005, max=1.0, help="What each tree adds.")] = 0.1,
    seed: Annotated[int, typer.Option(help="The same seed and rows give the same file.")] = 1,
    policy: Annotated[Path | None, typer.Option(metavar="FILE", help="Another policy (TOML).")] = None,
    as_json: Json = False,
) -> None:
    """Train a model of payments on a replay: what the runner sees of each, beside the truth in the line's `label`.

    Replays FILE from its start, so that accounts and payees have their history, and learns from the days from --from to --to.
    The model then works by PAYGUARD_MODEL or --model. Needs payguard\\[lab].

    [dim]Example:[/dim]

      payguard lab train handbook.jsonl --from 2018-07-04 --to 2018-07-10 --out model.json
    """
    from services.lab.evaluate.measures import day_number
    from services.lab.train.fit import TrainOptions
    from services.lab.train.fit import train as fit
    from services.lab.train.rows import collect_rows
    from services.risk.model_file import written

    if last < first:
        raise typer.BadParameter("--to lies before --from")
    days = day_number(first.date()), day_number(last.date())
    settings = settings_from(policy=existing(policy) if policy else None)
    bad = BadLines()
    with progress("replaying", size_of(existing(file))) as step:
        rows = run(collect_rows(settings, file, *days, bad.note, step))
    options = TrainOptions(
        name=name or f"trained-to-{last:%Y-%m-%d}",
        first_day=days[0],
        last_day=days[1],
        label_delay_days=label_delay_days,
        trees=trees,
        depth=depth,
        learning_rate=learning_rate,
        seed=seed,
    )
    trained = fit(rows, options)
    out.write_bytes(written(trained.file))
    if as_json:
        print_json(
            {
                "model": trained.file.version,
                "trees": len(trained.file.trees),
                "provenance": trained.file.provenance,
                "held_out_losses": trained.held_out_losses,
                "refused_lines": bad.count,
            }
        )
    else:
        _show(trained, out)
    bad.end()


def _show(trained: Trained, out: Path) -> None:
    from rich.table import Table

    from services.lab.train.fit import strongest
    from services.platform.plain_console import PlainConsole

    model, console = trained.file, PlainConsole()
    of = model.provenance
    console.print(
        f"{model.version} in {out}: {len(model.trees)} trees from {of.events:,} payments, {of.frauds:,} of them fraud"
    )
    curve = Table("risk said", "risk found", "payments", title="Reliability on held-out days")
    for each in of.reliability:
        curve.add_row(f"{each.said:.4f}", f"{each.found:.4f}", f"{each.events:,}")
    console.print(curve)
    table = Table("what it looks at", "nats moved", title="Strongest numbers")
    for feature, moved in strongest(model):
        table.add_row(feature, f"{moved:.2f}")
    console.print(table)
