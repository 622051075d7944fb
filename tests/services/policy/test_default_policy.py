"""What the default policy does with the evidence of typical situations, in the weights detectors give."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from contracts.actions import ACTIONS, Action
from contracts.events import AnyEvent
from contracts.findings import Finding
from detectors import discover
from services.policy.policy import Account, Policy
from tests.services.scoring.events import change, login, transaction

FAMILIES = {found.spec.name: found.spec.family for found in discover()}


class VerificationState(NamedTuple):
    name: str
    event: AnyEvent
    weights: dict[str, float]
    with_factor: Action
    without: Action


SITUATIONS = [
    VerificationState("a quiet login", login(), {}, "allow", "allow"),
    VerificationState("a new network", login(), {"new_network": 3.0}, "allow", "allow"),
    VerificationState("a new country", login(), {"new_country": 2.6, "new_network": 3.0}, "notify", "notify"),
    VerificationState("a new device at home", login(), {"new_device": 3.7}, "challenge", "notify"),
    VerificationState(
        "a new device in a new country",
        login(),
        {"new_device": 3.7, "new_country": 2.6, "new_network": 2.9},
        "challenge",
        "notify",
    ),
    VerificationState(
        "impossible travel",
        login(),
        {"impossible_travel": 5.5, "new_country": 2.6, "new_network": 2.9},
        "challenge",
        "notify",
    ),
    VerificationState(
        "impossible travel on a new device",
        login(),
        {
            "unfamiliar_login": 6.0,
            "impossible_travel": 5.5,
            "new_country": 2.6,
            "new_network": 1.9,
            "new_device": 3.7,
        },
        "challenge",
        "hold",
    ),
    VerificationState(
        "a burst of failures", login(outcome="failure"), {"failed_login_burst": 2.3}, "notify", "notify"
    ),
    VerificationState(
        "many failures",
        login(outcome="failure"),
        {"credential_stuffing": 6.0, "failed_login_burst": 3.0},
        "notify",
        "notify",
    ),
    VerificationState(
        "failures, then the own device", login(), {"success_after_failures": 0.8}, "allow", "allow"
    ),
    VerificationState(
        "failures, then a strange device",
        login(),
        {"success_after_failures": 3.4, "unfamiliar_login": 4.5, "new_device": 3.7, "new_network": 1.9},
        "hold",
        "hold",
    ),
    VerificationState(
        "stuffing that fits",
        login(),
        {"credential_stuffing": 4.2, "unfamiliar_login": 4.5, "new_device": 3.7, "new_network": 1.9},
        "hold",
        "hold",
    ),
    VerificationState(
        "large stuffing that fits",
        login(),
        {"credential_stuffing": 6.0, "unfamiliar_login": 4.5, "new_device": 3.7, "new_network": 1.9},
        "deny",
        "deny",
    ),
    VerificationState("a reset on the own phone", change(), {}, "allow", "allow"),
    VerificationState("a reset on a new device", change(), {"new_device": 3.7}, "challenge", "hold"),
    VerificationState("a new payee", transaction(), {"new_payee": 3.5}, "notify", "notify"),
    VerificationState(
        "a new payee for an account that has many", transaction(), {"new_payee": 0.8}, "allow", "allow"
    ),
    VerificationState("a somewhat unusual amount", transaction(), {"unusual_amount": 1.5}, "allow", "allow"),
    VerificationState("a very unusual amount", transaction(), {"unusual_amount": 4.5}, "challenge", "hold"),
    VerificationState(
        "a large unusual amount", transaction(amount="8000.00"), {"unusual_amount": 3.0}, "challenge", "hold"
    ),
    VerificationState(
        "a very large unusual amount to a new payee",
        transaction(amount="60000.00"),
        {"unusual_amount": 6.0, "new_payee": 1.5},
        "hold",
        "hold",
    ),
    VerificationState("a burst of payments", transaction(), {"velocity_count": 4.5}, "challenge", "hold"),
    VerificationState(
        "reset, new device, new payee, transfer",
        transaction(amount="900.00"),
        {"credential_change_then_money": 4.5, "new_device": 3.7, "new_payee": 1.1},
        "hold",
        "hold",
    ),
    VerificationState(
        "reset, new device, new payee, large transfer",
        transaction(amount="25000.00"),
        {"credential_change_then_money": 4.5, "new_device": 3.7, "new_payee": 1.1, "unusual_amount": 5.0},
        "deny",
        "deny",
    ),
    VerificationState(
        "a refund with everything against it",
        transaction(kind="refund"),
        {"unusual_amount": 8.0, "new_device": 8.0},
        "notify",
        "notify",
    ),
]


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.name)
@pytest.mark.parametrize("has_factor", [True, False], ids=["with a factor", "without"])
def test_a_situation_is_answered_as_it_should_be(
    policy: Policy, situation: VerificationState, has_factor: bool
) -> None:
    findings = [
        Finding(detector=name, reason=name, family=FAMILIES[name], weight=weight)
        for name, weight in situation.weights.items()
    ]
    verdict = policy.judge(situation.event, findings, Account(has_factor))

    assert verdict.ruling.action == (situation.with_factor if has_factor else situation.without)


def test_the_default_policy_runs_every_detector(policy: Policy) -> None:
    assert set(policy.modes.values()) <= {"on"}


@pytest.mark.parametrize("currency", ["CNY", "USD", "EUR"])
def test_more_money_is_never_met_with_a_weaker_action(policy: Policy, currency: str) -> None:
    for risk in (step / 1000 for step in range(1001)):
        ranks = [
            ACTIONS.index(policy.decide(transaction(currency=currency, amount=amount), risk, True))
            for amount in ("1.00", "749.99", "750.00", "5000.00", "7500.00", "50000.00")
        ]

        assert ranks == sorted(ranks)
