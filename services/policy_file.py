"""The policy as a file: reading one, and the page of its keys (`python -m services.policy_file > docs/policy.md`)."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from detectors import Detector, discover
from services.scoring.policy import Policy, parse_policy
from services.scoring.policy_keys import InvalidPolicy, all_keys

DEFAULT_POLICY = Path(__file__).parent / "scoring" / "policy.default.toml"
MAX_POLICY_BYTES = 4_000_000

_INTRODUCTION = """\
# The policy file

A policy turns the risk of an event into one action: `allow`, `notify`, `challenge`, `hold` or `deny`. It is a
TOML file, named by `PAYGUARD_POLICY`. It states its own `version` and only those keys that differ from the
default policy, `services/scoring/policy.default.toml`; tables are joined key by key, lists and bands of a
currency are replaced whole. It is checked when it is read: an unknown key, a missing one or a wrong value is refused
with the path of the key and what was expected there.

```toml
version = "spring-2"

[thresholds.login]
challenge = 0.05

[detectors.new_payee]
mode = "shadow"
```

How a decision comes about:

1. The weights of all acting findings are added to the log-odds of `prior`; inside a family the strongest counts in full
   and each further one `fade` times the one before. The sum gives the risk. `calibration` gives the score; without
   findings it is 0.
2. The strongest action whose threshold the risk reaches is taken. Transactions look in the bands of their currency
   first. Findings of detectors with `alone_at_most` do not go beyond it by themselves; the bound `challenge`
   is `hold` for an account without a second factor.
3. Failed logins, failed transactions and `challenge.exempt_kinds` are never more than notified.
4. While memory or counts across accounts are away, the action is at least that of `unavailable`.
5. A challenge of an account without a second factor becomes what `no_factor` says.
6. `lists.allow` and `lists.deny` come before all of this, but a failed login is not denied: there is nothing to deny.

Challenge outcomes, reports and labels are always allowed; a "not me" report and a fraud label raise an alert and open a
case.

| action | effects |
|---|---|
| allow | none |
| notify | alert; notice to the owner (a failed login: alert alone) |
| challenge | challenge; alert |
| hold | alert; case; notice to the owner; challenge when the account has a second factor |
| deny | alert; case; outgoing money frozen; sessions ended; notice to the owner |

## Keys

| key | expects | default | meaning |
|---|---|---|---|
"""


def read_policy(path: Path | None = None) -> Policy:
    """The policy of a file, or the default one.

    Raises InvalidPolicy, its message beginning with the path, for a file that cannot be read or is refused.
    """
    base = DEFAULT_POLICY.read_text(encoding="utf-8")
    if path is None:
        return parse_policy(base)
    try:
        if path.stat().st_size > MAX_POLICY_BYTES:
            raise InvalidPolicy(f"{path}: larger than {MAX_POLICY_BYTES} bytes")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidPolicy(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise InvalidPolicy(f"{path}: not UTF-8 text") from None
    try:
        policy = parse_policy(text, base)
        check_detectors(policy, discover())
    except InvalidPolicy as error:
        raise InvalidPolicy(f"{path}: {error}") from None
    return policy


def check_detectors(policy: Policy, detectors: Sequence[Detector]) -> None:
    """Raises InvalidPolicy unless every detector the policy names exists and takes the parameters stated for it."""
    own = {found.spec.name: found.params for found in detectors}
    for name in policy.modes:
        if name not in own:
            raise InvalidPolicy(f"detectors.{name}: no such detector; known: {', '.join(sorted(own))}")
        policy.params_for(name, own[name])


def policy_page() -> str:
    """docs/policy.md: every key with what it expects, its default and its meaning."""
    default = tomllib.loads(DEFAULT_POLICY.read_text(encoding="utf-8"))
    rows = [
        f"| `{path}` | {key.expects.words} | {_shown(path, key.default, default)} | {key.meaning} |\n"
        for path, key in all_keys()
    ]
    bands = [
        f"| {currency} | {band['from']} | "
        + " | ".join(
            str(band.get(step, default["thresholds"]["transaction"][step]))
            for step in ("notify", "challenge", "hold", "deny")
        )
        + " |\n"
        for currency, listed in default["bands"].items()
        for band in listed
    ]
    bounds = [
        f"| {name} | {stated['alone_at_most']} |\n"
        for name, stated in default["detectors"].items()
        if "alone_at_most" in stated
    ]
    return (
        _INTRODUCTION
        + "".join(rows)
        + "\n## Amount bands of the default policy\n\n"
        + "| currency | from | notify | challenge | hold | deny |\n|---|---|---|---|---|---|\n"
        + "".join(bands)
        + "\n## Bounds of the default policy\n\n| detector | alone at most |\n|---|---|\n"
        + "".join(bounds)
    )


def _shown(path: str, default: Any, document: dict[str, Any]) -> str:
    if path == "version":
        return "none: each policy states it"
    if "<currency>" in path:
        return "see the bands below" if path.endswith("from") else "the transaction's"
    if default is not ...:
        return f"`{default}`" if default != {} else "none"
    value: Any = document
    for name in path.split("."):
        value = value[name]
    return f"`{value}`" if value != [] else "none"


if __name__ == "__main__":
    sys.stdout.write(policy_page())
