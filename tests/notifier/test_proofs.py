"""A sign-in's letter says by what somebody showed that it was them, and how far from the usual place they were."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from contracts.shown import Shown, Usual
from notifier.proofs import proof
from notifier.words import words
from services.cases.classes import NEW_DEVICE
from services.cases.news import About, News
from tests.notifier.looked_at import T0, letter

SUZHOU = Shown(
    device="Windows, Edge",
    country="CN",
    city="Suzhou",
    accuracy_km=25.0,
    kind="password+totp",
    status="success",
    usual=Usual(device="iOS, Mobile Safari", country="CN", city="Shanghai", at=T0 - 9e4, distance_km=84.6),
)


def new_device(locale: str = "en", **changes: Any) -> str:
    about = About(type="login", at=T0, shown=replace(SUZHOU, **changes))
    return letter(NEW_DEVICE, locale, news=News(at=T0, about=about)).text


@pytest.mark.parametrize(
    ("method", "en", "zh"),
    [
        ("password", "Password", "密码"),
        ("password+totp", "Password and code from your authenticator", "密码加验证器中的验证码"),
        ("PWD, otp", "Password and code", "密码加验证码"),
        ("face-id", "Fingerprint or face", "指纹或面容"),
        ("passkey", "Passkey", "通行密钥"),
        ("pwd pwd", "Password", "密码"),
        ("something-of-ours", None, None),
        ("password+telepathy", None, None),
        ("", None, None),
        (None, None, None),
    ],
)
def test_a_method_is_told_in_words_and_one_that_nobody_knows_is_not(
    method: str | None, en: str | None, zh: str | None
) -> None:
    assert (proof(method, words("en")), proof(method, words("zh-CN"))) == (en, zh)


@given(st.text(max_size=32))
def test_whatever_a_wallet_calls_its_method_nothing_of_it_is_repeated(method: str) -> None:
    said = proof(method, words("en"))

    assert said is None or said[0].isupper()


def test_the_letter_of_a_new_device_has_the_device_first_then_place_and_proof() -> None:
    text = new_device()
    rows = [
        "Device: Windows PC, Edge (not used before)",
        "Time: ",
        "Place: Near Suzhou, China (may be off by 25 km)",
        "Proof: Password and code from your authenticator",
    ]

    assert [text.index(row) for row in rows] == sorted(text.index(row) for row in rows)
    assert "Suzhou is about 85 km from there." in text


def test_it_does_so_in_chinese() -> None:
    text = new_device("zh-CN")

    for said in (
        "设备：Windows 电脑，Edge 浏览器（首次使用）",
        "验证方式：密码加验证器中的验证码",
        "苏州距上次约 85 公里。",
    ):
        assert said in text


@pytest.mark.parametrize(
    "usual",
    [
        None,
        Usual(),
        Usual(country="CN", city="Shanghai", at=T0 - 9e4),
        Usual(country="CN", city="Shanghai", at=T0 - 9e4, distance_km=3.0),
        Usual(country="CN", city="Suzhou", at=T0 - 9e4, distance_km=84.6),
    ],
)
def test_a_distance_that_is_not_known_or_none_to_speak_of_is_not_told(usual: Usual | None) -> None:
    assert " km from there" not in new_device(usual=usual)


def test_a_device_that_nobody_could_name_is_not_said_to_be_new() -> None:
    text = new_device(device=None)

    assert "not used before" not in text
    assert text.index("Time: ") < text.index("Device: Could not tell")
