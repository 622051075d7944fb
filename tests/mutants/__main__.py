"""`make mutants`: draws changes with a seed, tries them, and prints how many each module's tests noticed.

Exit code 1 when fewer than 88 in 100 were noticed over all modules, or fewer than 75 in one.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import time
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from random import Random

import msgspec
from msgspec import Struct
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from tests.mutants.changes import Change, changes
from tests.mutants.trial import ROOT, Copy, FailsUnchanged, Module

LEAST_OF_ALL, LEAST_OF_ONE = 0.88, 0.75
_TABLE = Path(__file__).with_name("modules.toml")


class Tried(Struct, frozen=True):
    """A change of a module, and whether it was noticed."""

    module: str
    noticed: bool


def modules() -> list[Module]:
    """The critical modules, from modules.toml."""
    return msgspec.convert(tomllib.loads(_TABLE.read_text(encoding="utf-8"))["module"], list[Module])


def drawn(module: Module, count: int, seed: int) -> list[Change]:
    """`count` changes of the module that alter an answer, the same ones for the same seed and code."""
    possible = [
        change
        for change in changes((ROOT / module.path).read_text(encoding="utf-8"))
        if change.name not in module.same
    ]
    return Random(f"{seed} {module.path}").sample(possible, min(count, len(possible)))


def try_all(chosen: Sequence[Module], count: int, seed: int, jobs: int, console: Console) -> list[Tried]:
    """Try the drawn changes of each module, `jobs` modules at a time, each in a copy of the tree.

    Prints each change that nobody noticed, and each module's score when it is done. Raises FailsUnchanged.
    """
    work = {module.path: drawn(module, count, seed) for module in chosen}
    copies: SimpleQueue[Copy] = SimpleQueue()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        progress = stack.enter_context(Progress(*columns, console=console))
        for number in range(min(jobs, len(chosen))):
            copies.put(stack.enter_context(contextlib.closing(Copy(folder / str(number)))))
        bar = progress.add_task("changes", total=sum(map(len, work.values())))

        def say(words: str) -> None:
            progress.console.print(Text(words), soft_wrap=True)

        def tried(module: Module) -> list[Tried]:
            copy = copies.get()
            try:
                started_s = time.monotonic()
                unchanged_s = copy.seconds_unchanged(module)
                results = []
                for change in work[module.path]:
                    noticed = copy.notices(module, change, unchanged_s)
                    if not noticed:
                        say(f"{module.path}:{change.line}: {change.name}")
                    results.append(Tried(module.path, noticed))
                    progress.advance(bar)
                count = sum(each.noticed for each in results)
                took_s = time.monotonic() - started_s
                say(f"{module.path}: {count} of {len(results)} noticed, in {took_s:.0f} s")
                return results
            finally:
                copies.put(copy)

        with ThreadPoolExecutor(jobs) as pool:
            return [each for results in pool.map(tried, chosen) for each in results]


def show(results: Sequence[Tried], console: Console) -> bool:
    """Print the score of each module; whether the scores suffice."""
    table = Table("module", "tried", "noticed", "in 100", box=None, pad_edge=False)
    enough = True
    for path in dict.fromkeys(each.module for each in results):
        of_it = [each.noticed for each in results if each.module == path]
        share = sum(of_it) / len(of_it)
        enough = enough and share >= LEAST_OF_ONE
        table.add_row(path, str(len(of_it)), str(sum(of_it)), f"{100 * share:.0f}")
    noticed = sum(each.noticed for each in results)
    table.add_row("all", str(len(results)), str(noticed), f"{100 * noticed / len(results):.0f}")
    console.print(table)
    return enough and noticed / len(results) >= LEAST_OF_ALL


def main() -> int:
    """The command; its exit code."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("--seed", type=int, default=7, help="which changes are drawn (7)")
    parser.add_argument("--changes", type=int, default=25, help="how many a module (25)")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time (2)")
    parser.add_argument("--only", nargs="*", default=[], metavar="PATH", help="these modules alone")
    options = parser.parse_args()
    console = Console(highlight=False)
    chosen = [each for each in modules() if not options.only or each.path in options.only]
    if not chosen:
        parser.error(f"no such module; known: {', '.join(each.path for each in modules())}")
    try:
        results = try_all(chosen, options.changes, options.seed, options.jobs, console)
    except FailsUnchanged as error:
        console.print(str(error), markup=False)
        return 1
    return 0 if show(results, console) else 1


if __name__ == "__main__":
    sys.exit(main())
