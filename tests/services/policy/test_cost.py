"""The cost rule: a challenge where it saves more than it costs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.actions import ACTIONS, Action
from contracts.decisions import Contribution
from contracts.events import AnyEvent
from services.policy.policy import Policy
from tests.services.scoring.events import change, login, transaction
from tests.services.scoring.policies import plain

SOMETHING = (Contribution(detector="unusual_amount", reason="unusual_amount", weight=1.0),)
COST = """
[cost]
rule = "{rule}"
currency = "CNY"
friction = 5
catch = 0.5
loss = {{ login = 1000, transaction = {loss} }}
rates = {{ USD = 7.0 }}
"""


def costing(rule: str = "also", loss: str = '"amount"') -> Policy:
    return plain(COST.format(rule=rule, loss=loss))


def decided(policy: Policy, event: AnyEvent, risk: float) -> Action:
    return policy.decide(event, risk, True, (), SOMETHING)


@pytest.mark.parametrize(
    ("amount", "action"),
    [("989.99", "allow"), ("990.00", "allow"), ("990.01", "challenge"), ("100000.00", "challenge")],
)
def test_a_payment_is_challenged_once_what_it_saves_is_more_than_what_it_costs(
    amount: str, action: Action
) -> None:
    """0.01 * 990 * 0.5 = 5 * 0.99."""
    assert decided(costing(), transaction(amount=amount), 0.01) == action


def test_amounts_in_another_currency_are_weighed_by_its_rate() -> None:
    assert decided(costing(), transaction(amount="140.00", currency="USD"), 0.01) == "allow"
    assert decided(costing(), transaction(amount="142.00", currency="USD"), 0.01) == "challenge"


def test_amounts_in_a_currency_without_a_rate_are_left_to_the_thresholds() -> None:
    assert decided(costing("instead"), transaction(amount="99999.00", currency="EUR"), 0.01) == "allow"
    assert decided(costing("instead"), transaction(amount="0.01", currency="EUR"), 0.2) == "challenge"


def test_a_type_without_a_loss_is_left_to_the_thresholds() -> None:
    assert decided(costing("instead"), change(), 0.19) == "notify"
    assert decided(costing("instead"), change(), 0.2) == "challenge"


def test_a_stated_loss_stands_for_every_event_of_its_type() -> None:
    assert decided(costing(), login(), 0.009) == "allow"
    assert decided(costing(), login(), 0.011) == "challenge"
    assert decided(costing(loss="1000"), transaction(amount="0.01"), 0.011) == "challenge"


def test_also_keeps_the_challenges_of_the_thresholds_and_instead_makes_them_notices() -> None:
    small = transaction(amount="1.00")

    assert decided(costing("also"), small, 0.25) == "challenge"
    assert decided(costing("instead"), small, 0.25) == "notify"


@pytest.mark.parametrize("rule", ["also", "instead"])
def test_no_cost_weakens_a_hold_or_a_denial(rule: str) -> None:
    small = transaction(amount="0.01")

    assert [decided(costing(rule), small, risk) for risk in (0.3, 0.4)] == ["hold", "deny"]


def test_an_event_that_nothing_speaks_against_is_not_weighed() -> None:
    shadow = (Contribution(detector="unusual_amount", reason="unusual_amount", weight=9.0, mode="shadow"),)
    costly = transaction(amount="1000000.00")

    assert costing().decide(costly, 0.002, True) == "allow"
    assert costing().decide(costly, 0.002, True, (), shadow) == "allow"
    assert costing().decide(costly, 0.002, True, (), SOMETHING) == "challenge"


def test_the_bound_of_a_detector_holds_for_costs_too() -> None:
    policy = plain(
        COST.format(rule="also", loss='"amount"') + '[detectors.unusual_amount]\nalone_at_most = "notify"\n'
    )

    assert decided(policy, transaction(amount="100000.00"), 0.01) == "notify"


def test_the_default_policy_weighs_no_costs(policy: Policy) -> None:
    assert policy.cost is None


@given(
    st.sampled_from(["also", "instead"]),
    st.floats(0, 1),
    st.integers(0, 10**12),
    st.integers(0, 10**12),
    st.sampled_from(["CNY", "USD", "EUR"]),
    st.booleans(),
)
def test_more_money_is_never_met_with_a_weaker_action(
    rule: str, risk: float, one: int, other: int, currency: str, has_factor: bool
) -> None:
    policy = costing(rule)
    ranks = [
        ACTIONS.index(
            policy.decide(transaction(amount=amount, currency=currency), risk, has_factor, (), SOMETHING)
        )
        for amount in sorted((one, other))
    ]

    assert ranks == sorted(ranks)
