"""Fusion: one risk, one score, and shares that add up to it."""

from __future__ import annotations

from math import exp, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.findings import Finding, Mode
from services.risk.fusion import TOP_FINDINGS, Calibration, Fused, fuse

PRIOR = 0.002
STRAIGHT = Calibration([(0, 0), (1, 100)])


def finding(detector: str, weight: float, family: str = "family") -> Finding:
    return Finding(detector=detector, reason=f"{detector}_reason", family=family, weight=weight)


def fused(findings: list[Finding], modes: dict[str, Mode] | None = None, fade: float = 0.5) -> Fused:
    return fuse(findings, modes or {}, PRIOR, fade, STRAIGHT)


findings_of_any_kind = st.lists(
    st.builds(
        finding,
        st.sampled_from([f"detector_{n}" for n in range(12)]),
        st.floats(0.0, 8.0),
        st.sampled_from(["device", "place", "money"]),
    ),
    max_size=12,
)
fades = st.floats(0.0, 1.0)


@given(findings_of_any_kind, st.floats(0.0, 8.0), st.sampled_from(["device", "place", "money"]), fades)
def test_a_further_finding_never_lowers_the_risk(
    findings: list[Finding], weight: float, family: str, fade: float
) -> None:
    more = fused([*findings, finding("detector_x", weight, family)], fade=fade)

    assert more.risk >= fused(findings, fade=fade).risk


@given(findings_of_any_kind.filter(len), st.floats(0.0, 8.0), fades)
def test_a_heavier_finding_never_lowers_the_risk(findings: list[Finding], extra: float, fade: float) -> None:
    first = findings[0]
    heavier = finding(first.detector, min(first.weight + extra, 8.0), first.family)

    assert fused([heavier, *findings[1:]], fade=fade).risk >= fused(findings, fade=fade).risk


@given(st.data(), findings_of_any_kind, fades)
def test_the_order_of_findings_changes_nothing(
    data: st.DataObject, findings: list[Finding], fade: float
) -> None:
    shuffled = data.draw(st.permutations(findings))

    assert fused(list(shuffled), fade=fade) == fused(findings, fade=fade)


@given(findings_of_any_kind, fades)
def test_shares_add_up_to_the_score(findings: list[Finding], fade: float) -> None:
    result = fused(findings, fade=fade)

    assert sum(reasoned.share for reasoned in result.reasoned) == result.score
    assert all(reasoned.share >= 0 for reasoned in result.reasoned)


@given(findings_of_any_kind, fades)
def test_risk_and_score_stay_in_their_ranges(findings: list[Finding], fade: float) -> None:
    result = fused(findings, fade=fade)

    assert PRIOR <= result.risk <= 1.0
    assert 0 <= result.score <= 100


@given(findings_of_any_kind, st.sampled_from(["off", "shadow"]))
def test_findings_that_do_not_act_change_neither_risk_nor_shares(findings: list[Finding], mode: Mode) -> None:
    modes: dict[str, Mode] = {"detector_0": mode, "detector_1": mode}
    acting = [one for one in findings if one.detector not in modes]
    result = fused(findings, modes)
    alone = fused(acting)

    assert (result.risk, result.score) == (alone.risk, alone.score)
    assert tuple(one for one in result.reasoned if one.mode == "on") == alone.reasoned


def test_no_findings_leave_the_prior_and_score_nothing() -> None:
    assert fused([]) == Fused(PRIOR, 0, ())


def test_the_risk_of_one_finding_is_the_prior_odds_times_its_likelihood_ratio() -> None:
    odds = PRIOR / (1 - PRIOR) * exp(3.0)

    assert fused([finding("a", 3.0)]).risk == round(odds / (1 + odds), 6)


def test_a_second_finding_of_a_family_counts_half_and_one_of_another_in_full() -> None:
    same = fused([finding("a", 3.0), finding("b", 2.0)])
    other = fused([finding("a", 3.0), finding("b", 2.0, "elsewhere")])

    assert same.risk == fused([finding("a", 4.0)]).risk
    assert other.risk == fused([finding("a", 5.0)]).risk


def test_findings_are_ordered_by_contribution_then_name() -> None:
    result = fused([finding("b", 2.0, "y"), finding("c", 4.0, "x"), finding("a", 2.0, "z")])

    assert [reasoned.detector for reasoned in result.reasoned] == ["c", "a", "b"]


def test_only_the_strongest_findings_are_recorded_and_carry_the_whole_score() -> None:
    result = fused([finding(f"d{n:02}", 0.2 + n / 10, f"family {n}") for n in range(TOP_FINDINGS + 3)])

    assert len(result.reasoned) == TOP_FINDINGS
    assert sum(reasoned.share for reasoned in result.reasoned) == result.score > 0


def test_a_shadow_finding_is_recorded_after_acting_ones_with_no_share() -> None:
    result = fused([finding("heavy", 8.0), finding("light", 5.0)], {"heavy": "shadow"})

    assert [(one.detector, one.mode, one.share > 0) for one in result.reasoned] == [
        ("light", "on", True),
        ("heavy", "shadow", False),
    ]


def test_a_finding_that_is_off_leaves_no_trace() -> None:
    assert fused([finding("a", 8.0)], {"a": "off"}) == fused([])


@pytest.mark.parametrize(("weight", "counted"), [(-3.0, 0.0), (float("nan"), 0.0), (50.0, 8.0)])
def test_a_weight_outside_its_range_counts_as_the_nearest_bound(weight: float, counted: float) -> None:
    assert fused([finding("a", weight)]).risk == fused([finding("a", counted)]).risk


def test_evidence_is_copied_into_the_record() -> None:
    found = Finding(
        detector="a",
        reason="r",
        family="f",
        weight=2.5,
        value=7,
        baseline=1,
        threshold=5,
        hold=True,
        facts={"minutes": 20},
    )
    (reasoned,) = fuse([found], {}, PRIOR, 0.5, STRAIGHT).reasoned

    assert (reasoned.value, reasoned.baseline, reasoned.threshold, reasoned.facts, reasoned.weight) == (
        7,
        1,
        5,
        {"minutes": 20},
        2.5,
    )


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_a_higher_risk_never_scores_lower(one: float, other: float) -> None:
    bent = Calibration([(0, 0), (0.01, 30), (0.5, 30), (1, 100)])
    low, high = sorted((one, other))

    assert bent.score(low) <= bent.score(high)


def test_calibration_meets_its_points() -> None:
    bent = Calibration([(0, 0), (0.01, 30), (0.5, 60), (1, 100)])

    assert [bent.score(risk) for risk in (0.0, 0.005, 0.01, 0.5, 0.75, 1.0)] == [0, 15, 30, 60, 80, 100]


@pytest.mark.parametrize(
    ("points", "said"),
    [
        ([(0, 0)], "at least two points"),
        ([(0.1, 0), (1, 100)], "begin at risk 0"),
        ([(0, 0), (0.9, 100)], "end at risk 1"),
        ([(0, 0), (0.5, 10), (0.5, 20), (1, 100)], "risks must rise"),
        ([(0, 0), (0.5, 60), (1, 50)], "never fall"),
        ([(0, 0), (1, 101)], "between 0 and 100"),
        ([(0, -1), (1, 100)], "between 0 and 100"),
        ([(0, 0), (0.5, float("nan")), (1, 100)], "never fall"),
    ],
)
def test_a_calibration_that_is_not_monotone_is_refused(points: list[tuple[float, float]], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Calibration(points)


def test_weights_are_nats() -> None:
    assert fused([finding("a", log(499.0))]).risk == 0.5
