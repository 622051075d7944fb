"""A decision in words, whatever it says."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import escape
from msgspec import json
from msgspec.structs import replace

from contracts.actions import ACTIONS
from contracts.decisions import Contribution, Counterfactual, Decision
from contracts.events import EVENT_TYPE_NAMES
from contracts.shown import Shown, Usual
from detectors import discover
from services.desk.decision_figures import drawn
from services.desk.decision_view import Background, decision_view
from services.desk.frame import words
from services.desk.story_parts import Telling
from services.portal.pages import templates
from services.risk.learned_pattern import SPEC as LEARNED
from services.scoring.frozen import SPEC as FROZEN
from tests.services.desk import worked
from tests.services.desk.telling import known, reader_in

NOW = 1_790_000_000.0
CODES = sorted(reason for _, reason in known().reasons)
TAKEN = worked.decisions(NOW)[-1]
MARKUP = "<img src=x onerror=alert(1)>&amp;'\""


def _view(decision: Decision, locale: str = "en") -> Any:
    background = Background(days=412, payments=38)
    return decision_view(decision, known().reasons, known().limits, background, reader_in(locale))


def _page(decision: Decision, locale: str, past: list[float]) -> str:
    tell = reader_in(locale)
    view = _view(decision, locale)
    return (
        templates("services.desk")
        .get_template("case_decision.html")
        .render(
            t=words(locale), d=view, figures=drawn(decision, view.limits, past, tell), others=[], more_past=False,
            limits_version="v",
        )
    )  # fmt: skip


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
def test_every_reason_of_every_detector_has_a_name(locale: str) -> None:
    specs = [*(found.spec for found in discover()), LEARNED, FROZEN]
    codes = {reason.code for spec in specs for reason in spec.reasons}

    assert [] == sorted(code for code in codes if f"reason.{code}" not in words(locale))


def test_reasons_have_what_was_seen_what_is_usual_the_limit_and_a_share() -> None:
    rows = [(row.label, row.now, row.usual, row.limit, row.share) for row in _view(TAKEN).reasons]

    assert [
        ("Four steps of a takeover", "12 min", "—", "1 d", 32),
        ("Two places too far apart for the time", "2,921 km/h", "—", "900 km/h", 20),
        ("Amount far above the usual", "18,000.00", "118.40", "2,900.00", 18),
        ("Many accounts pay this new payee", "7 accounts", "—", "5 accounts", 11),
        ("Device never seen on this account", "Android device", "2 known", "—", 7),
        ("Anonymous network", "VPN", "0.0%", "—", 3),
        ("Wrong passwords, then a right one", "6", "0", "5", 0),
    ] == rows
    assert TAKEN.score == sum(row[-1] for row in rows)


def test_a_detector_on_trial_comes_last_and_has_no_share() -> None:
    rows = _view(TAKEN).reasons

    assert [False] * 6 + [True] == [row.trial for row in rows]
    assert 0.0 == rows[-1].bar


def test_limits_are_scores_of_the_policy_in_use() -> None:
    view = _view(TAKEN)

    assert ["notify", "challenge", "hold", "deny"] == [each.action for each in view.limits]
    assert sorted(each.score for each in view.limits) == [each.score for each in view.limits]
    assert view.other_policy is None
    assert "old" == _view(replace(TAKEN, policy_version="old")).other_policy


@pytest.mark.parametrize(
    "changed", [{"states": ("learning",)}, {"degraded": ("new_payee",)}, {"states": ("tallies_unavailable",)}]
)
def test_what_was_known_comes_first_where_it_was_too_little(changed: dict[str, Any]) -> None:
    page = _page(replace(TAKEN, **changed), "en", [])

    assert 'class="amber"' in page
    assert page.index("What was known") < page.index("Four steps of a takeover")
    assert 'class="amber"' not in _page(TAKEN, "en", [])


def test_what_would_have_passed_names_the_change_and_what_it_would_have_got() -> None:
    assert [
        ("an amount below CNY 2,900.00", "asked for a code"),
        ("the device of the latest visit", "asked for a code"),
        ("no account change in the 24 h before", "asked for a code"),
    ] == _view(TAKEN).passed


def test_markup_in_payee_device_and_place_prints_as_text() -> None:
    assert TAKEN.shown is not None
    shown = replace(TAKEN.shown, payee_id=MARKUP, device=MARKUP, city=MARKUP)
    findings = (*TAKEN.findings, Contribution(detector="x", reason=MARKUP, weight=1.0, value=MARKUP))

    page = _page(replace(TAKEN, shown=shown, findings=findings), "en", [1.0])

    assert "<img" not in page
    assert str(escape("<img src")) in page


_text = st.one_of(
    st.sampled_from(["", MARKUP, "vpn", "{x}", "%s", "中文", "\u202eabc"]), st.text(max_size=20)
)
_number = st.one_of(st.integers(-(10**12), 10**12), st.floats(allow_nan=False, allow_infinity=False))
_value = st.one_of(st.none(), _number, _text)
_maybe = st.one_of(st.none(), _text)
_amounts = st.one_of(
    st.none(), st.decimals(0, 10**15, places=2).map(str), st.sampled_from(["0", "0.00000001", "1" * 40])
)
_currency = st.one_of(st.none(), st.sampled_from(["CNY", "USD", "JPY", "BTC", "XXX"]))
_places = st.one_of(st.none(), st.floats(0, 30_000))
_usual = st.builds(Usual, device=_maybe, country=_maybe, city=_maybe, at=st.one_of(st.none(), st.floats(0, 2e9)), amount=_amounts,
                   currency=_currency, payee_known=st.one_of(st.none(), st.booleans()), distance_km=_places)  # fmt: skip
_shown = st.builds(Shown, device=_maybe, country=_maybe, city=_maybe, accuracy_km=_places, network_kind=_maybe, amount=_amounts,
                   currency=_currency, payee_id=_maybe, kind=_maybe, status=_maybe,
                   usual=st.one_of(st.none(), _usual))  # fmt: skip
_facts = st.dictionaries(
    st.sampled_from(["currency", "distance_km", "minutes", "known_devices", "hours", "count"]), _value
)
_finding = st.builds(
    Contribution, detector=_text, reason=st.one_of(st.sampled_from(CODES), _text), weight=st.floats(0, 8),
    share=st.integers(0, 100),
    mode=st.sampled_from(["on", "shadow"]), value=_value, baseline=_value, threshold=_value, facts=st.one_of(st.none(), _facts),
)  # fmt: skip
_change = st.builds(
    Counterfactual, change=st.sampled_from(["amount_below", "known_device", "known_place", "known_payee", "unchanged_account"]),
    action=st.sampled_from(ACTIONS), amount=_amounts, currency=_currency, hours=st.one_of(st.none(), st.integers(0, 999)),
)  # fmt: skip
_states = st.lists(
    st.one_of(st.sampled_from(["learning", "place_unavailable", "memory_lost", "late"]), _text), max_size=3
)
_decision = st.builds(
    Decision, event_id=_text, account_id=_text, type=st.sampled_from(EVENT_TYPE_NAMES), at=st.floats(0, 4e9),
    risk=st.floats(0, 1),
    score=st.integers(0, 100), action=st.sampled_from(ACTIONS), policy_version=_text,
    findings=st.lists(_finding, max_size=9).map(tuple),
    states=_states.map(tuple), degraded=st.lists(_text, max_size=2).map(tuple), model_version=_maybe,
    counterfactuals=st.lists(_change, max_size=5).map(tuple), shown=st.one_of(st.none(), _shown),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(_decision, st.lists(st.floats(0, 1e12), max_size=60), st.sampled_from(["en", "zh-CN"]))
def test_any_decision_that_the_wire_allows_is_shown(
    decision: Decision, past: list[float], locale: str
) -> None:
    decided = json.decode(json.encode(decision), type=Decision)

    page = _page(decided, locale, past)

    assert "<img" not in page


def _boxes(labels: Any) -> Iterator[tuple[float, float, float]]:
    from services.desk.figures import width_of

    for label in labels:
        yield label.y, label.x, label.x + width_of(label.words)


@settings(max_examples=40, deadline=None)
@given(_decision, st.lists(st.floats(0.01, 1e9), max_size=60))
def test_words_on_figures_stay_inside_and_apart(decision: Decision, past: list[float]) -> None:
    tell: Telling = reader_in("en")
    figures = drawn(decision, known().limits.of(decision), past, tell)

    labels = list(_boxes(figures.scale.labels))
    assert all(0.0 <= left and right <= figures.scale.width + 0.1 for _, left, right in labels)
    for (y, left, right), (other_y, other_left, other_right) in itertools.combinations(labels, 2):
        assert y != other_y or right <= other_left or other_right <= left
    if figures.spread is not None:
        assert all(0.0 <= x <= figures.spread.width for x, _ in figures.spread.dots)
        assert 0.0 <= figures.spread.now_x <= figures.spread.width
