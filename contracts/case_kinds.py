"""What opens a case besides a policy's action: a row for each. To add one, see docs/extend.md."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from contracts.decisions import Severity
from contracts.events import AnyEvent, Label, UserReport


class CaseKind(NamedTuple):
    """Events that open a case whatever their risk, and raise an alert.

    `opened_by` names them in the words of the policy's page. How severe their case is stands in the policy as `severity.<name>`;
    `severity` is what holds while a policy does not say, and None where each must.
    """

    name: str
    opened_by: str
    opens: Callable[[AnyEvent], bool]
    severity: Severity | None = None


def _accuses(event: AnyEvent) -> bool:
    """A label of support is the end of a case; it must not open the next one."""
    if isinstance(event, Label):
        return event.verdict == "fraud" and event.source != "support"
    return isinstance(event, UserReport) and event.verdict == "not_me"


REPORT = CaseKind("report", 'a "not me" report or a fraud label', _accuses)
#: An event opens a case of the first kind that it fits.
CASE_KINDS = (REPORT,)
