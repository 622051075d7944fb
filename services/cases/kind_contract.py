"""Writes contracts/kind_rows.py from the files of the kinds: `make docs`."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from services.cases.kind_files import kinds
from services.cases.kind_shapes import KindFile

_HEAD = '''"""Kinds of reports as their files say. Written by `make docs` from services/cases/kinds; change those."""

from __future__ import annotations

from typing import Literal

'''


def contract_page() -> str:
    """The module, whole."""
    reported = {name: kind for name, kind in kinds().items() if kind.clock is not None}
    outcomes = dict.fromkeys(ending.outcome for kind in reported.values() for ending in kind.closings)
    rows = "".join(_row(name, kind) for name, kind in reported.items())
    return (
        _HEAD
        + "#: What owners report themselves.\n"
        + _literal("ReportKind", reported)
        + "#: How support may end what an owner reported.\n"
        + _literal("Outcome", outcomes)
        + "#: Name, what it is, severity, outcomes, subject, seconds to the first answer and to the end.\n"
        + "Row = tuple[\n"
        + "    ReportKind,\n    str,\n"
        + '    Literal["low", "medium", "high", "critical"],\n'
        + "    tuple[Outcome, ...],\n"
        + '    Literal["any", "money_out", "money_failed", "top_up", "access", "none"],\n'
        + "    int,\n    int,\n]\n"
        + "ROWS: tuple[Row, ...] = (\n"
        + rows
        + ")\n"
    )


def _literal(name: str, values: Iterable[str]) -> str:
    return f"{name} = Literal[\n" + "".join(f'    "{value}",\n' for value in values) + "]\n"


def _row(name: str, kind: KindFile) -> str:
    assert kind.clock is not None
    names = [f'"{ending.outcome}"' for ending in kind.closings]
    outcomes = f"({names[0]},)" if len(names) == 1 else f"({', '.join(names)})"
    return (
        f'    (\n        "{name}",\n        "{kind.about}",\n        "{kind.severity}",\n'
        f'        {outcomes},\n        "{kind.subject}",\n'
        f"        {kind.clock.first_answer_s},\n        {kind.clock.closed_s},\n    ),\n"
    )


if __name__ == "__main__":
    sys.stdout.write(contract_page())
