"""How a model's evidence joins the findings: one risk, one score, shares that add up, and words."""

from __future__ import annotations

from math import exp, log

import pytest

from contracts.findings import Finding
from contracts.profile import Profile
from services.memory.glance import look
from services.risk.fusion import Fused, quiet_risk
from services.risk.learned_pattern import ASPECT_WORDS, NAME, SPEC
from services.risk.model import Model, ModelEvidence
from services.scoring.explain import reasons_of, sentence
from tests.services.risk import test_fusion
from tests.services.risk.test_fusion import PRIOR
from tests.services.scoring.events import transaction
from tests.services.scoring.models import NEW_PAYEE, model_file, stump

TELLING = Model(model_file(stump(0, 6.9, -3.0, 4.0), stump(NEW_PAYEE, 0.5, 0.0, 2.0)))


def evidence(amount: str = "20000.00", model: Model = TELLING) -> ModelEvidence:
    event, profile = transaction(amount=amount), Profile()
    return model.of(event, profile, look(event, profile, {}), {})


def finding(detector: str = "new_payee", weight: float = 1.0, family: str = "payee") -> Finding:
    return test_fusion.finding(detector, weight, family)


def fused(*findings: Finding, amount: str = "20000.00") -> Fused:
    return test_fusion.fused(*findings, says=evidence(amount))


def sigmoid(odds: float) -> float:
    return 1.0 / (1.0 + exp(-odds))


def test_the_risk_is_the_models_calibrated_probability() -> None:
    assert fused().risk == pytest.approx(sigmoid(-5.0 + 4.0), abs=1e-6)


def test_a_finding_the_model_has_learnt_counts_as_the_model_says() -> None:
    assert fused(finding(weight=0.9)).risk == pytest.approx(sigmoid(-5.0 + 4.0 + 2.0), abs=1e-6)


def test_a_finding_it_has_not_learnt_adds_its_own_weight() -> None:
    stranger = finding("takeover_chain", 1.5, "sequence")
    assert fused(stranger).risk == pytest.approx(sigmoid(-5.0 + 4.0 + 1.5), abs=1e-6)


def test_what_the_model_adds_is_a_finding_and_shares_add_up_to_the_score() -> None:
    result = fused(finding(weight=0.9))
    assert {reasoned.detector for reasoned in result.reasoned} == {"new_payee", NAME}
    assert sum(reasoned.share for reasoned in result.reasoned) == result.score > 0


def test_where_the_model_says_less_than_the_findings_their_shares_shrink() -> None:
    weighty = finding(weight=6.0)
    result = fused(weighty, amount="10.00")
    assert result.risk < test_fusion.fused(weighty).risk
    assert [reasoned.detector for reasoned in result.reasoned] == ["new_payee"]
    assert result.reasoned[0].share == result.score


def test_a_quiet_event_has_the_models_risk() -> None:
    assert quiet_risk(evidence("10.00"), {}, PRIOR) == pytest.approx(sigmoid(-8.0), abs=1e-6)


def test_the_models_finding_never_holds_an_event_out_of_the_profile() -> None:
    assert not evidence().finding(0.0, 2.0, ()).quarantine


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("en", "Of past payments like this one 26.9% were fraud, above all for its amount."),
        ("zh-CN", "与此相似的历史交易中，有 26.9% 为欺诈，主要依据是交易金额。"),
    ],
)
def test_the_finding_is_told_in_words(locale: str, words: str) -> None:
    (reasoned,) = fused().reasoned
    assert sentence(reasoned, locale, reasons_of([])) == words


def test_every_aspect_has_words_in_each_language() -> None:
    from services.risk.features import FEATURES

    aspects = {f"aspect_{aspect}" for _, aspect in FEATURES} | {"aspect_findings"}
    assert all(set(words) == aspects for words in ASPECT_WORDS.values())
    assert SPEC.name == NAME


def test_the_log_odds_of_the_prior_are_not_counted_twice() -> None:
    result = fused()
    nats = log(result.risk / (1.0 - result.risk)) - log(PRIOR / (1.0 - PRIOR))
    assert result.reasoned[0].weight == pytest.approx(nats, abs=1e-3)
