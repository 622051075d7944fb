"""What one checked code adds to the metrics."""

from __future__ import annotations

from services.mfa.records import Check
from services.platform.metrics import CLOCK_SKEW, CODES, LOCKOUTS, REPLAY_REFUSED


def count_check(check: Check) -> None:
    """Count what came of a code: a replay, a skewed clock or a lock-out by itself too."""
    CODES.labels(check.result).inc()
    if check.result == "replayed":
        REPLAY_REFUSED.inc()
    if check.skew_steps is not None:
        CLOCK_SKEW.observe(check.skew_steps)
    if check.locked_until is not None or check.shuts:
        LOCKOUTS.inc()
