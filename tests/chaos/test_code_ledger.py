"""Claims about the books themselves: right ones are silent, and each thing that must not happen is told."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from contracts.events import ChallengeOutcome, to_wire
from services.mfa import totp
from tests.chaos.code_ledger import Ledger, Rows
from tests.chaos.code_traffic import Holder, Offers

SECRET = "A" * 32
STEP = 59_000_000
HOLDER = Holder("li", SECRET, "198.51.100.7", "phone")
Tables = dict[str, Rows]


def entry(seq: int, challenge_id: str, result: str) -> dict[str, Any]:
    """A row of the audit."""
    about = {"challenge_id": challenge_id, "account_id": "li", "result": result, "action": "verify"}
    return {"lane": 1, "seq": seq, **about}


def challenge(challenge_id: str, state: str, attempts_left: int, passed_step: int | None) -> dict[str, Any]:
    """A row of challenges."""
    about = {"challenge_id": challenge_id, "account_id": "li", "state": state}
    return {**about, "attempts_left": attempts_left, "passed_step": passed_step}


def outcome(challenge_id: str, state: Any) -> dict[str, Any]:
    """A row of the outbox."""
    event = ChallengeOutcome(
        event_id=f"outcome-{challenge_id}",
        account_id="li",
        occurred_at=1_770_000_000_000,
        challenge_id=challenge_id,
        challenged_event_id="e",
        purpose="login",
        outcome=state,
    )
    return {"payload": to_wire(event).decode()}


def books() -> Tables:
    """One challenge passed after a wrong code, with its answer repeated; another one where that code was tried again."""
    return {
        "challenges": [challenge("one", "passed", 4, STEP), challenge("two", "open", 4, None)],
        "factors": [{"id": "f", "account_id": "li", "failures_total": 0}],
        "factor_devices": [{"factor_id": "f", "failures": 1}],
        "code_minutes": [{"refused": 2}],
        "audit": [
            entry(1, "one", "wrong"),
            entry(2, "one", "passed"),
            entry(3, "one", "repeated"),
            entry(4, "two", "replayed"),
        ],
        "outbox": [outcome("one", "passed")],
    }


def answers() -> dict[str, Offers]:
    """What clients were answered; the answer to one request was lost."""
    code = totp.code_of(SECRET, STEP)
    return {
        "one": Offers("li", passed=1, refused=1, lost=1, codes_that_passed={code}, grants={"g"}),
        "two": Offers("li", refused=1),
    }


def test_books_that_agree_are_silent() -> None:
    assert Ledger(books()).faults(answers(), [HOLDER]) == []


def test_failures_of_strangers_count_with_the_factor() -> None:
    tables = books()
    tables["factors"][0]["failures_total"] = 1
    tables["factor_devices"] = []

    assert Ledger(tables).faults(answers(), [HOLDER]) == []


def test_failures_of_a_known_device_that_the_factor_counts_too_are_told() -> None:
    tables = books()
    tables["factors"][0]["failures_total"] = 1

    assert Ledger(tables).faults(answers(), [HOLDER]) == ["li: 1 and 1 failures, 1 by the audit"]


def _drop_entry(tables: Tables) -> None:
    tables["audit"].pop(0)


def _entry_twice(tables: Tables) -> None:
    tables["audit"].append(entry(5, "two", "replayed"))


def _accepted_twice(tables: Tables) -> None:
    tables["challenges"][1] |= {"state": "passed", "passed_step": STEP}


def _pass_forgotten(tables: Tables) -> None:
    tables["challenges"][0] |= {"state": "open", "passed_step": None}


def _attempt_forgotten(tables: Tables) -> None:
    tables["challenges"][0]["attempts_left"] = 5


def _failure_forgotten(tables: Tables) -> None:
    tables["factor_devices"][0]["failures"] = 0


def _minute_forgotten(tables: Tables) -> None:
    tables["code_minutes"][0]["refused"] = 1


def _outcome_lost(tables: Tables) -> None:
    tables["outbox"].clear()


def _outcome_twice(tables: Tables) -> None:
    tables["outbox"].append(outcome("one", "passed"))


def _other_step(tables: Tables) -> None:
    tables["challenges"][0]["passed_step"] = STEP + 1


FAULTS: list[Callable[[Tables], None]] = [
    _drop_entry,
    _entry_twice,
    _accepted_twice,
    _pass_forgotten,
    _attempt_forgotten,
    _failure_forgotten,
    _minute_forgotten,
    _outcome_lost,
    _outcome_twice,
    _other_step,
]


@pytest.mark.parametrize("spoil", FAULTS, ids=lambda spoil: spoil.__name__.strip("_"))
def test_books_that_do_not_are_told(spoil: Callable[[Tables], None]) -> None:
    tables = copy.deepcopy(books())
    spoil(tables)

    assert Ledger(tables).faults(answers(), [HOLDER]) != []


def test_two_grants_for_one_pass_are_told() -> None:
    told = answers()
    told["one"].grants.add("another")

    assert Ledger(books()).faults(told, [HOLDER]) != []
