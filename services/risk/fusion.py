"""Findings of one event to one risk, one score and the part each finding has in it.

Log-odds: the prior's, plus every finding's weight. Inside a family the strongest weight counts in full and each
following one is multiplied by `fade` once more, because signals of one family are correlated and would otherwise be
counted twice; families count as independent (naive Bayes). The risk is the sigmoid of the sum.
The prior has no part in the score: an event without acting evidence scores 0.

With a trained model's evidence, the model's log-odds stand in for the prior and for all findings of detectors it has learnt;
findings of other detectors add their weights as above. What the log-odds hold beyond the findings is a finding of its own
(`services.risk.learned_pattern`); where they hold less, the findings' shares shrink with the score.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import exp, fsum, log
from typing import NamedTuple

from contracts.decisions import Contribution
from contracts.findings import Finding, Mode
from services.risk.learned_pattern import NAME as LEARNED
from services.risk.model import Evidence

#: Findings that a decision records, strongest first.
TOP_FINDINGS = 8
#: Decimal places of a risk: fine enough for any threshold, coarse enough to be equal on every machine.
RISK_DIGITS = 6
MAX_WEIGHT = 8.0
#: A model that adds less than this to the findings, in nats, is not named.
LEAST_BEYOND = 0.1


class Fused(NamedTuple):
    """Risk in 0..1, score 0..100, and the findings as the decision records them; shares add up to the score."""

    risk: float
    score: int
    reasoned: tuple[Contribution, ...]


class Calibration:
    """A monotone map from risk to score: straight lines between points of (risk, score)."""

    __slots__ = ("points",)

    def __init__(self, points: Iterable[tuple[float, float]]) -> None:
        """Points from risk 0 to risk 1 with rising risks and scores that never fall; ValueError says what is wrong."""
        self.points = tuple((float(risk), float(score)) for risk, score in points)
        if len(self.points) < 2:
            raise ValueError("needs at least two points")
        if self.points[0][0] != 0.0 or self.points[-1][0] != 1.0:
            raise ValueError("must begin at risk 0 and end at risk 1")
        for (risk, score), (next_risk, next_score) in zip(self.points, self.points[1:], strict=False):
            if not next_risk > risk:
                raise ValueError(f"risks must rise, got {next_risk:g} after {risk:g}")
            if not next_score >= score:
                raise ValueError(f"scores must never fall, got {next_score:g} after {score:g}")
        if not (self.points[0][1] >= 0.0 and self.points[-1][1] <= 100.0):
            raise ValueError("scores must lie between 0 and 100")

    def score(self, risk: float) -> int:
        """The score of a risk in 0..1, rounded down."""
        low_risk, low_score = self.points[0]
        for high_risk, high_score in self.points:
            if risk < high_risk:
                return int(low_score + (high_score - low_score) * (risk - low_risk) / (high_risk - low_risk))
            low_risk, low_score = high_risk, high_score
        return int(low_score)


def fuse(
    findings: Sequence[Finding],
    modes: Mapping[str, Mode],
    prior: float,
    fade: float,
    calibration: Calibration,
    evidence: Evidence | None = None,
) -> Fused:
    """One risk from all findings of an event, whatever their order.

    `modes` by detector name (absent: on). Findings that are `off` are dropped, those in `shadow` are recorded
    after the acting ones with share 0 and never change risk or score. `prior` is the risk of an event without
    evidence, in (0, 1). `evidence` is a trained model's; its mode is that of `learned_pattern`.
    """
    if not findings and evidence is None:
        return Fused(round(prior, RISK_DIGITS), 0, ())
    acting, shadow = _by_mode(findings, modes)
    if len(acting) == 1 and not shadow and evidence is None:
        return _fused_alone(acting[0], prior, calibration)
    weighed = _faded(acting, fade)
    total = fsum([contribution for contribution, _ in weighed])
    if evidence is not None and (mode := modes.get(LEARNED, "on")) != "off":
        learned = learned_nats(evidence, acting, prior, fade)
        beyond = learned - total
        if beyond >= LEAST_BEYOND and learned > 0.0:
            told = evidence.finding(learned + _log_odds(prior), beyond, acting)
            if mode == "on":
                weighed.append((beyond, told))
                weighed.sort(key=_by_contribution)
            else:
                shadow.append(told)
        total = learned if mode == "on" else total
    return _fused(weighed, shadow, prior, total, calibration)


def learned_nats(evidence: Evidence, acting: Sequence[Finding], prior: float, fade: float) -> float:
    """What a model's evidence and the findings it has not learnt come to, in nats above the prior."""
    nats = evidence.log_odds(acting) - _log_odds(prior)
    unlearnt = [finding for finding in acting if not evidence.has_learnt(finding.detector)]
    if unlearnt:
        nats += fsum([contribution for contribution, _ in _faded(unlearnt, fade)])
    return nats


def quiet_risk(evidence: Evidence, modes: Mapping[str, Mode], prior: float) -> float:
    """The risk of an event without findings."""
    acts = modes.get(LEARNED, "on") == "on"
    return _risk(prior, learned_nats(evidence, (), prior, 0.0) if acts else 0.0)


def _fused(
    weighed: list[tuple[float, Finding]],
    shadow: list[Finding],
    prior: float,
    total: float,
    calibration: Calibration,
) -> Fused:
    risk = _risk(prior, total)
    score = calibration.score(risk) if total > 0.0 else 0
    recorded = weighed[:TOP_FINDINGS]
    shares = _shares(score, [contribution for contribution, _ in recorded])
    reasoned = [_reasoned(finding, share, "on") for (_, finding), share in zip(recorded, shares, strict=True)]
    if shadow:
        shadow.sort(key=_by_weight)
        reasoned += [_reasoned(finding, 0, "shadow") for finding in shadow[: TOP_FINDINGS - len(recorded)]]
    return Fused(risk, score, tuple(reasoned))


def _fused_alone(finding: Finding, prior: float, calibration: Calibration) -> Fused:
    """What `fuse` comes to for the common single finding: the whole score is its share."""
    weight = _weight(finding)
    risk = _risk(prior, weight)
    score = calibration.score(risk) if weight > 0.0 else 0
    return Fused(risk, score, (_reasoned(finding, score, "on"),))


def _risk(prior: float, total: float) -> float:
    return round(1.0 / (1.0 + exp(-(_log_odds(prior) + total))), RISK_DIGITS)


def _log_odds(risk: float) -> float:
    return log(risk / (1.0 - risk))


def _by_mode(findings: Sequence[Finding], modes: Mapping[str, Mode]) -> tuple[list[Finding], list[Finding]]:
    acting: list[Finding] = []
    shadow: list[Finding] = []
    for finding in findings:
        mode = modes.get(finding.detector, "on")
        if mode == "on":
            acting.append(finding)
        elif mode == "shadow":
            shadow.append(finding)
    return acting, shadow


def _weight(finding: Finding) -> float:
    weight = finding.weight
    return min(weight, MAX_WEIGHT) if weight > 0.0 else 0.0


def _by_weight(finding: Finding) -> tuple[float, str, str]:
    return (-_weight(finding), finding.detector, finding.reason)


def _by_contribution(entry: tuple[float, Finding]) -> tuple[float, str, str]:
    return (-entry[0], entry[1].detector, entry[1].reason)


def _faded(findings: list[Finding], fade: float) -> list[tuple[float, Finding]]:
    """(contribution in nats, finding), largest contribution first, then by name."""
    if len(findings) == 1:
        return [(_weight(findings[0]), findings[0])]
    factors: dict[str, float] = {}
    weighed: list[tuple[float, Finding]] = []
    for finding in sorted(findings, key=_by_weight):
        factor = factors.get(finding.family, 1.0)
        factors[finding.family] = factor * fade
        weighed.append((_weight(finding) * factor, finding))
    weighed.sort(key=_by_contribution)
    return weighed


def _shares(score: int, contributions: list[float]) -> list[int]:
    """Whole parts of the score in proportion to the contributions, by largest remainder; earlier ones win ties."""
    total = fsum(contributions)
    if score == 0 or total <= 0.0:
        return [0] * len(contributions)
    quotas = [score * contribution / total for contribution in contributions]
    shares = [int(quota) for quota in quotas]
    left = score - sum(shares)
    if left:
        for index in sorted(range(len(quotas)), key=lambda index: shares[index] - quotas[index])[:left]:
            shares[index] += 1
    return shares


def _reasoned(finding: Finding, share: int, mode: Mode) -> Contribution:
    return Contribution(
        detector=finding.detector,
        reason=finding.reason,
        weight=finding.weight,
        share=share,
        mode=mode,
        value=finding.value,
        baseline=finding.baseline,
        threshold=finding.threshold,
        facts=finding.facts,
    )
