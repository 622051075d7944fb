"""Within how long the desk means to decide on a case of risk while a policy does not say. Pure."""

from __future__ import annotations

from contracts.decisions import Severity

_HOUR_S = 3600
#: Seconds by severity. Nobody is promised them.
DECIDE_S: dict[Severity, int] = {
    "critical": _HOUR_S,
    "high": 4 * _HOUR_S,
    "medium": 24 * _HOUR_S,
    "low": 72 * _HOUR_S,
}
