"""What detectors say in words of their own is said in the reader's language."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from contracts.decisions import Contribution
from contracts.findings import Finding
from contracts.profile import HOUR_S, MAX_DEVICES
from detectors import factor_change_then_money, takeover_chain, top_up_then_cash_out
from services.scoring.explain import sentence
from tests.detectors.build import NOW, ask, change, key, payer, transaction


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
