"""What a policy knows of an account and of a detector's findings when it rules."""

from __future__ import annotations

import pytest
from msgspec import Struct

from contracts.exchange import NO_RATES, ExchangeRates
from contracts.findings import Finding
from contracts.profile import DAY_S, HOUR_S, Profile
from services.platform.currency_files import read_rates
from services.policy.policy import BUDGET_SPENT, SNOOZED, Account
from services.policy.reader import InvalidPolicy
from tests.services.scoring.events import change, login, transaction
from tests.services.scoring.policies import plain

AT = 1_760_000_000.0
WEEKLY, HOURLY = "[budget]\nchallenges_per_week = 3\n", "[budget]\nchallenges_per_hour = 2\n"


def found(detector: str, weight: float = 5.0) -> Finding:
    return Finding(detector=detector, reason=detector, family=detector, weight=weight, quarantine=True)


def test_only_the_challenges_of_the_last_hour_count_for_the_hour() -> None:
    times = [AT - HOUR_S, AT - HOUR_S + 1, AT, AT + 1]

    assert plain(HOURLY).account(True, times, AT) == Account(True, 0, 2)


def test_each_budget_is_counted_alone_and_both_together() -> None:
    times = [AT - 2 * DAY_S, AT - 60]
    both = "[budget]\nchallenges_per_week = 3\nchallenges_per_hour = 2\n"

    assert plain(WEEKLY).account(True, times, AT) == Account(True, 2, 0)
    assert plain(HOURLY).account(True, times, AT) == Account(True, 0, 1)
    assert plain(both).account(True, times, AT) == Account(True, 2, 1)
    assert plain(both).account(False, [], AT) == Account(False)


def test_an_hour_s_budget_is_spent_by_its_own_number() -> None:
    policy = plain(HOURLY + '[budget.overflow]\nlogin = "deny"\n')

    asked = [policy.rule(login(), 0.25, Account(True, 9, number)).action for number in (1, 2, 3)]
    assert asked == ["challenge", "deny", "deny"]


def test_a_spent_budget_is_said_where_a_challenge_or_a_hold_would_have_asked() -> None:
    policy = plain(WEEKLY)
    spent = {
        risk: policy.rule(login(), risk, Account(True, 3)).spent for risk in (0.05, 0.15, 0.25, 0.35, 0.45)
    }

    assert spent == {0.05: False, 0.15: False, 0.25: True, 0.35: True, 0.45: False}
    assert not policy.rule(login(), 0.25, Account(True, 2)).spent
    assert not policy.rule(login(), 0.25, Account(False, 3)).spent


def test_effects_may_ask_for_a_challenge_only_of_who_has_a_factor_and_a_budget() -> None:
    policy = plain(WEEKLY)

    accounts = (Account(True), Account(False), Account(True, 3))
    assert [policy.rule(login(), 0.35, each).may_challenge for each in accounts] == [True, False, False]
    assert not policy.rule(login(outcome="failure"), 0.35, Account(True)).may_challenge


def test_an_account_s_standing_is_what_its_memory_says() -> None:
    profile = Profile()
    profile.has_factor, profile.challenge_times = True, [AT - 5, AT]

    assert plain(WEEKLY).standing(profile, AT) == Account(True, 2)
    profile.has_factor, profile.factor_disabled = False, True
    assert plain(WEEKLY).standing(profile, AT) == Account(False, disabled=True)


@pytest.mark.parametrize("event", [login(), transaction(), change()], ids=lambda event: type(event).__name__)
def test_where_wrong_codes_disabled_the_factor_a_challenge_is_at_least_a_hold(event: object) -> None:
    account = Account(False, disabled=True)

    assert plain().rule(event, 0.25, account).action == "hold"  # type: ignore[arg-type]
    assert plain().rule(event, 0.15, account).action == "notify"  # type: ignore[arg-type]
    assert plain().rule(event, 0.45, account).action == "deny"  # type: ignore[arg-type]


def test_money_said_to_come_in_is_exempt_but_for_a_stranger_s() -> None:
    refund = transaction(kind="refund")

    assert plain().rule(refund, 1.0, Account(True)).action == "notify"
    assert plain().rule(refund, 1.0, Account(True, stranger=True)).action == "deny"
    assert plain().rule(transaction(status="failed"), 1.0, Account(True, stranger=True)).action == "notify"


def test_a_hold_of_an_account_without_a_factor_is_never_less_for_it() -> None:
    assert plain().rule(login(), 0.35, Account(False)).action == "hold"
    assert plain().rule(login(), 0.45, Account(False)).action == "deny"


SNOOZE = """
[[snoozes]]
account = "acct-1"
detector = "new_device"
until = 2025-10-09T08:53:21Z
reason = "moves house"
"""


def test_a_snooze_adds_its_state_only_where_it_quiets_something() -> None:
    policy = plain(SNOOZE)

    assert policy.judge(login(), [found("new_device")], Account(True)).states == (SNOOZED,)
    assert policy.judge(login(), [found("new_network")], Account(True)).states == ()
    assert policy.judge(login(), [], Account(True)).states == ()


def test_a_snooze_that_is_not_for_holds_leaves_a_hold_and_one_that_is_does_not() -> None:
    strong = [found("new_device", 8.0), found("velocity_count", 8.0)]
    held = plain(SNOOZE).judge(login(), [found("new_device", 7.0)], Account(True))
    quieted = plain(SNOOZE + "holds = true\n").judge(login(), [found("new_device", 7.0)], Account(True))

    assert (held.ruling.action, held.states) == ("deny", ())
    assert (quieted.ruling.action, quieted.states) == ("allow", (SNOOZED,))
    assert [
        (each.detector, each.mode)
        for each in plain(SNOOZE + "holds = true\n").judge(login(), strong, Account(True)).fused.reasoned
    ] == [("velocity_count", "on"), ("new_device", "shadow")]


def test_a_verdict_says_in_which_mode_each_detector_counted() -> None:
    assert plain().judge(login(), [found("new_device")], Account(True)).modes == plain().modes
    snoozed = plain(SNOOZE).judge(login(), [found("new_device")], Account(True))
    assert snoozed.modes == {**plain().modes, "new_device": "shadow"}


def test_a_spent_budget_is_a_state_beside_the_snooze_s() -> None:
    policy = plain(SNOOZE + "holds = true\n" + WEEKLY)
    verdict = policy.judge(login(), [found("new_device"), found("velocity_count")], Account(True, 3))

    assert verdict.states == (SNOOZED, BUDGET_SPENT)


class Params(Struct, frozen=True):
    """Parameters of a detector that only these tests have."""

    least_count: int = 3
    most_nats: float = 2.0
    rates: ExchangeRates = NO_RATES


def test_a_detector_s_parameters_are_its_own_but_for_those_that_are_stated() -> None:
    policy = plain("[detectors.demo]\nparams = { least_count = 4 }\n")

    assert policy.params_for("demo", Params()) == Params(least_count=4)
    assert policy.params_for("other", Params()) == Params()


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        (
            "least = 4",
            "detectors.demo.params.least: unknown key; known here: least_count, most_nats",
        ),
        ('least_count = "four"', "detectors.demo.params.least_count: Expected `int`, got `str`"),
        ("rates = 1", "detectors.demo.params.rates: unknown key; known here: least_count, most_nats"),
    ],
)
def test_parameters_that_do_not_fit_are_named(stated: str, said: str) -> None:
    with pytest.raises(InvalidPolicy) as caught:
        plain(f"[detectors.demo]\nparams = {{ {stated} }}\n").params_for("demo", Params())

    assert str(caught.value) == said


def test_all_parameters_that_do_not_fit_are_named_at_once() -> None:
    policy = plain('[detectors.demo]\nparams = { first = 1, second = 2, least_count = "x" }\n')

    with pytest.raises(InvalidPolicy) as caught:
        policy.params_for("demo", Params())

    assert [word in str(caught.value) for word in ("first", "second", "least_count")] == [True] * 3


def test_a_detector_without_parameters_is_said_to_know_none() -> None:
    class Nothing(Struct, frozen=True):
        """No parameters."""

    with pytest.raises(InvalidPolicy, match="known here: none"):
        plain("[detectors.demo]\nparams = { least = 1 }\n").params_for("demo", Nothing())


def test_rates_price_the_bands_and_are_named_in_the_version() -> None:
    policy, rates = plain("[[bands.USD]]\nfrom = 1000\nchallenge = 0.15\n"), read_rates(None)
    priced = policy.priced(rates)

    assert priced.version == f"{policy.version}+rates.{rates.digest}"
    assert priced.decide(transaction(amount="9999999.00", currency="KZT"), 0.15, True) == "challenge"
    assert policy.decide(transaction(amount="9999999.00", currency="KZT"), 0.15, True) == "notify"
    assert policy.priced(NO_RATES) is policy
