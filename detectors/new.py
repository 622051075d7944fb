"""Writes a fresh detector and its test: `python -m detectors.new NAME`.

Both files are full of TODO; the tests fail until those are done.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

_DETECTOR = '''"""TODO: in one line, what this detector notices.

Sees: TODO: the events and habits it compares.
Misses: TODO: how an attacker stays out of its sight.
Fires falsely when: TODO: which honest people look like this, and what lowers the weight for them.
When it fires: TODO: what the wallet, support or the owner does next.
"""

from __future__ import annotations

from msgspec import Struct

from contracts.events import Login
from contracts.findings import Finding, Spec, Tallies, says
from contracts.profile import Profile

SPEC = Spec(
    name="{name}",
    event_types=(Login,),  # TODO: the events it is asked about
    family="account",  # TODO: findings of one family do not add up in full
    reasons=says(
        en="TODO: what happened, {{value}}; usually {{baseline}}, the limit is {{threshold}}.",
        zh_cn="TODO：发生了什么，{{value}}；平时为 {{baseline}}，上限为 {{threshold}}。",
    ),
    attack=(),  # TODO: ATT&CK techniques, such as "T1078"
    # wakes_on=Circumstance.NEW_DEVICE: name what it needs, and it costs nothing on every other event
)


class Params(Struct, frozen=True):
    """TODO: what each means; every name ends in its unit."""

    threshold_count: int = 3
    strange_nats: float = 1.0


PARAMS = Params()


def observe(
    event: Login, profile: Profile, tallies: Tallies, memory: None, params: Params
) -> Finding | None:
    """TODO: what the weight measures (a log-likelihood ratio in nats, 0 to 8)."""
    value = 0  # TODO: measure the event against the account as it was before it
    if value < params.threshold_count:
        return None
    return SPEC.finding(
        weight=params.strange_nats,
        value=value,
        baseline=0,
        threshold=params.threshold_count,
        quarantine=False,  # TODO: True keeps the event out of the profile until its challenge is passed
    )
'''

_TEST = """from __future__ import annotations

import pytest

from detectors import {name}
from tests.detectors.build import ask, login, settled


def test_fires_on_what_must_be_seen() -> None:
    pytest.fail("TODO: name the claim, build the event and the account, drop this line")
    assert ask({name}, login(), settled()) is not None


def test_fires_at_the_edge() -> None:
    pytest.fail("TODO: exactly on the threshold")
    assert ask({name}, login(), settled()) is not None


def test_quiet_below_the_edge() -> None:
    pytest.fail("TODO: one below the threshold")
    assert ask({name}, login(), settled()) is None


def test_quiet_on_an_honest_person_who_looks_like_it() -> None:
    pytest.fail("TODO: what `Fires falsely when` says")
    assert ask({name}, login(), settled()) is None
"""


def write(name: str, root: Path) -> tuple[Path, Path]:
    """Write detectors/NAME.py and tests/detectors/test_NAME.py below `root`.

    Raises ValueError for a name that is not lower_snake_case, FileExistsError when either file is there.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name):
        raise ValueError(f"{name!r} is not a name such as dormant_account")
    detector = root / "detectors" / f"{name}.py"
    test = root / "tests" / "detectors" / f"test_{name}.py"
    for path in (detector, test):
        if path.exists():
            raise FileExistsError(f"{path.relative_to(root)} is there already")
    detector.write_text(_DETECTOR.format(name=name), encoding="utf-8")
    test.write_text(_TEST.format(name=name), encoding="utf-8")
    return detector, test


def main(arguments: list[str]) -> int:
    """Writes the two files below the repository and says what to do next; 2 for a wrong call."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m detectors.new NAME\n")
        return 2
    root = Path(__file__).resolve().parents[1]
    try:
        written = write(arguments[0], root)
    except (ValueError, FileExistsError) as wrong:
        sys.stderr.write(f"{wrong}\n")
        return 2
    for path in written:
        sys.stdout.write(f"wrote {path.relative_to(root)}\n")
    sys.stdout.write(
        "Do every TODO, then: python -m pytest tests/detectors -k "
        f"{arguments[0]}, and python -m detectors.docs for the page.\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
