"""The policy as a file: reading one, and the page of its keys (`python -m services.policy.file > docs/policy.md`)."""

from __future__ import annotations

import sys
import tomllib
from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec import NODEFAULT, Struct

from contracts.actions import EFFECTS, KINDS, STEPS
from detectors import Detector, discover
from services.policy.keys import PolicyFile
from services.policy.policy import Policy
from services.policy.reader import InvalidPolicy, all_keys
from services.policy.text import compiled, stated_values
from services.risk.learned_pattern import NAME as LEARNED

DEFAULT_POLICY = Path(__file__).parent / "policy.default.toml"
MAX_POLICY_BYTES = 4_000_000

_INTRODUCTION = """\
# The policy file

A policy turns the risk of an event into one action of the table below. It is a TOML file, named by `PAYGUARD_POLICY`. It
states its own `version` and only those keys that differ from the default policy,
`services/policy/policy.default.toml`; tables are joined key by key, lists and bands of a currency are replaced whole. It
is checked when it is read: an unknown key, a missing one or a wrong value is refused with the path of the key and what
was expected there.

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
   first.
3. With a `cost.rule`, an event that something speaks against is challenged when
   `risk * loss * catch > friction * (1 - risk)`: what a challenge saves on average is more than it costs.
4. Findings of detectors with `alone_at_most` do not go beyond it by themselves; the bound `challenge` is `hold` for an
   account that cannot be challenged. Findings of detectors on `deny.insufficient` do not deny by themselves, however many
   they are: the event is held for support, with the state `held_not_denied`. Money put in (a `top_up` that names no payee)
   is held at most.
5. Failed logins, failed transactions and `challenge.exempt_kinds` are never more than notified; exempt kinds from a device that
   the account does not know are treated like any other.
6. While memory or counts across accounts are away, the action becomes what `unavailable` says; when a detector failed,
   what `degraded` says. (The worker waits for its stores and does not decide without them.)
7. A challenge of an account without a second factor becomes what `no_factor` says (below); of one whose factor wrong codes have
   disabled, a hold at least, or wrong codes would gain what accounts without a factor are granted. One beyond the `budget`
   becomes what `budget.overflow` says, and a hold then asks for no code either; the decision has the state
   `budget_spent`. `notify` as the overflow lets whoever uses up the budget in without a code.
8. `lists.allow` and `lists.deny` come before all of this, but a failed login is not denied: there is nothing to deny.
9. While an account is frozen, money that would leave it is denied whatever the list or the risk, with the reason
   `account_frozen`, until a release. Of such a try nobody is told again; one that the wallet has carried out all the same
   is an alert and joins the case. Everything else is judged as usual, and what would freeze the account does not freeze
   it again.

A higher risk never leads to a weaker action.

Challenge outcomes, reports and labels are always allowed; a "not me" report and a fraud label raise an alert and open a
case.

EFFECTS_OF_ACTIONS

A challenge makes a letter only once nobody has passed it for `challenge.letter_after_s` seconds: whoever has the code at hand
needs none ([0038](decisions/0038-what-letters-say.md)).

An account without a second factor has no code to give. What would be a challenge then is its owner's matter, not support's:
the decision says `waits_for: owner`, the owner gets the notice of a hold, and there is neither alert nor case. What would have
been held with a factor too says `waits_for: support`. By default:

| event that would be challenged | becomes | the owner |
|---|---|---|
| login | `notify`; `hold` from a hold's risk on | is told, and confirms it from a session elsewhere |
| payment | `hold`; given up after `hold.due_s` | confirms it in the wallet, or enrols and tries again |
| change | `hold`: the wallet does not make it | confirms it, or makes it from a known device |

`hold` in place of `confirm` makes each of these a case for support, `notify` lets it through.

A hold asks for a challenge only where the account can be challenged. A failed login makes no notice; it raises an alert
instead.

What makes a notice to its owner is no alert by itself: people buy phones and change networks. It is one where a detector that
counts across accounts found something (`credential_stuffing`, `password_spray`, `shared_device`, `payee_fan_in`,
`payee_reputation`), because no single owner can see that.

Nobody knows when an event is decided whether a letter about it will arrive. `owner` in the answers of `GET /v1/decisions`,
`GET /v1/cases/{case_id}` and `GET /v1/accounts/{account_id}/holds` says whether there is a way to the owner and how each notice
fared. An owner without any is counted (`payguard_notices_undelivered_total`, reason `no_contact`; `payguard_cases_unreachable`)
and alerted on.

A snooze takes findings out of the sum, as if their detectors were in `shadow`: of an account, of a detector, or of a
detector for one account. It holds for events whose own time lies from `from` to before `until`; what the clock says does not
matter. A decision that is a hold or a denial stays one unless the snooze says `holds = true`. The decision has the state
`snoozed`.

```toml
[[snoozes]]
account = "acct-42"
detector = "new_country"
until = 2026-12-01T00:00:00Z
reason = "moves house, ticket 4711"
```

A running worker reads the file again once it has changed and then stood still for `PAYGUARD_POLICY_REREAD_S`. All
events of one batch are decided under one policy. A file that is refused changes nothing: the worker says so in its log
once, and `payguard_policy_refused` is 1 until the file is good. `payguard policy check FILE` tells beforehand, and
`payguard policy diff A B` what would change.

## Keys

"""


def read_policy(path: Path | None = None) -> Policy:
    """The policy of a file, or the default one.

    Raises InvalidPolicy, its message beginning with the path, for a file that cannot be read or is refused.
    """
    return checked_policy(read_values(path), path)


def read_values(path: Path | None = None) -> PolicyFile:
    """The value of every key under the policy of a file, each checked by itself; errors as `read_policy`."""
    return values_of(None if path is None else read_bytes(path), path)


def read_bytes(path: Path) -> bytes:
    """The file's content; InvalidPolicy when it cannot be read or is larger than MAX_POLICY_BYTES."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_POLICY_BYTES + 1)
    except OSError as error:
        raise InvalidPolicy(f"{path}: cannot be read ({error.strerror})") from None
    if len(content) > MAX_POLICY_BYTES:
        raise InvalidPolicy(f"{path}: larger than {MAX_POLICY_BYTES} bytes")
    return content.removeprefix(BOM_UTF8)


def values_of(content: bytes | None, path: Path | None) -> PolicyFile:
    """The value of every key under a policy file's content (None: the default policy's); `path` is what errors name."""
    default = DEFAULT_POLICY.read_text(encoding="utf-8")
    if content is None:
        return stated_values(default)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidPolicy(f"{path}: not UTF-8 text") from None
    with _named(path):
        return stated_values(text, default)


def checked_policy(values: PolicyFile, path: Path | None) -> Policy:
    """The policy of checked values, its detectors checked too; `path` is what errors name."""
    with _named(path):
        policy = compiled(values)
        check_detectors(policy, discover())
    return policy


def check_detectors(policy: Policy, detectors: Sequence[Detector]) -> None:
    """Raises InvalidPolicy unless every detector the policy names exists and takes the parameters stated for it."""
    own: dict[str, Struct] = {found.spec.name: found.params for found in detectors}
    own[LEARNED] = Struct()
    faults = [
        f"{section}.{name}: no such detector; known: {', '.join(sorted(own))}"
        for section, names in (
            ("detectors", policy.modes),
            ("snoozes", policy.snoozes.detectors()),
            ("deny.insufficient", sorted(policy.insufficient)),
        )
        for name in names
        if name not in own
    ]
    for name in policy.modes:
        if name in own:
            try:
                policy.params_for(name, own[name])
            except InvalidPolicy as error:
                faults += error.faults
    if faults:
        raise InvalidPolicy(*faults)


@contextmanager
def _named(path: Path | None) -> Iterator[None]:
    try:
        yield
    except InvalidPolicy as error:
        if path is None:
            raise
        raise InvalidPolicy(*(f"{path}: {fault}" for fault in error.faults)) from None


def policy_page() -> str:
    """docs/policy.md: every key with what it expects, its default and its meaning."""
    default = tomllib.loads(DEFAULT_POLICY.read_text(encoding="utf-8"))
    usual = default["thresholds"]["transaction"]
    actions = [(kind.name, "; ".join(EFFECTS[name] for name in kind.effects) or "none") for kind in KINDS]
    keys = [
        (f"`{key.path}`", key.expects, _shown(key.path, key.default, default), key.meaning)
        for key in all_keys(PolicyFile)
    ]
    bands = [
        (currency, band["from"], *(band.get(step.name, usual.get(step.name, "none")) for step in STEPS))
        for currency, listed in default["bands"].items()
        for band in listed
    ]
    bounds = [
        (name, stated["alone_at_most"])
        for name, stated in default["detectors"].items()
        if "alone_at_most" in stated
    ]
    return (
        _INTRODUCTION.replace("EFFECTS_OF_ACTIONS\n", _table(("action", "effects"), actions))
        + _table(("key", "expects", "default", "meaning"), keys)
        + "\n## Amount bands of the default policy\n\n"
        + _table(("currency", "from", *(step.name for step in STEPS)), bands)
        + "\n## Bounds of the default policy\n\n"
        + _table(("detector", "alone at most"), bounds)
    )


def _table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    head = f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}\n"
    return head + "".join(f"| {' | '.join(map(str, row))} |\n" for row in rows)


def _shown(path: str, default: Any, document: dict[str, Any]) -> str:
    if path == "version":
        return "none: each policy states it"
    if path.startswith("bands."):
        return "see the bands below" if path.endswith("from") else "the transaction's"
    if default is not NODEFAULT:
        return (
            "none"
            if default in ({}, None)
            else f"`{str(default).lower() if isinstance(default, bool) else default}`"
        )
    if path.startswith("snoozes"):
        return "must be stated"
    value: Any = document
    for name in path.split("."):
        value = value[name]
    return f"`{value}`" if value != [] else "none"


if __name__ == "__main__":
    sys.stdout.write(policy_page())
