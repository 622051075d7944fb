"""The command `payguard backtest`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from services.cli.feedback import BadLines, progress, size_of
from services.cli.options import Json, existing, print_json, run, say, settings_from

if TYPE_CHECKING:
    from services.lab.backtest.comparison import Comparison

_DEFAULT = "default"


def backtest(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="JSON lines, one event each, also .gz; read twice, so no pipe."),
    ],
    policy: Annotated[
        list[Path],
        typer.Option(
            metavar="FILE", help="A policy (TOML), A first, then B. Given once: the default against it."
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Also write a page of plots (HTML).")
    ] = None,
    lang: Annotated[Literal["en", "zh-CN"], typer.Option(help="Language of tables and page.")] = "en",
    unanswered: Annotated[
        Literal["passed", "silent"],
        typer.Option(
            help="What becomes of challenges that FILE does not answer; labelled fraud never passes."
        ),
    ] = "passed",
    as_json: Json = False,
) -> None:
    """What two policies would each have done with a file of events: changed decisions, alerts and challenges a day, caught loss.

    Precision, recall and caught loss need labels: the extra field `label` {"fraud": true, "scenario": "..."} of a line, or label
    and report events in FILE.

    [dim]Examples:[/dim]

      payguard backtest events.jsonl --policy stricter.toml --out report.html
      payguard backtest events.jsonl.gz --policy today.toml --policy tomorrow.toml --json
    """
    from services.lab.backtest.comparison import backtest as compare
    from services.policy.reader import InvalidPolicy

    if str(existing(file)) == "-":
        raise typer.BadParameter("the file is read twice, so it cannot be standard input")
    if len(policy) > 2:
        raise typer.BadParameter("--policy is given once or twice")
    chosen: list[Path | None] = [existing(path) for path in policy]
    first, second = chosen if len(chosen) == 2 else (None, *chosen)
    names = (_name(first), _name(second))
    settings = (settings_from(policy=first), settings_from(policy=second))
    bad = BadLines()
    try:
        with progress("replaying under both", size_of(file)) as step:
            comparison = run(compare(settings, names, file, unanswered, bad.note, step))
    except InvalidPolicy as error:
        raise typer.BadParameter(str(error)) from None
    if not comparison.events:
        raise typer.BadParameter(f"{file} holds no login, transaction or account change")
    _tell(comparison, out, lang, as_json)
    bad.end()


def _tell(comparison: Comparison, out: Path | None, lang: str, as_json: bool) -> None:
    if out is not None:
        from services.lab.backtest.page import page

        out.write_text(page(comparison, lang), encoding="utf-8")
    if as_json:
        print_json(comparison.figures())
    else:
        from services.lab.backtest.terminal import show

        show(comparison, lang)
    if out is not None:
        say(f"wrote {out}")


def _name(path: Path | None) -> str:
    return _DEFAULT if path is None else path.stem
