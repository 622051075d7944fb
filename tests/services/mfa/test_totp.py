"""Codes: the vectors of the RFCs, the edges of the window, and what is no code at all."""

from __future__ import annotations

import os
import time
from base64 import b32decode, b32encode

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.mfa import totp

RFC_SECRET = b32encode(b"12345678901234567890").decode()

#: RFC 6238 appendix B, SHA-1: the last six of its eight digits.
RFC_6238 = [
    (59, "94287082"),
    (1111111109, "07081804"),
    (1111111111, "14050471"),
    (1234567890, "89005924"),
    (2000000000, "69279037"),
    (20000000000, "65353130"),
]
#: RFC 4226 appendix D, counters 0 to 9.
RFC_4226 = [
    "755224",
    "287082",
    "359152",
    "969429",
    "338314",
    "254676",
    "287922",
    "162583",
    "399871",
    "520489",
]


@pytest.mark.parametrize(("at", "digits"), RFC_6238)
def test_codes_are_those_of_rfc_6238_appendix_b(at: int, digits: str) -> None:
    assert at // 30 == totp.matched_step(RFC_SECRET, digits[-6:], at, window=0)


@pytest.mark.parametrize(("step", "code"), list(enumerate(RFC_4226)))
def test_codes_are_those_of_rfc_4226_appendix_d(step: int, code: str) -> None:
    assert code == totp.code_of(RFC_SECRET, step)


@pytest.mark.parametrize("at", [2**31 - 1.0, 2**31 + 1.0, 2**32 + 1.0])
def test_codes_work_past_2038_and_2106(at: float) -> None:
    step = totp.step_at(at)

    assert step == totp.matched_step(RFC_SECRET, totp.code_of(RFC_SECRET, step), at)


def test_a_code_keeps_its_leading_zeros() -> None:
    step = next(step for step in range(1000) if totp.code_of(RFC_SECRET, step).startswith("00"))

    assert len(totp.code_of(RFC_SECRET, step)) == 6
    assert step == totp.matched_step(RFC_SECRET, totp.code_of(RFC_SECRET, step), step * 30.0)


@pytest.mark.parametrize(("away", "accepted"), [(0, True), (-1, True), (1, True), (-2, False), (2, False)])
def test_this_step_and_those_beside_it_are_accepted_and_no_other(away: int, accepted: bool) -> None:
    step = 1000
    code = totp.code_of(RFC_SECRET, step + away)

    assert (step + away if accepted else None) == totp.matched_step(RFC_SECRET, code, step * 30.0)


def test_a_code_made_just_before_a_step_ends_is_accepted_just_after() -> None:
    code = pyotp.TOTP(RFC_SECRET).at(29.999)

    assert totp.matched_step(RFC_SECRET, code, 29.999) == 0
    assert totp.matched_step(RFC_SECRET, code, 30.001) == 0
    assert totp.matched_step(RFC_SECRET, code, 59.999) == 0
    assert totp.matched_step(RFC_SECRET, code, 60.001) is None


@given(st.floats(min_value=0, max_value=2**33, allow_nan=False))
def test_the_step_that_matches_is_the_one_the_code_was_made_in(at: float) -> None:
    assert totp.step_at(at) == totp.matched_step(RFC_SECRET, pyotp.TOTP(RFC_SECRET).at(at), at)


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/Berlin", "America/St_Johns"])
def test_the_machine_s_time_zone_changes_nothing(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    autumn_change = 1_761_440_400.0
    step = totp.step_at(autumn_change)
    monkeypatch.setitem(os.environ, "TZ", zone)
    time.tzset()
    try:
        assert step == totp.matched_step(RFC_SECRET, totp.code_of(RFC_SECRET, step), autumn_change)
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    "junk",
    [
        "２８７０８２",
        "²⁸⁷⁰⁸²",
        "٢٨٧٠٨٢",
        "287082\n",
        " 287082",
        "287 082",
        "28708",
        "2870822",
        "",
        "28708a",
        287082,
        287082.0,
        None,
        ["287082"],
        b"287082",
    ],
)
def test_only_text_of_six_ascii_digits_is_a_code(junk: object) -> None:
    assert not totp.is_code(junk)
    assert totp.matched_step(RFC_SECRET, junk, 59) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("away", [-10, -2, 2, 10])
def test_a_code_of_a_wrong_clock_is_told_from_a_wrong_code(away: int) -> None:
    code = totp.code_of(RFC_SECRET, 1000 + away)

    assert 1000 + away == totp.skewed_step(RFC_SECRET, code, 30_000)


@pytest.mark.parametrize("away", [-11, -1, 0, 1, 11])
def test_a_code_in_the_window_or_far_away_is_not_called_skewed(away: int) -> None:
    assert totp.skewed_step(RFC_SECRET, totp.code_of(RFC_SECRET, 1000 + away), 30_000) is None


def test_a_new_secret_has_160_bits_and_is_new() -> None:
    made = {totp.new_secret() for _ in range(100)}

    assert len(made) == 100
    assert {20} == {len(b32decode(secret)) for secret in made}


@given(
    st.text(min_size=1, max_size=128).filter(str.isprintable),
    st.text(min_size=1, max_size=30).filter(str.isprintable),
)
def test_account_and_issuer_survive_the_uri(account: str, issuer: str) -> None:
    read = pyotp.parse_uri(totp.provisioning_uri(RFC_SECRET, account, issuer))

    assert (account, issuer, RFC_SECRET) == (read.name, read.issuer, read.secret)


def test_colons_percents_and_ampersands_in_names_are_encoded() -> None:
    uri = totp.provisioning_uri(RFC_SECRET, "li:50%&co", "U:Pay & 10%")

    assert uri == (
        "otpauth://totp/U%3APay%20%26%2010%25:li%3A50%25%26co"
        f"?secret={RFC_SECRET}&issuer=U%3APay%20%26%2010%25"
    )


@pytest.mark.parametrize(("account", "issuer"), [("", "UPay"), ("li", "")])
def test_an_entry_without_a_name_is_refused(account: str, issuer: str) -> None:
    with pytest.raises(ValueError, match="account and an issuer"):
        totp.provisioning_uri(RFC_SECRET, account, issuer)
