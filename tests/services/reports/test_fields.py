"""What a report asks by its kind, as integrators read it."""

from __future__ import annotations

import re
from pathlib import Path

from contracts.report_kinds import REPORTS, RULES, ReportKind
from services.reports.fields import fields_of

PAGE = (Path(__file__).parents[3] / "docs" / "integrate.md").read_text(encoding="utf-8")
_ROW = re.compile(r"^\| `(\w+)` \| ([^|]+) \| ?([^|]*?) ?\|$", re.M)


def said(kind: ReportKind) -> str:
    """The fields of a kind, as the page writes them."""
    return "; ".join(
        f"`{field.name}`" + (f": {', '.join(field.choices)}" if field.choices else "")
        for field in fields_of(kind)
    )


def test_the_page_for_integrators_names_every_kind_with_its_fields() -> None:
    wanted = [(rule.name, rule.about, said(rule.name)) for rule in REPORTS]

    assert [row for row in _ROW.findall(PAGE) if row[0] in RULES] == wanted
