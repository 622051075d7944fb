"""Fusion: one risk, one score, shares that add up to it, and where a model's evidence begins to speak."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.findings import Finding, Mode
from services.risk.fusion import TOP_FINDINGS, Calibration, Fused, fuse, quiet_risk
from services.risk.learned_pattern import NAME, pattern
from services.risk.model import Evidence

PRIOR = 0.002
STRAIGHT = Calibration([(0, 0), (1, 100)])
#: An event without evidence would score 20 here.
GENEROUS = Calibration([(0, 20), (1, 100)])


class Says:
    """Evidence that comes to so many nats above the prior, with nothing learnt of other detectors."""

    def __init__(self, nats: float, learnt: Sequence[str] = ()) -> None:
        self.nats = nats
        self.learnt = learnt

    def log_odds(self, findings: Sequence[Finding]) -> float:
        return log(PRIOR / (1.0 - PRIOR)) + self.nats

    def has_learnt(self, detector: str) -> bool:
        return detector in self.learnt

    def finding(self, log_odds: float, weight: float, findings: Sequence[Finding]) -> Finding:
        return pattern(1.0 / (1.0 + exp(-log_odds)), weight, {"amount": weight})


def finding(detector: str, weight: float, family: str | None = None) -> Finding:
    """One of a family of its own, unless told otherwise."""
    return Finding(detector=detector, reason=detector, family=family or detector, weight=weight)


def fused(
    *findings: Finding,
    says: Evidence | None = None,
    modes: dict[str, Mode] | None = None,
    fade: float = 0.5,
    calibration: Calibration = STRAIGHT,
) -> Fused:
    return fuse(findings, modes or {}, PRIOR, fade, calibration, says)


def named(result: Fused) -> list[tuple[str, str]]:
    return [(each.detector, each.mode) for each in result.reasoned]


def shares(result: Fused) -> list[int]:
    return [each.share for each in result.reasoned]


def risk_of(nats: float) -> float:
    odds = PRIOR / (1 - PRIOR) * exp(nats)
    return round(odds / (1 + odds), 6)


families = st.sampled_from(["device", "place", "money"])
findings_of_any_kind = st.lists(
    st.builds(finding, st.sampled_from([f"detector_{n}" for n in range(12)]), st.floats(0.0, 8.0), families),
    max_size=12,
)
fades = st.floats(0.0, 1.0)


@given(findings_of_any_kind, st.floats(0.0, 8.0), families, fades)
def test_a_further_finding_never_lowers_the_risk(
    findings: list[Finding], weight: float, family: str, fade: float
) -> None:
    more = fused(*findings, finding("detector_x", weight, family), fade=fade)

    assert more.risk >= fused(*findings, fade=fade).risk


@given(findings_of_any_kind.filter(len), st.floats(0.0, 8.0), fades)
def test_a_heavier_finding_never_lowers_the_risk(findings: list[Finding], extra: float, fade: float) -> None:
    first = findings[0]
    heavier = finding(first.detector, min(first.weight + extra, 8.0), first.family)

    assert fused(heavier, *findings[1:], fade=fade).risk >= fused(*findings, fade=fade).risk


@given(st.data(), findings_of_any_kind, fades)
def test_the_order_of_findings_changes_nothing(
    data: st.DataObject, findings: list[Finding], fade: float
) -> None:
    shuffled = data.draw(st.permutations(findings))

    assert fused(*shuffled, fade=fade) == fused(*findings, fade=fade)


@given(findings_of_any_kind, fades)
def test_risk_and_score_stay_in_their_ranges_and_shares_add_up_to_the_score(
    findings: list[Finding], fade: float
) -> None:
    result = fused(*findings, fade=fade)

    assert PRIOR <= result.risk <= 1.0
    assert 0 <= sum(shares(result)) == result.score <= 100
    assert all(share >= 0 for share in shares(result))


@given(findings_of_any_kind, st.sampled_from(["off", "shadow"]))
def test_findings_that_do_not_act_change_neither_risk_nor_shares(findings: list[Finding], mode: Mode) -> None:
    modes: dict[str, Mode] = {"detector_0": mode, "detector_1": mode}
    result = fused(*findings, modes=modes)
    alone = fused(*(one for one in findings if one.detector not in modes))

    assert (result.risk, result.score) == (alone.risk, alone.score)
    assert tuple(one for one in result.reasoned if one.mode == "on") == alone.reasoned


def test_no_findings_leave_the_prior_and_score_nothing() -> None:
    assert fused() == Fused(PRIOR, 0, ())


def test_the_risk_of_one_finding_is_the_prior_odds_times_its_likelihood_ratio_to_six_places() -> None:
    assert fused(finding("a", 1.2345678)).risk == risk_of(1.2345678)
    assert fused(finding("a", log(499.0))).risk == 0.5


def test_each_further_finding_of_a_family_counts_half_and_one_of_another_in_full() -> None:
    assert fused(*(finding(name, 2.0, "family") for name in "abc")).risk == risk_of(2.0 + 1.0 + 0.5)
    assert fused(finding("a", 3.0, "x"), finding("b", 2.0, "y")).risk == risk_of(5.0)


def test_findings_are_ordered_by_what_they_add_then_by_name() -> None:
    equal = fused(finding("b", 2.0), finding("c", 4.0), finding("a", 2.0))
    faded = fused(finding("a", 4.0, "x"), finding("b", 3.0, "x"), finding("c", 2.0, "y"))

    assert [detector for detector, _ in named(equal)] == ["c", "a", "b"]
    assert [detector for detector, _ in named(faded)] == ["a", "c", "b"]
    assert shares(faded) == sorted(shares(faded), reverse=True)


def test_only_the_strongest_findings_are_recorded_and_carry_the_whole_score() -> None:
    result = fused(*(finding(f"d{n:02}", 0.2 + n / 10) for n in range(TOP_FINDINGS + 3)))

    assert len(result.reasoned) == TOP_FINDINGS == 8
    assert sum(shares(result)) == result.score > 0


def test_a_finding_in_shadow_is_recorded_last_with_no_share_and_one_that_is_off_leaves_no_trace() -> None:
    alone = fused(finding("a", 3.0))
    beside = fused(finding("s", 7.0), finding("a", 3.0), modes={"s": "shadow"})

    assert beside.reasoned[:1] == alone.reasoned
    assert [(each.detector, each.mode, each.share) for each in beside.reasoned[1:]] == [("s", "shadow", 0)]
    assert fused(finding("a", 3.0), finding("s", 7.0), modes={"s": "off"}) == alone


def test_findings_in_shadow_fill_what_is_left_strongest_first() -> None:
    acting = [finding(f"a{number}", 3.0 - number / 10) for number in range(TOP_FINDINGS - 2)]
    quiet = [finding("s1", 1.0), finding("s2", 4.0), finding("s3", 2.0)]
    result = fused(*quiet, *acting, modes=dict.fromkeys(("s1", "s2", "s3"), "shadow"))

    assert named(result)[-2:] == [("s2", "shadow"), ("s3", "shadow")]
    assert len(result.reasoned) == TOP_FINDINGS


@pytest.mark.parametrize(("weight", "counted"), [(-3.0, 0.0), (float("nan"), 0.0), (50.0, 8.0)])
def test_a_weight_outside_its_range_counts_as_the_nearest_bound(weight: float, counted: float) -> None:
    assert fused(finding("a", weight)).risk == risk_of(counted)
    assert fused(finding("a", weight), finding("b", 0.0)).risk == risk_of(counted)


def test_evidence_is_copied_into_the_record() -> None:
    told = {"weight": 2.5, "value": 7, "baseline": 1, "threshold": 5, "facts": {"minutes": 20}}
    found = Finding(detector="a", reason="r", family="f", quarantine=True, **told)  # type: ignore[arg-type]
    (reasoned,) = fused(found).reasoned

    assert {name: getattr(reasoned, name) for name in told} == told


@pytest.mark.parametrize("count", [1, 2, 3])
def test_findings_without_weight_score_nothing_whatever_the_prior_would(count: int) -> None:
    result = fused(*(finding(f"d{number}", 0.0) for number in range(count)), calibration=GENEROUS)

    assert (result.score, result.risk, shares(result)) == (0, PRIOR, [0] * count)


def test_the_least_weight_scores() -> None:
    assert fused(finding("a", 0.001), calibration=GENEROUS).score == 20
    assert fused(finding("a", 0.001), finding("b", 0.0), calibration=GENEROUS).score == 20


@pytest.mark.parametrize(
    ("calibration", "weights", "expected"),
    [(GENEROUS, (0.03, 0.01), [15, 5]), (Calibration([(0, 7), (1, 7)]), (3.0, 1.0), [5, 2])],
    ids=["light ones too", "what is left over goes to the largest remainder"],
)
def test_shares_are_in_proportion_to_what_findings_add(
    calibration: Calibration, weights: tuple[float, float], expected: list[int]
) -> None:
    result = fused(*(finding(str(weight), weight) for weight in weights), calibration=calibration)

    assert shares(result) == expected


@pytest.mark.parametrize("weight", [1.5, 1.7, 1.9, 2.1, 2.3])
def test_equal_findings_have_equal_shares_and_the_first_ones_what_is_left_over(weight: float) -> None:
    result = fused(*(finding(name, weight) for name in "abc"))

    assert shares(result) == [result.score // 3 + (place < result.score % 3) for place in range(3)]


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_a_higher_risk_never_scores_lower(one: float, other: float) -> None:
    bent = Calibration([(0, 0), (0.01, 30), (0.5, 30), (1, 100)])
    low, high = sorted((one, other))

    assert bent.score(low) <= bent.score(high)


def test_calibration_meets_its_points_may_stand_still_and_rounds_down() -> None:
    bent = Calibration([(0, 0), (0.01, 30), (0.5, 60), (1, 100)])
    flat = Calibration([(0, 0), (0.2, 40), (0.8, 40), (1, 100)])

    assert [bent.score(risk) for risk in (0.0, 0.005, 0.01, 0.5, 0.75, 1.0)] == [0, 15, 30, 60, 80, 100]
    assert [flat.score(risk) for risk in (0.0, 0.1, 0.2, 0.5, 0.8, 0.9, 1.0)] == [0, 20, 40, 40, 40, 70, 100]
    assert Calibration([(0, 0), (1, 99)]).score(0.999) == 98


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


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize(("beyond", "is_named"), [(-3.0, False), (0.09, False), (0.11, True)])
def test_a_model_is_named_from_a_tenth_of_a_nat_beyond_the_findings_and_counts_below_it_too(
    alone: bool, beyond: float, is_named: bool
) -> None:
    findings = [] if alone else [finding("a", 4.0)]
    nats = beyond + sum(each.weight for each in findings)
    result = fused(*findings, says=Says(nats, learnt=["a"]))

    assert [each.detector for each in result.reasoned if each.detector == NAME] == [NAME] * is_named
    assert result.risk == risk_of(nats)


def test_what_a_model_adds_stands_where_its_part_puts_it() -> None:
    result = fused(finding("a", 2.0), finding("b", 0.5), says=Says(3.7, learnt=["a", "b"]))

    assert named(result) == [("a", "on"), (NAME, "on"), ("b", "on")]
    assert result.reasoned[1].weight == pytest.approx(1.2)
    assert sum(shares(result)) == result.score


def test_a_model_in_shadow_is_named_last_and_one_that_is_off_is_as_none() -> None:
    found = (finding("a", 2.0), finding("b", 1.0))
    alone = fused(*found)
    shadow = fused(*found, says=Says(9.0), modes={NAME: "shadow"})

    assert (shadow.risk, shadow.score, shadow.reasoned[:2]) == alone
    assert [(each.detector, each.mode, each.share) for each in shadow.reasoned[2:]] == [(NAME, "shadow", 0)]
    assert fused(*found, says=Says(9.0), modes={NAME: "off"}) == alone


def test_a_quiet_event_has_the_risk_of_a_model_that_is_on() -> None:
    modes: list[Mode] = ["on", "shadow", "off"]

    assert [quiet_risk(Says(3.0), {NAME: mode}, PRIOR) for mode in modes] == [risk_of(3.0), PRIOR, PRIOR]


def test_findings_a_model_has_not_learnt_add_to_it_faded_by_family() -> None:
    family = [finding("a", 2.0, "f"), finding("b", 1.0, "f"), finding("c", 5.0, "f")]

    assert fused(*family, says=Says(0.5, ["c"])).risk == risk_of(0.5 + 2.0 + 0.5)


def test_evidence_against_fraud_scores_nothing() -> None:
    result = fused(finding("a", 2.0), says=Says(-1.0, ["a"]), calibration=GENEROUS)

    assert (result.score, result.risk, shares(result)) == (0, risk_of(-1.0), [0])
