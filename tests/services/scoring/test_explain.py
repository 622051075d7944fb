"""Decisions in words, for readers of English and Chinese."""

from __future__ import annotations

import re
from types import ModuleType
from typing import Any

import pytest

from contracts.actions import ACTIONS
from contracts.decisions import AnyEffect, Contribution, Decision, Notify, RaiseAlert
from contracts.findings import Finding, Reason
from contracts.profile import HOUR_S, MAX_DEVICES
from detectors import discover, factor_change_then_money, takeover_chain, top_up_then_cash_out
from services.scoring.explain import duration, headline, money, number, reasons_of, sentence, sentences
from services.scoring.wording import HEADLINES, LOCALES, STATES
from tests.detectors.build import NOW, ask, change, key, payer, transaction
from tests.services.cases.decided import decision

REASONS = {
    ("pay", "large"): Reason(
        code="large",
        en="{value:money} is far above the usual {baseline:money}.",
        zh_cn="{value:money} 远高于平时的 {baseline:money}。",
    ),
    ("pace", "fast"): Reason(
        code="fast",
        en="{value} payments in {span_s:duration}.",
        zh_cn="{span_s:duration} 内付款 {value} 笔。",
    ),
    ("share", "rare"): Reason(code="rare", en="Seen in {value:percent}.", zh_cn="占 {value:percent}。"),
    ("net", "moved"): Reason(code="moved", en="Over a {kind} network.", zh_cn="所用网络：{kind}。"),
}
LARGE = Contribution(
    detector="pay",
    reason="large",
    weight=4.0,
    share=40,
    value=41200.0,
    baseline=300.5,
    facts={"currency": "CNY"},
)
FAST = Contribution(detector="pace", reason="fast", weight=2.0, share=20, value=1200, facts={"span_s": 5400})


def decided(**fields: Any) -> Decision:
    return decision("e1", **{"type": "transaction", "action": "challenge", "findings": (), **fields})


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        (
            "en",
            ["CNY 41,200.00 is far above the usual CNY 300.50.", "1,200 payments in 1 hour 30 minutes."],
        ),
        ("zh-CN", ["41,200.00 元 远高于平时的 300.50 元。", "1 小时 30 分钟 内付款 1,200 笔。"]),
    ],
)
def test_sentences_follow_the_findings_in_the_reader_s_language(locale: str, said: list[str]) -> None:
    assert sentences(decided(findings=(LARGE, FAST)), locale, REASONS) == said


def test_states_and_skipped_checks_are_said_after_the_reasons() -> None:
    said = sentences(decided(states=("learning",), degraded=("a", "b")), "en", REASONS)

    assert said == [STATES["en"]["learning"], "These checks failed and were skipped: a, b."]


def test_shadow_findings_are_not_told() -> None:
    shadow = Contribution(detector="pay", reason="large", weight=4.0, mode="shadow")

    assert sentences(decided(findings=(shadow,)), "en", REASONS) == []


@pytest.mark.parametrize(
    "finding",
    [
        Contribution(detector="pay", reason="large", weight=1.0, value=4.0, baseline=1.0),
        Contribution(detector="pay", reason="large", weight=1.0, facts={"currency": "CNY"}),
        Contribution(
            detector="pay", reason="large", weight=1.0, value="much", baseline=1.0, facts={"currency": "CNY"}
        ),
        Contribution(detector="gone", reason="large", weight=1.0),
    ],
    ids=["fact missing", "value missing", "value of another kind", "detector unknown"],
)
@pytest.mark.parametrize("locale", LOCALES)
def test_a_reason_without_its_words_is_given_as_its_code(finding: Contribution, locale: str) -> None:
    assert sentence(finding, locale, REASONS) == "large"


def test_an_unknown_state_is_given_as_its_code() -> None:
    assert sentences(decided(states=("unheard_of",)), "zh-CN", REASONS) == ["unheard_of"]


def test_recorded_words_are_put_into_the_reader_s_language() -> None:
    moved = Contribution(detector="net", reason="moved", weight=1.0, facts={"kind": "satellite"})

    assert [sentence(moved, locale, REASONS) for locale in LOCALES] == [
        "Over a satellite network.",
        "所用网络：卫星。",
    ]


@pytest.mark.parametrize(
    ("amount", "currency", "en", "zh_cn"),
    [
        (4120.0, "CNY", "CNY 4,120.00", "4,120.00 元"),
        (4120.0, "JPY", "JPY 4,120", "4,120 日元"),
        (0.5, "KWD", "KWD 0.500", "0.500 KWD"),
    ],
)
def test_money_has_the_places_of_its_currency(amount: float, currency: str, en: str, zh_cn: str) -> None:
    assert (money(amount, currency, "en"), money(amount, currency, "zh-CN")) == (en, zh_cn)


@pytest.mark.parametrize(
    ("seconds", "en", "zh_cn"),
    [
        (0, "0 seconds", "0 秒"),
        (1, "1 second", "1 秒"),
        (119.6, "2 minutes", "2 分钟"),
        (3600, "1 hour", "1 小时"),
        (90_061, "1 day 1 hour", "1 天 1 小时"),
        (86_430, "1 day", "1 天"),
        (-60, "1 minute", "1 分钟"),
    ],
)
def test_durations_use_their_two_largest_units(seconds: float, en: str, zh_cn: str) -> None:
    assert (duration(seconds, "en"), duration(seconds, "zh-CN")) == (en, zh_cn)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(1234567, "1,234,567"), (0.5, "0.5"), (12.0, "12"), (3.14159, "3.14"), (100.0, "100")],
)
def test_figures_are_grouped_and_short(value: float, shown: str) -> None:
    assert number(value, "en") == shown


def test_a_share_is_told_in_percent() -> None:
    assert (
        sentence(Contribution(detector="share", reason="rare", weight=1.0, value=0.0234), "en", REASONS)
        == "Seen in 2.3%."
    )


def test_a_locale_without_texts_is_refused() -> None:
    with pytest.raises(ValueError, match="no texts for locale 'fr'"):
        headline(decided(), "fr")


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", ["login", "transaction", "account_change"])
@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_has_a_headline(locale: str, kind: str, action: str) -> None:
    said = headline(decided(type=kind, action=action), locale)

    assert bool(re.search("[\u4e00-\u9fff]", said)) == (locale == "zh-CN")


@pytest.mark.parametrize(
    ("locale", "effects", "said"),
    [
        (
            "en",
            (Notify(effect_id="n", template="login_notice"),),
            "Login noted, a notice to the owner is due",
        ),
        ("en", (RaiseAlert(effect_id="a", severity="low"),), "Login noted, alert raised"),
        ("en", (), "Login noted"),
        ("zh-CN", (Notify(effect_id="n", template="login_notice"),), "登录已记录，待通知户主"),
        ("zh-CN", (RaiseAlert(effect_id="a", severity="low"),), "登录已记录，已告警"),
    ],
)
def test_what_was_noted_says_whom_the_decision_has_told_and_never_that_the_owner_was(
    locale: str, effects: tuple[AnyEffect, ...], said: str
) -> None:
    assert headline(decided(type="login", action="notify", effects=effects), locale) == said


def test_both_languages_have_texts_for_the_same_things() -> None:
    assert HEADLINES["en"].keys() == HEADLINES["zh-CN"].keys()
    assert STATES["en"].keys() == STATES["zh-CN"].keys()


@pytest.mark.parametrize(
    "reason", reasons_of(found.spec for found in discover()).items(), ids=lambda item: item[0][1]
)
def test_every_reason_of_every_detector_has_both_languages(reason: tuple[tuple[str, str], Reason]) -> None:
    (_, code), texts = reason

    assert texts.en
    assert texts.zh_cn
    assert code == texts.code
    assert re.search("[\u4e00-\u9fff]", texts.zh_cn)
    assert set(re.findall(r"{(\w+)", texts.en)) == set(re.findall(r"{(\w+)", texts.zh_cn))


def told(detector: ModuleType, finding: Finding | None, locale: str) -> str:
    assert finding is not None
    said = Contribution(
        detector=finding.detector,
        reason=finding.reason,
        weight=finding.weight,
        value=finding.value,
        baseline=finding.baseline,
        facts=finding.facts,
    )
    return sentence(said, locale, {(finding.detector, each.code): each for each in detector.SPEC.reasons})


def after(detector: ModuleType, event: Any) -> Any:
    return detector.learn(event, detector.Memory(), detector.PARAMS)


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("en", "Within 3 hours: failed logins, then a new device, then a password reset, and now money"),
        ("zh-CN", "3 小时内依次出现：多次登录失败、出现新设备、重置密码，现在"),
    ],
)
def test_the_chain_of_a_takeover(locale: str, words: str) -> None:
    account = payer(failures=[NOW - 3 * HOUR_S, NOW - 2.9 * HOUR_S, NOW - 2.8 * HOUR_S])
    account.devices.see(key("stolen"), NOW - 2.5 * HOUR_S, MAX_DEVICES)
    memory = after(takeover_chain, change("password_reset", NOW - 2 * HOUR_S))
    event = transaction(900.0, payee="mule", device="stolen")

    finding = ask(takeover_chain, event, account, memory=memory)

    assert told(takeover_chain, finding, locale).startswith(words)


@pytest.mark.parametrize(
    ("locale", "words"),
    [("en", "4,800 CNY leaves to a payee not paid before"), ("zh-CN", "向新收款人转出 4,800 CNY")],
)
def test_the_way_out_of_a_top_up(locale: str, words: str) -> None:
    memory = after(top_up_then_cash_out, transaction(5000.0, NOW - 600.0, movement="top_up", payee=None))
    event = transaction(4800.0, movement="transfer", payee="mule")

    finding = ask(top_up_then_cash_out, event, payer(), memory=memory)

    assert words in told(top_up_then_cash_out, finding, locale)


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        (
            "en",
            "The second factor was removed 2 hours ago, and now money leaves from a new device to a payee not paid before.",
        ),
        ("zh-CN", "2 小时前解除了两步验证，现在从新设备向新收款人转出资金。"),
    ],
)
def test_money_after_the_factor_is_gone(locale: str, words: str) -> None:
    memory = after(factor_change_then_money, change("totp_removed", NOW - 2 * HOUR_S))
    event = transaction(900.0, payee="mule", device="stolen")

    finding = ask(factor_change_then_money, event, payer(), memory=memory)

    assert told(factor_change_then_money, finding, locale) == words


@pytest.mark.parametrize(
    ("ago_s", "en", "zh_cn"),
    [
        (5.0, "1 minute ago", "1 分钟前"),
        (150.0, "2 minutes ago", "2 分钟前"),
        (5400.0, "1 hour 30 minutes ago", "1 小时 30 分钟前"),
        (79_200.0, "22 hours ago", "22 小时前"),
    ],
)
def test_how_long_ago_is_said_in_the_units_of_its_size(ago_s: float, en: str, zh_cn: str) -> None:
    memory = after(factor_change_then_money, change("totp_removed", NOW - ago_s))
    finding = ask(
        factor_change_then_money, transaction(900.0, payee="mule", device="stolen"), payer(), memory=memory
    )

    assert en in told(factor_change_then_money, finding, "en")
    assert zh_cn in told(factor_change_then_money, finding, "zh-CN")
