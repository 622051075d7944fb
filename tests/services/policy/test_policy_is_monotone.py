"""A higher risk never leads to a weaker action, whatever the policy, the account and what is away."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from contracts.actions import ACTIONS
from contracts.decisions import Contribution
from contracts.events import AnyEvent
from contracts.findings import Finding
from services.policy.policy import Account, Policy
from services.policy.text import parse_policy
from tests.services.scoring.events import change, label, login, transaction
from tests.services.scoring.policies import BASE

DETECTORS = ("new_device", "new_country", "new_payee", "velocity_count", "unusual_amount")
INSTEAD = st.sampled_from(["notify", "hold", "deny"])
RISKS = st.lists(st.floats(0.001, 1), min_size=4, max_size=4).map(sorted)
TYPES = ("login", "transaction", "account_change")
EVENTS: st.SearchStrategy[AnyEvent] = st.one_of(
    st.sampled_from([login(), login(outcome="failure"), change(), label(), transaction(kind="refund")]),
    st.builds(
        transaction,
        amount=st.integers(0, 10**9),
        currency=st.sampled_from(["CNY", "USD", "JPY"]),
        account_id=st.sampled_from(["acct-1", "denied", "allowed"]),
    ),
)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Any thresholds, bands, bounds, costs, budgets, fail rules and snoozes."""
    lines = ['version = "any"', "[lists]", 'deny = ["denied"]', 'allow = ["allowed"]']

    def thresholds() -> None:
        for step, risk in zip(ACTIONS[1:], draw(RISKS), strict=True):
            lines.append(f"{step} = {risk!r}")

    def by_type(section: str, values: st.SearchStrategy[Any]) -> None:
        lines.append(f"[{section}]")
        lines.extend(f'{kind} = "{draw(values)}"' for kind in TYPES)

    for kind in TYPES:
        lines.append(f"[thresholds.{kind}]")
        thresholds()
    lines.append("[[bands.CNY]]\nfrom = 1000")
    thresholds()
    by_type("no_factor", INSTEAD)
    by_type("unavailable", st.sampled_from(ACTIONS))
    by_type("degraded", st.sampled_from(ACTIONS))
    lines.append(f"[budget]\nchallenges_per_week = {draw(st.integers(1, 3))}")
    by_type("budget.overflow", INSTEAD)
    rule = draw(st.sampled_from(["off", "also", "instead"]))
    lines.append(f'[cost]\nrule = "{rule}"\ncurrency = "CNY"\nfriction = {draw(st.floats(0.01, 1000))!r}')
    lines.append(f"loss = {{ login = {draw(st.floats(1, 10_000))!r} }}")
    for name in DETECTORS:
        lines.append(f'[detectors.{name}]\nalone_at_most = "{draw(st.sampled_from(ACTIONS))}"')
    lines.append(f"[deny]\ninsufficient = {sorted(draw(st.sets(st.sampled_from(DETECTORS))))!r}")
    for name in draw(st.sets(st.sampled_from(DETECTORS), max_size=2)):
        holds = draw(st.sampled_from(["true", "false"]))
        lines.append(
            f'[[snoozes]]\ndetector = "{name}"\nuntil = 2099-01-01T00:00:00Z\nreason = "r"\nholds = {holds}'
        )
    return parse_policy("\n".join(lines), BASE)


ACCOUNTS = st.builds(Account, st.booleans(), st.integers(0, 4))
STATES = st.sampled_from([(), ("learning",), ("tallies_unavailable",), ("memory_unavailable", "late")])


@given(
    policies(),
    EVENTS,
    ACCOUNTS,
    STATES,
    st.booleans(),
    st.sets(st.sampled_from(DETECTORS)),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_a_higher_risk_never_leads_to_a_weaker_action(
    policy: Policy,
    event: AnyEvent,
    account: Account,
    states: tuple[str, ...],
    degraded: bool,
    found: set[str],
    one: float,
    other: float,
) -> None:
    reasoned = [Contribution(detector=name, reason=name, weight=1.0) for name in sorted(found)]
    ranks = [
        ACTIONS.index(policy.rule(event, risk, account, states, reasoned, degraded).action)
        for risk in sorted((one, other))
    ]

    assert ranks == sorted(ranks)


@given(
    policies(),
    EVENTS,
    ACCOUNTS,
    STATES,
    st.lists(
        st.tuples(st.sampled_from(DETECTORS), st.floats(0.1, 8)), max_size=5, unique_by=lambda each: each[0]
    ),
    st.floats(0, 8),
    st.integers(0, 4),
)
def test_heavier_evidence_never_leads_to_a_weaker_action_snoozed_or_not(
    policy: Policy,
    event: AnyEvent,
    account: Account,
    states: tuple[str, ...],
    weights: list[tuple[str, float]],
    more: float,
    which: int,
) -> None:
    def rank(heavier: bool) -> int:
        findings = [
            Finding(
                detector=name,
                reason=name,
                family=name,
                weight=min(8.0, weight + (more if heavier and index == which else 0.0)),
            )
            for index, (name, weight) in enumerate(weights)
        ]
        return ACTIONS.index(policy.judge(event, findings, account, states).ruling.action)

    assert rank(False) <= rank(True)
