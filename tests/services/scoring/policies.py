"""Policies written for tests: round thresholds, no bands, no bounds."""

from __future__ import annotations

import re

from services.policy.file import DEFAULT_POLICY
from services.policy.policy import Policy
from services.policy.text import parse_policy

DEFAULT = DEFAULT_POLICY.read_text(encoding="utf-8")
#: The default policy without bands and bounds.
BASE = re.sub(
    r"insufficient = \[[^]]*\]",
    "insufficient = []",
    DEFAULT[: DEFAULT.index("[[bands")]
    + DEFAULT[DEFAULT.index("[no_factor]") : DEFAULT.index("[detectors.")],
)
PLAIN = 'version = "test"\n' + "".join(
    f"[thresholds.{kind}]\nnotify = 0.1\nchallenge = 0.2\nhold = 0.3\ndeny = 0.4\n"
    for kind in ("login", "transaction", "account_change")
)


def plain(more: str = "") -> Policy:
    return parse_policy(PLAIN + more, BASE)
