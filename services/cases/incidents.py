"""Which findings are told together: the rule by which an owner gets one message of what belongs together. Pure.

Findings of one account within a window are one incident. Its first finding is told; a later one joins it in silence and is shown
in the security centre, unless it is graver than all before it: then it is told, too. Two things are never lost by that. A fact
of its own (a contact or factor that changed; the ends of held payments and freezes are no findings at all) is always told. A
payment that waits for somebody's word is told in the incident's summary, after the window.

The window begins with the first finding and does not move: whoever makes a small noise every few minutes silences nobody.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, structs

from contracts.decisions import Severity, derived_id

RANK: dict[Severity, int] = {"low": 0, "medium": 1, "high": 2, "critical": 3}
#: How long after its first finding others join an incident, unless the policy says otherwise.
WINDOW_S = 1800.0
#: `told`: a message of its own, now. `summed_up`: in the summary after the window. `joined`: shown, and not sent.
Telling = Literal["told", "summed_up", "joined"]


class Finding(Struct, frozen=True, kw_only=True):
    """Something that was found at `at` (epoch seconds) and has a notice. `own`: a fact that is told whatever was told before;
    `waits`: money waits for somebody's word."""

    notice_id: str
    account_id: str
    severity: Severity
    at: float
    own: bool = False
    waits: bool = False


class Incident(Struct, frozen=True, kw_only=True):
    """Findings of an account that are told together, open until answered or until a finding comes after its window."""

    incident_id: str
    account_id: str
    severity: Severity
    opened_at: float
    last_at: float
    closed_at: float | None = None


def incident_id(notice_id: str) -> str:
    """The id of the incident that the notice opens: the same on every repeat."""
    return derived_id(notice_id, "incident")


def take_in(
    current: Incident | None, finding: Finding, window_s: float = WINDOW_S
) -> tuple[Incident, Telling]:
    """The incident that the finding belongs to, and how it is told. `current` is the account's open incident, None for none.

    With a window of 0 each finding is told by itself.
    """
    if current is None or abs(finding.at - current.opened_at) >= window_s:
        opened = Incident(
            incident_id=incident_id(finding.notice_id),
            account_id=finding.account_id,
            severity=finding.severity,
            opened_at=finding.at,
            last_at=finding.at,
        )
        return opened, "told"
    graver = RANK[finding.severity] > RANK[current.severity]
    joined = structs.replace(
        current,
        severity=finding.severity if graver else current.severity,
        last_at=max(current.last_at, finding.at),
    )
    if graver or finding.own:
        return joined, "told"
    return joined, "summed_up" if finding.waits else "joined"
