"""What a decision is called is what follows from it: each action and type of event against the effects that it really has."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from contracts.actions import ACTIONS
from contracts.decisions import AnyEffect, Contribution, Decision
from contracts.events import AnyEvent
from services.policy.file import read_policy
from services.policy.policy import Policy
from services.scoring.effects import alarm, effects_for, effects_of_repeat, refreeze
from services.scoring.explain import headline
from services.scoring.frozen import SPEC as FROZEN
from services.scoring.wording import FOLLOWED, INSTEAD, NOTED
from tests.services.scoring import events
from tests.services.scoring.test_explain import decided

POLICY = read_policy()
EVENTS: dict[str, AnyEvent] = {
    "login": events.login(),
    "failed login": events.login(outcome="failure"),
    "transaction": events.transaction(),
    "account_change": events.change(),
    "not me": events.report(verdict="not_me"),
    "was me": events.report(verdict="was_me"),
    "fraud": events.label(verdict="fraud"),
    "legitimate": events.label(verdict="legitimate"),
    "outcome": events.outcome(),
}
#: Words that an English headline has only where the decision has the effect, and those of the effect besides.
WORDS = {
    "code": "issue_challenge",
    "support": "open_case",
    "case opened": "open_case",
    "notice": "notify",
    "alert": "raise_alert",
    "account frozen": "freeze",
}


def decision(event: AnyEvent, action: Any, effects: tuple[AnyEffect, ...], **more: Any) -> Decision:
    return decided(type=str(event.__struct_config__.tag), action=action, effects=effects, **more)


def tags(effects: tuple[AnyEffect, ...]) -> set[str]:
    return {str(effect.__struct_config__.tag) for effect in effects}


def possible(event: AnyEvent, action: str) -> bool:
    """A policy allows what is told about earlier events, and only notes a failed login."""
    kind = str(event.__struct_config__.tag)
    if kind not in ("login", "transaction", "account_change"):
        return action == "allow"
    return getattr(event, "outcome", "") != "failure" or action in ("allow", "notify")


@pytest.mark.parametrize(
    ("name", "action", "may_challenge", "across"),
    [
        each
        for each in product(EVENTS, ACTIONS, (True, False), (True, False))
        if possible(EVENTS[each[0]], each[1]) and (each[1] != "challenge" or each[2])
    ],
)
def test_a_headline_names_an_effect_only_where_the_decision_has_it(
    name: str, action: Any, may_challenge: bool, across: bool
) -> None:
    event = EVENTS[name]
    effects = effects_for(event, action, POLICY, may_challenge, across)
    said = headline(decision(event, action, effects), "en")

    for word, effect in WORDS.items():
        assert word not in said or effect in tags(effects), (said, tags(effects))
    if action == "deny":
        assert "freeze" in tags(effects)
        assert "account frozen" in said
    if action == "hold":
        assert ("code" in said, "support" in said) == (may_challenge, True)
    if action == "challenge":
        assert "code" in said


@pytest.mark.parametrize(
    ("acts", "said"),
    [
        ("[]", "Owner's report noted, alert raised"),
        ('["case"]', "Owner's report noted, case opened"),
        ('["freeze", "revoke_sessions", "case"]', "Owner's report noted, account frozen"),
    ],
)
def test_what_a_report_is_called_follows_the_policy(tmp_path: Any, acts: str, said: str) -> None:
    own = tmp_path / "own.toml"
    own.write_text(f'version = "mine"\n[report]\nnot_me = {acts}\n')
    policy: Policy = read_policy(own)
    event = EVENTS["not me"]

    assert headline(decision(event, "allow", effects_for(event, "allow", policy)), "en") == said


def test_a_repeat_of_a_held_payment_waits_with_it_and_not_for_support() -> None:
    event = events.transaction()
    effects = effects_of_repeat(event, POLICY, may_challenge=False, joins="first")

    assert "support" not in headline(decision(event, "hold", effects), "en")
    assert "earlier try" in headline(decision(event, "hold", effects), "en")


@pytest.mark.parametrize("name", ["login", "transaction", "account_change"])
@pytest.mark.parametrize("across", [True, False])
def test_what_waits_for_its_owners_word_is_not_said_to_wait_for_support(name: str, across: bool) -> None:
    event = EVENTS[name]
    effects = effects_for(event, "hold", POLICY, across=across, asks_owner=True)
    said = headline(decision(event, "hold", effects, waits_for="owner"), "en")

    assert "open_case" not in tags(effects)
    assert said.endswith("waits for its owner's word")


@pytest.mark.parametrize("paid", [True, False])
def test_what_a_frozen_account_could_not_stop_is_not_called_refused(paid: bool) -> None:
    event = events.transaction()
    effects = alarm(event, POLICY, "critical") if paid else ()
    frozen = Contribution(detector=FROZEN.name, reason=FROZEN.name, weight=0.0)
    said = headline(decision(event, "deny", effects, findings=(frozen,)), "en")

    assert ("refused" in said, "alert raised" in said) == (not paid, paid)


def test_an_end_that_was_overtaken_says_that_the_account_is_frozen() -> None:
    event = events.transaction()
    said = headline(decided(type="settlement", action="allow", effects=refreeze(event)), "en")

    assert said == "End of a hold noted, account frozen"


def test_both_languages_say_the_same_things() -> None:
    for texts in (FOLLOWED, NOTED, INSTEAD):
        assert list(texts["en"]) == list(texts["zh-CN"])
