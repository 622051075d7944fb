"""The tables of actions and of kinds of cases are whole, and a stronger action is never less than a weaker one."""

from __future__ import annotations

from itertools import pairwise
from typing import get_args

from contracts.actions import ACTIONS, ASKING, EFFECTS, KINDS, RANK, STEPS, EffectName
from contracts.case_kinds import CASE_KINDS
from contracts.decisions import AnyEffect


def test_every_action_has_one_row_in_the_order_of_strength() -> None:
    assert tuple(kind.name for kind in KINDS) == ACTIONS
    assert [RANK[action] for action in ACTIONS] == list(range(len(ACTIONS)))


def test_every_effect_has_a_name_for_the_policy_s_page() -> None:
    assert set(EFFECTS) == set(get_args(EffectName))
    assert set(EFFECTS) == {str(effect.__struct_config__.tag) for effect in get_args(AnyEffect)}


def test_what_a_weaker_action_stops_a_stronger_one_stops_too() -> None:
    assert all(weaker.stops <= stronger.stops for weaker, stronger in pairwise(KINDS))
    assert KINDS[0].stops is False


def test_an_action_that_asks_for_a_code_stops_the_event_meanwhile() -> None:
    assert all(kind.stops for kind in KINDS if kind.name in ASKING)


def test_every_action_with_a_threshold_says_what_happens_from_it_on_and_tells_somebody() -> None:
    assert all(step.reached and {"raise_alert", "notify"} & set(step.effects) for step in STEPS)


def test_every_action_that_stops_an_event_alerts() -> None:
    assert all("raise_alert" in step.effects for step in STEPS if step.stops)


def test_kinds_of_cases_have_names_of_their_own() -> None:
    names = [*ACTIONS, *(kind.name for kind in CASE_KINDS)]
    assert len(names) == len(set(names))
