"""The command `payguard convert`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from services.cli.feedback import Out, output_to, progress
from services.cli.options import existing


def convert(
    source: Annotated[
        Literal["handbook", "sparkov", "paysim", "entra", "sshd"],
        typer.Argument(help="Which data set FILE is."),
    ],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The data set's file.")],
    out: Out = None,
    limit: Annotated[int, typer.Option(min=0, help="Stop after this many rows; 0 is all.")] = 0,
    label_delay_days: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="Tell of each fraud after this many days; 0 never. Handbook: 7 if not given, others: 0.",
        ),
    ] = None,
) -> None:
    """A public data set as events, JSON lines on standard output. What it says beyond them stands in `label`.

    [dim]Examples:[/dim]

      payguard convert sshd openssh_password_attempts.csv.gz | payguard replay - --summary
      payguard convert handbook transactions.parquet --out handbook.jsonl
      payguard convert paysim paysim.csv --label-delay-days 7 > paysim.jsonl
    """
    from services.lab.convert.sources import SOURCES

    known = SOURCES[source]
    delay = known.label_delay_days if label_delay_days is None else label_delay_days
    rows = known.count(existing(file))
    with output_to(out) as target, progress(f"converting {source}", min(limit or rows, rows)) as step:
        for line in known.lines(file, delay, limit, step):
            target.write(line + b"\n")
