"""What each action becomes while something is away or a detector failed: stated per type and per action."""

from __future__ import annotations

import pytest

from contracts.actions import ACTIONS, Action
from contracts.events import AnyEvent
from services.policy.policy import Account
from services.policy.values import fail_ranks
from tests.services.scoring.events import change, login, transaction
from tests.services.scoring.policies import plain

TABLE = '[unavailable]\ntransaction = { allow = "notify", notify = "challenge", challenge = "hold" }\n'
RISKS = (0.0, 0.1, 0.2, 0.3, 0.4)


def ruled(more: str, event: AnyEvent, states: tuple[str, ...] = (), degraded: bool = False) -> list[Action]:
    policy = plain(more)
    return [policy.rule(event, risk, Account(True), states, (), degraded).action for risk in RISKS]


@pytest.mark.parametrize("state", ["tallies_unavailable", "memory_unavailable"])
def test_a_table_says_what_each_action_becomes(state: str) -> None:
    assert ruled(TABLE, transaction(), (state,)) == ["notify", "challenge", "hold", "hold", "deny"]


def test_a_name_alone_is_the_least_action() -> None:
    assert ruled('[unavailable]\nlogin = "challenge"\n', login(), ("memory_unavailable",)) == [
        "challenge",
        "challenge",
        "challenge",
        "hold",
        "deny",
    ]


def test_a_rule_holds_for_its_own_type_and_while_something_is_away() -> None:
    assert ruled(TABLE, transaction()) == list(ACTIONS)
    assert ruled(TABLE, login(), ("tallies_unavailable",)) == ["notify", "notify", *ACTIONS[2:]]


def test_a_failed_detector_changes_nothing_unless_the_policy_says_so() -> None:
    assert ruled("", transaction(), degraded=True) == list(ACTIONS)


def test_a_failed_detector_has_a_rule_of_its_own() -> None:
    stated = '[degraded]\ntransaction = "notify"\n'

    assert ruled(stated, transaction(), degraded=True) == ["notify", "notify", "challenge", "hold", "deny"]
    assert ruled(stated, transaction()) == list(ACTIONS)
    assert ruled(stated, change(), degraded=True) == list(ACTIONS)


@pytest.mark.parametrize(
    "rule",
    [
        '{ notify = "allow" }',
        '{ allow = "hold" }',
        '{ deny = "deny" }',
        '{ allow = "panic" }',
        "{ allow = 1 }",
    ],
)
def test_a_rule_that_weakens_or_says_nothing_is_refused(rule: str) -> None:
    with pytest.raises(ValueError, match=r"^unavailable.login: expected one of allow, notify, "):
        plain(f"[unavailable]\nlogin = {rule}\n")


def test_no_rule_weakens_an_action_nor_changes_their_order() -> None:
    for action in ACTIONS:
        ranks = fail_ranks(action)
        assert ranks is not None
        assert list(ranks) == sorted(ranks)
        assert all(becomes >= rank for rank, becomes in enumerate(ranks))
