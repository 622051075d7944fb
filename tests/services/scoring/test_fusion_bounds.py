"""Fusion at its bounds: what is named, in what order, in what parts, and where a model's evidence begins to speak."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log

import pytest

from contracts.findings import Finding, Mode
from services.risk.fusion import TOP_FINDINGS, Calibration, Fused, fuse, quiet_risk
from services.risk.learned_pattern import NAME, pattern

PRIOR = 0.002
STRAIGHT = Calibration([(0, 0), (1, 100)])
#: An event without evidence would score 20 here.
GENEROUS = Calibration([(0, 20), (1, 100)])


class Says:
    """Evidence that comes to so many nats above the prior, with nothing learnt of any detector."""

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
    return Finding(detector=detector, reason=detector, family=family or detector, weight=weight)


def fused(
    *findings: Finding,
    says: Says | None = None,
    modes: dict[str, Mode] | None = None,
    calibration: Calibration = STRAIGHT,
) -> Fused:
    return fuse(findings, modes or {}, PRIOR, 0.5, calibration, says)


def named(result: Fused) -> list[tuple[str, str]]:
    return [(each.detector, each.mode) for each in result.reasoned]


def risk_of(nats: float) -> float:
    odds = PRIOR / (1 - PRIOR) * exp(nats)
    return round(odds / (1 + odds), 6)


@pytest.mark.parametrize(("beyond", "is_named"), [(0.09, False), (0.11, True)])
def test_a_model_is_named_from_a_tenth_of_a_nat_beyond_the_findings_and_counts_below_it_too(
    beyond: float, is_named: bool
) -> None:
    result = fused(finding("a", 2.0), says=Says(2.0 + beyond, learnt=["a"]))

    assert [detector for detector, _ in named(result)] == (["a", NAME] if is_named else ["a"])
    assert result.risk == risk_of(2.0 + beyond)


def test_a_model_alone_is_named_from_the_same_tenth_on() -> None:
    assert named(fused(says=Says(0.11))) == [(NAME, "on")]
    assert named(fused(says=Says(0.09))) == []
    assert named(fused(says=Says(-3.0))) == []


def test_what_a_model_adds_stands_where_its_part_puts_it() -> None:
    result = fused(finding("a", 2.0), finding("b", 0.5), says=Says(3.7, learnt=["a", "b"]))

    assert named(result) == [("a", "on"), (NAME, "on"), ("b", "on")]
    assert result.reasoned[1].weight == pytest.approx(1.2)
    assert sum(each.share for each in result.reasoned) == result.score


def test_a_model_in_shadow_is_named_last_and_one_that_is_off_is_as_none() -> None:
    found = (finding("a", 2.0), finding("b", 1.0))
    alone = fused(*found)
    shadow = fused(*found, says=Says(9.0), modes={NAME: "shadow"})

    assert (shadow.risk, shadow.score) == (alone.risk, alone.score)
    assert named(shadow) == [("a", "on"), ("b", "on"), (NAME, "shadow")]
    assert fused(*found, says=Says(9.0), modes={NAME: "off"}) == alone
    assert quiet_risk(Says(3.0), {NAME: "off"}, PRIOR) == PRIOR
    assert quiet_risk(Says(3.0), {}, PRIOR) == risk_of(3.0)


def test_findings_a_model_has_not_learnt_add_to_it_faded_by_family() -> None:
    result = fused(
        finding("a", 2.0, "f"), finding("b", 1.0, "f"), finding("c", 5.0, "f"), says=Says(0.5, ["c"])
    )

    assert result.risk == risk_of(0.5 + 2.0 + 0.5)


def test_evidence_against_fraud_scores_nothing() -> None:
    result = fused(finding("a", 2.0), says=Says(-1.0, ["a"]), calibration=GENEROUS)

    assert (result.score, result.risk) == (0, risk_of(-1.0))
    assert [each.share for each in result.reasoned] == [0]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_findings_without_weight_score_nothing_whatever_the_prior_would(count: int) -> None:
    result = fused(*(finding(f"d{number}", 0.0) for number in range(count)), calibration=GENEROUS)

    assert (result.score, result.risk) == (0, PRIOR)
    assert [each.share for each in result.reasoned] == [0] * count


def test_the_least_weight_scores() -> None:
    assert fused(finding("a", 0.001), calibration=GENEROUS).score == 20
    assert fused(finding("a", 0.001), finding("b", 0.0), calibration=GENEROUS).score == 20


def test_light_findings_have_their_shares_too() -> None:
    result = fused(finding("a", 0.03), finding("b", 0.01), calibration=GENEROUS)

    assert [each.share for each in result.reasoned] == [15, 5]


def test_the_third_of_a_family_counts_a_quarter() -> None:
    found = [finding(name, 2.0, "family") for name in "abc"]

    assert fused(*found).risk == risk_of(2.0 + 1.0 + 0.5)


def test_a_faded_finding_stands_after_a_lighter_one_of_another_family() -> None:
    result = fused(finding("a", 4.0, "x"), finding("b", 3.0, "x"), finding("c", 2.0, "y"))

    assert [detector for detector, _ in named(result)] == ["a", "c", "b"]
    assert [each.share for each in result.reasoned] == sorted(
        (each.share for each in result.reasoned), reverse=True
    )


def test_no_weight_among_several_counts_more_than_eight_nats_or_less_than_nothing() -> None:
    assert fused(finding("a", 50.0), finding("b", -5.0)).risk == risk_of(8.0)
    assert fused(finding("a", float("nan")), finding("b", 3.0)).risk == risk_of(3.0)


@pytest.mark.parametrize("weight", [1.5, 1.7, 1.9, 2.1, 2.3])
def test_equal_findings_have_equal_shares_and_the_first_ones_what_is_left_over(weight: float) -> None:
    result = fused(*(finding(name, weight) for name in "abc"))

    assert [each.share for each in result.reasoned] == [
        result.score // 3 + (place < result.score % 3) for place in range(3)
    ]


def test_what_is_left_over_goes_to_the_largest_remainder() -> None:
    seven = Calibration([(0, 7), (1, 7)])
    result = fused(finding("a", 3.0), finding("b", 1.0), calibration=seven)

    assert [each.share for each in result.reasoned] == [5, 2]


def test_shares_are_in_proportion_to_what_findings_add() -> None:
    result = fused(finding("a", 4.5), finding("b", 1.5))

    assert [each.share for each in result.reasoned] == pytest.approx(
        [result.score * 0.75, result.score * 0.25], abs=1.0
    )


def test_findings_in_shadow_fill_what_is_left_strongest_first() -> None:
    acting = [finding(f"a{number}", 3.0 - number / 10) for number in range(TOP_FINDINGS - 2)]
    quiet = [finding("s1", 1.0), finding("s2", 4.0), finding("s3", 2.0)]
    result = fused(*quiet, *acting, modes=dict.fromkeys(("s1", "s2", "s3"), "shadow"))

    assert named(result)[-2:] == [("s2", "shadow"), ("s3", "shadow")]
    assert len(result.reasoned) == TOP_FINDINGS == 8


def test_one_finding_beside_one_in_shadow_is_judged_as_if_alone() -> None:
    alone = fused(finding("a", 3.0))
    beside = fused(finding("a", 3.0), finding("s", 7.0), modes={"s": "shadow"})

    assert (beside.risk, beside.score, beside.reasoned[0]) == (alone.risk, alone.score, alone.reasoned[0])
    assert named(beside) == [("a", "on"), ("s", "shadow")]


def test_a_score_is_rounded_down_and_a_risk_to_six_places() -> None:
    assert Calibration([(0, 0), (1, 99)]).score(0.999) == 98
    assert fused(finding("a", 1.2345678)).risk == risk_of(1.2345678)


def test_scores_may_stand_still_and_reach_both_ends() -> None:
    flat = Calibration([(0, 0), (0.2, 40), (0.8, 40), (1, 100)])

    assert [flat.score(risk) for risk in (0.0, 0.1, 0.2, 0.5, 0.8, 0.9, 1.0)] == [0, 20, 40, 40, 40, 70, 100]
