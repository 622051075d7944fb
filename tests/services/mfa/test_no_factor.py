"""An account without a second factor: what the policy says, never a silent pass, and never an offer to enrol."""

from __future__ import annotations

from typing import get_args

import httpx
import pytest

from contracts.decisions import IssueChallenge, Notify, RaiseAlert
from contracts.events import AnyEvent
from contracts.profile import EVENT_ID_BYTES, Profile
from services.memory.learning import learn
from services.mfa.routes import Verification
from services.policy.policy import AWAY_STATES, Account
from services.policy.reader import InvalidPolicy
from services.policy.text import parse_policy
from services.scoring.effects import effects_for
from tests.services.mfa.world import World
from tests.services.scoring.events import change, login, transaction
from tests.services.scoring.policies import BASE, DEFAULT, plain

EVENTS = [login(), transaction(), change()]
RISKY = 0.25
NO_FACTOR = Account(has_factor=False)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_what_would_be_challenged_is_held_or_told_as_the_policy_says(event: AnyEvent) -> None:
    ruling = plain().rule(event, RISKY, NO_FACTOR)

    assert ruling.action == ("notify" if event is EVENTS[0] else "hold")
    assert not ruling.may_challenge


@pytest.mark.parametrize("instead", ["notify", "confirm", "hold", "deny"])
@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_each_of_the_policy_s_choices_tells_somebody_and_asks_for_no_code(
    event: AnyEvent, instead: str
) -> None:
    kinds = ("login", "transaction", "account_change")
    policy = plain("[no_factor]\n" + "".join(f'{kind} = "{instead}"\n' for kind in kinds))
    ruling = policy.rule(event, RISKY, NO_FACTOR)
    effects = effects_for(event, ruling.action, policy, ruling.may_challenge)

    assert ruling.action == ("hold" if instead == "confirm" else instead)
    assert any(isinstance(effect, RaiseAlert | Notify) for effect in effects)
    assert not any(isinstance(effect, IssueChallenge) for effect in effects)


@pytest.mark.parametrize("silent", ["allow", "challenge"])
def test_the_policy_cannot_say_that_nothing_happens(silent: str) -> None:
    with pytest.raises(
        InvalidPolicy, match=r"no_factor.transaction: expected one of notify, confirm, hold, deny"
    ):
        parse_policy(f'version = "silent"\n[no_factor]\ntransaction = "{silent}"\n', BASE)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
@pytest.mark.parametrize("state", sorted(AWAY_STATES))
def test_money_is_closed_and_a_login_is_told_while_a_store_is_away(event: AnyEvent, state: str) -> None:
    """The default policy: outgoing money needs a code, without a factor it waits; a login stays open and its owner hears."""
    policy = parse_policy(DEFAULT)
    with_factor = policy.rule(event, 0.0, Account(has_factor=True), {state}).action
    without = policy.rule(event, 0.0, NO_FACTOR, {state}).action

    expected = ("challenge", "hold") if event is EVENTS[1] else ("notify", "notify")
    assert (with_factor, without) == expected


async def test_a_challenge_of_an_account_that_lost_its_factor_passes_with_nothing(world: World) -> None:
    await world.issue("c1", "nobody")

    answers = [await world.service.verify("c1", code) for code in ("000000", "0000-0000-0000-0000")]

    assert not any(answer.passed for answer in answers)


async def test_a_step_up_never_offers_enrolment(world: World, http: httpx.AsyncClient) -> None:
    """What is said of an account without a factor is what is said of any: a state, a result, a number."""
    await world.issue("c1", "nobody")
    shown = (await http.get("/v1/challenges/c1")).json()
    refused = (await http.post("/v1/challenges/c1/verify", json={"code": "000000"})).json()

    assert refused == {"result": "refused", "attempts_left": 4, "grant": None}
    assert shown["state"] == "open"
    assert not any(word in str((shown, refused)).lower() for word in ("enrol", "otpauth", "totp", "secret"))
    assert set(get_args(Verification.model_fields["result"].annotation)) == {"passed", "refused"}


def standing(*changes: str) -> Account:
    """What a policy knows of an account with a factor after these changes."""
    profile = Profile(has_factor=True)
    for what in changes:
        learn(profile, change(change=what), b"k" * EVENT_ID_BYTES)
    return parse_policy(DEFAULT).account(
        profile.has_factor, profile.challenge_times, 0.0, profile.factor_disabled
    )


def test_a_locked_factor_is_still_asked_for() -> None:
    """Else five wrong codes would be a way round it."""
    assert plain().rule(login(), RISKY, standing("totp_locked")).action == "challenge"


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
@pytest.mark.parametrize("instead", ["notify", "hold", "deny"])
def test_of_a_disabled_factor_no_code_is_asked_and_nothing_is_less_than_held(
    event: AnyEvent, instead: str
) -> None:
    """Else wrong codes would turn a challenge into what the policy grants accounts without a factor."""
    kinds = ("login", "transaction", "account_change")
    policy = plain("[no_factor]\n" + "".join(f'{kind} = "{instead}"\n' for kind in kinds))
    ruling = policy.rule(event, RISKY, standing("totp_disabled"))
    effects = effects_for(event, ruling.action, policy, ruling.may_challenge)

    assert ruling.action == ("deny" if instead == "deny" else "hold")
    assert not any(isinstance(effect, IssueChallenge) for effect in effects)


@pytest.mark.parametrize(
    ("after", "expected"),
    [("totp_removed", "notify"), ("totp_enrolled", "challenge"), ("totp_replaced", "challenge")],
)
def test_a_reset_and_a_new_enrolment_end_that(after: str, expected: str) -> None:
    assert plain().rule(login(), RISKY, standing("totp_disabled", after)).action == expected
