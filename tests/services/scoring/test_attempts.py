"""How far attempts got is counted by network and country, with the reason and the money of what was stopped."""

from __future__ import annotations

from contracts.circumstances import Circumstance
from contracts.decisions import Contribution, Decision, HoldPayment, IssueChallenge, RaiseAlert
from contracts.events import Activity, Network, Place
from services.scoring.attempts import Attempts
from tests.services.scoring.events import login, transaction

_ALERT = RaiseAlert(effect_id="a", severity="high")
_ASKED = IssueChallenge(effect_id="c", challenge_id="c", purpose="login", digest="0" * 64, lifetime_s=60)


def _hold(joins: str | None = None) -> HoldPayment:
    return HoldPayment(effect_id="h", due_s=60, amount="412.00", currency="CNY", joins=joins)


def _decided(event: Activity, **given: object) -> Decision:
    common = {
        "event_id": event.event_id, "account_id": event.account_id, "type": "login", "at": event.at,
        "risk": 0.5, "score": 50, "action": "allow", "policy_version": "default-1",
    }  # fmt: skip
    return Decision(**{**common, **given})  # type: ignore[arg-type]


def test_an_allowed_login_of_a_known_country_is_an_attempt_and_nothing_more() -> None:
    attempts, event = Attempts(), login(place=Place(country="CN"), network=Network(kind="mobile"))

    attempts.note(event, int(Circumstance.ALWAYS), _decided(event))

    assert (dict(attempts.stages()), attempts.reasons, attempts.money) == (
        {("scored", "mobile", "usual"): 1},
        {},
        [],
    )


def test_where_nothing_is_known_of_the_place_the_classes_are_unknown() -> None:
    attempts, event = Attempts(), login()

    attempts.note(event, int(Circumstance.NEW_COUNTRY), _decided(event))

    assert dict(attempts.stages()) == {("scored", "unknown", "unknown"): 1}


def test_a_login_that_is_asked_for_a_code_counts_at_each_stage_it_reached() -> None:
    attempts, event = Attempts(), login(place=Place(country="FR"), network=Network(kind="hosting"))
    decision = _decided(event, action="challenge", effects=(_ASKED, _ALERT))

    attempts.note(event, int(Circumstance.NEW_COUNTRY), decision)

    reached = {
        stage
        for (stage, network, country), _ in attempts.stages()
        if (network, country) == ("hosting", "new")
    }
    assert reached == {"scored", "challenged", "alerted"}


def test_the_reason_that_weighs_most_counts_and_one_on_trial_does_not() -> None:
    attempts, event = Attempts(), login()
    findings = (
        Contribution(detector="d", reason="on_trial", weight=9.0, mode="shadow"),
        Contribution(detector="d", reason="first", weight=2.0, share=40),
        Contribution(detector="d", reason="second", weight=1.0, share=10),
    )

    attempts.note(event, 1, _decided(event, action="deny", findings=findings))

    assert attempts.reasons == {"first": 1}


def test_a_repeat_of_a_held_payment_holds_no_more_money() -> None:
    attempts, event = Attempts(), transaction()

    for joins in (None, "e0"):
        attempts.note(event, 1, _decided(event, action="hold", effects=(_hold(joins),)))

    assert attempts.money == [("held", "CNY", 412.0)]


def test_refused_money_counts_if_it_would_have_left_and_was_only_asked_for() -> None:
    attempts = Attempts()

    for given in ({}, {"kind": "top_up"}, {"status": "completed"}, {"status": "failed"}):
        event = transaction(**given)
        attempts.note(event, 1, _decided(event, action="deny"))

    assert attempts.money == [("refused", "CNY", 412.0)]
