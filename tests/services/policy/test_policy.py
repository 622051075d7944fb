"""From risk to action, under policies written for each test."""

from __future__ import annotations

import pytest

from contracts.actions import Action
from contracts.decisions import Contribution
from contracts.events import AnyEvent
from contracts.findings import Finding
from services.policy.policy import HELD_NOT_DENIED, Account
from services.policy.reader import InvalidPolicy
from services.policy.text import parse_policy
from tests.services.scoring.events import change, label, login, outcome, report, transaction
from tests.services.scoring.policies import BASE, PLAIN, plain

ACTED_ON = [login(), transaction(), change()]


def reasoned(*detectors: str) -> list[Contribution]:
    return [Contribution(detector=name, reason=name, weight=1.0) for name in detectors]


@pytest.mark.parametrize("event", ACTED_ON, ids=lambda event: type(event).__name__)
@pytest.mark.parametrize(
    ("risk", "action"),
    [
        (0.0, "allow"),
        (0.099999, "allow"),
        (0.1, "notify"),
        (0.2, "challenge"),
        (0.3, "hold"),
        (0.4, "deny"),
        (1.0, "deny"),
    ],
)
def test_the_strongest_action_whose_threshold_is_reached_is_taken(
    event: AnyEvent, risk: float, action: Action
) -> None:
    assert plain().decide(event, risk, True) == action


@pytest.mark.parametrize("event", [outcome(), report(), label()], ids=lambda event: type(event).__name__)
def test_outcomes_reports_and_labels_are_always_allowed(event: AnyEvent) -> None:
    denying = plain('[lists]\ndeny = ["acct-1"]\n')

    assert denying.decide(event, 1.0, False, ("tallies_unavailable",)) == "allow"


@pytest.mark.parametrize(
    "event",
    [
        login(outcome="failure"),
        transaction(status="failed"),
        transaction(kind="refund"),
        transaction(kind="top_up"),
    ],
    ids=["failed login", "failed transaction", "refund", "top-up"],
)
@pytest.mark.parametrize("has_factor", [True, False])
def test_what_cannot_be_challenged_is_never_more_than_notified(event: AnyEvent, has_factor: bool) -> None:
    denying = plain('[lists]\ndeny = ["acct-1"]\n')

    assert plain().decide(event, 1.0, has_factor) == "notify"
    assert plain().decide(event, 0.01, has_factor, ("tallies_unavailable",)) == "allow"
    assert denying.decide(event, 0.0, has_factor) == "notify"


@pytest.mark.parametrize(
    ("event", "action"), [(login(), "notify"), (transaction(), "hold"), (change(), "hold")]
)
def test_a_challenge_without_a_factor_follows_the_no_factor_rule(event: AnyEvent, action: Action) -> None:
    assert plain().decide(event, 0.25, False) == action


@pytest.mark.parametrize("state", ["tallies_unavailable", "memory_unavailable"])
@pytest.mark.parametrize(
    ("event", "has_factor", "action"),
    [
        (login(), True, "notify"),
        (transaction(), True, "challenge"),
        (transaction(), False, "hold"),
        (change(), True, "notify"),
    ],
)
def test_while_something_is_away_logins_stay_open_and_money_is_closed(
    state: str, event: AnyEvent, has_factor: bool, action: Action
) -> None:
    assert plain().decide(event, 0.0, has_factor, ("learning", state)) == action


def test_the_unavailable_rule_never_weakens_an_action() -> None:
    assert plain().decide(login(), 0.35, True, ("tallies_unavailable",)) == "hold"


@pytest.mark.parametrize("state", ["learning", "place_unavailable", "network_unavailable", "late", "clamped"])
def test_other_states_change_no_action(state: str) -> None:
    assert plain().decide(transaction(), 0.0, True, (state,)) == "allow"


def test_larger_amounts_use_the_band_of_their_currency() -> None:
    policy = plain(
        "[[bands.CNY]]\nfrom = 1000\nchallenge = 0.15\n[[bands.CNY]]\nfrom = 9000\nnotify = 0.05\nhold = 0.2\n"
    )
    decided = {
        amount: policy.decide(transaction(amount=amount), 0.15, True)
        for amount in ("999.99", "1000.00", "9000.00")
    }

    assert decided == {"999.99": "notify", "1000.00": "challenge", "9000.00": "notify"}
    assert policy.decide(transaction(amount="9000.00"), 0.05, True) == "notify"
    assert policy.decide(transaction(amount="9000.00"), 0.2, True) == "hold"


def test_a_currency_without_bands_uses_the_transaction_thresholds() -> None:
    policy = plain("[[bands.CNY]]\nfrom = 0\nnotify = 0.01\nchallenge = 0.01\nhold = 0.01\ndeny = 0.01\n")

    assert policy.decide(transaction(currency="JPY", amount=90_000), 0.15, True) == "notify"
    assert policy.decide(transaction(currency="CNY", amount="1.00"), 0.15, True) == "deny"


def test_a_threshold_of_never_is_never_reached() -> None:
    policy = parse_policy(PLAIN.replace("deny = 0.4", 'deny = "never"', 1), BASE)

    assert policy.decide(login(), 1.0, True) == "hold"


def test_accounts_on_the_allow_list_are_allowed_and_those_on_the_deny_list_denied() -> None:
    policy = plain('[lists]\nallow = ["acct-1"]\ndeny = ["acct-2"]\n')

    assert policy.decide(transaction(), 1.0, False) == "allow"
    assert policy.decide(transaction(account_id="acct-2"), 0.0, True) == "deny"


def test_detectors_with_a_bound_do_not_go_beyond_it_alone() -> None:
    policy = plain(
        '[detectors.new_country]\nalone_at_most = "notify"\n[detectors.new_network]\nalone_at_most = "allow"\n'
    )
    asked = {
        names: policy.decide(login(), 0.9, True, (), reasoned(*names))
        for names in (("new_network",), ("new_country", "new_network"), ("new_country", "velocity_count"))
    }

    assert asked == {
        ("new_network",): "allow",
        ("new_country", "new_network"): "notify",
        ("new_country", "velocity_count"): "deny",
    }


def test_a_shadow_finding_does_not_lift_a_bound() -> None:
    policy = plain('[detectors.new_country]\nalone_at_most = "notify"\n')
    shadow = Contribution(detector="velocity_count", reason="r", weight=5.0, mode="shadow")

    assert policy.decide(login(), 0.9, True, (), [*reasoned("new_country"), shadow]) == "notify"


def test_a_bound_of_challenge_is_hold_where_no_challenge_can_be_answered() -> None:
    policy = plain('[detectors.new_device]\nalone_at_most = "challenge"\n')
    found = reasoned("new_device")

    assert policy.decide(login(), 0.9, True, (), found) == "challenge"
    assert policy.decide(login(), 0.9, False, (), found) == "hold"
    assert policy.decide(login(), 0.25, False, (), found) == "notify"


INSUFFICIENT = '[deny]\ninsufficient = ["new_device", "unusual_amount"]\n'


@pytest.mark.parametrize("event", ACTED_ON, ids=lambda event: type(event).__name__)
@pytest.mark.parametrize("has_factor", [True, False])
def test_what_owners_do_too_is_held_for_support_however_much_of_it_comes_together(
    event: AnyEvent, has_factor: bool
) -> None:
    found = reasoned("new_device", "unusual_amount")
    ruling = plain(INSUFFICIENT).rule(event, 0.999999, Account(has_factor), (), found)

    assert (ruling.action, ruling.waits_for, ruling.spared) == ("hold", "support", True)
    assert plain().rule(event, 0.999999, Account(has_factor), (), found).action == "deny"


@pytest.mark.parametrize("other", ["takeover_chain", "session_switch", "learned_pattern"])
def test_one_finding_of_another_hand_is_enough_to_deny(other: str) -> None:
    found = reasoned("new_device", "unusual_amount", other)

    assert plain(INSUFFICIENT).decide(transaction(), 0.9, True, (), found) == "deny"


def test_a_shadow_finding_is_no_evidence_of_another_hand() -> None:
    shadow = Contribution(detector="takeover_chain", reason="r", weight=5.0, mode="shadow")

    assert (
        plain(INSUFFICIENT).decide(transaction(), 0.9, True, (), [*reasoned("new_device"), shadow]) == "hold"
    )


def test_an_account_on_the_list_is_denied_whatever_the_evidence() -> None:
    policy = plain(INSUFFICIENT + '[lists]\ndeny = ["acct-1"]\n')
    ruling = policy.rule(transaction(account_id="acct-1"), 0.9, Account(True), (), reasoned("new_device"))

    assert (ruling.action, ruling.spared) == ("deny", False)


def test_a_hold_in_place_of_a_denial_says_so() -> None:
    weights = {"new_device": 8.0, "unusual_amount": 8.0}
    findings = [
        Finding(detector=name, reason=name, family=name, weight=each) for name, each in weights.items()
    ]

    assert plain(INSUFFICIENT).judge(transaction(), findings, Account(True)).states == (HELD_NOT_DENIED,)


def test_the_version_holds_the_stated_name_and_a_digest_of_the_values() -> None:
    name, _, digest = plain().version.partition("+")

    assert name == "test"
    assert len(digest) == 8


def test_comments_and_order_do_not_change_the_version_but_values_do() -> None:
    same = parse_policy("# the same\n" + PLAIN, BASE)
    other = plain("[challenge]\nlifetime_s = 120\n")

    assert same.version == plain().version
    assert other.version != plain().version


def test_modes_and_parameters_of_detectors_are_read() -> None:
    policy = plain('[detectors.demo]\nmode = "shadow"\nparams = { least_count = 4 }\n')

    assert policy.modes["demo"] == "shadow"
    assert policy.params == {"demo": {"least_count": 4}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version = ", "not TOML: "),
        ("prior = 0.01\n", "version: missing; expected a name of 1 to 40 characters"),
        (
            PLAIN.replace("hold = 0.3", "hold = 0.1", 1),
            "thresholds.login.hold: expected at least the threshold before it (0.2), got 0.1",
        ),
        (
            PLAIN + "[[bands.CNY]]\nfrom = 10\n[[bands.CNY]]\nfrom = 10\n",
            "bands.CNY[1].from: expected more than the band before it (10), got 10",
        ),
        (
            PLAIN + "[[bands.CNY]]\nfrom = 10\nnotify = 0.5\n",
            "bands.CNY[0].challenge: expected at least the threshold before it (0.5), got 0.2 (of "
            "thresholds.transaction)",
        ),
        (
            PLAIN + '[lists]\nallow = ["a"]\ndeny = ["a"]\n',
            "lists.deny: 1 of these accounts are on lists.allow too",
        ),
    ],
)
def test_a_policy_that_contradicts_itself_is_refused(text: str, said: str) -> None:
    with pytest.raises(InvalidPolicy) as caught:
        parse_policy(text, BASE)

    assert str(caught.value).startswith(said)
