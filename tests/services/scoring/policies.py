"""Policies written for tests: round thresholds, no bands, no bounds."""

from __future__ import annotations

from services.policy.file import DEFAULT_POLICY
from services.policy.policy import Policy
from services.policy.text import parse_policy

DEFAULT = DEFAULT_POLICY.read_text(encoding="utf-8")
#: The default policy without bands and bounds.
BASE = (
    DEFAULT[: DEFAULT.index("[[bands")] + DEFAULT[DEFAULT.index("[no_factor]") : DEFAULT.index("[detectors.")]
)
PLAIN = """
version = "test"
[thresholds.login]
notify = 0.1
challenge = 0.2
hold = 0.3
deny = 0.4
[thresholds.transaction]
notify = 0.1
challenge = 0.2
hold = 0.3
deny = 0.4
[thresholds.account_change]
notify = 0.1
challenge = 0.2
hold = 0.3
deny = 0.4
"""


def plain(more: str = "") -> Policy:
    return parse_policy(PLAIN + more, BASE)
