"""Versioned keys: what is read, what is refused, and that nothing of a key is ever shown."""

from __future__ import annotations

import base64
import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.platform.keyring import Keyring, UnusableKeys, new_key, parse_keyring, read_keyring

KEY, OTHER = bytes(range(32)), bytes([7]) * 32
TEXT, OTHER_TEXT = (base64.b64encode(key).decode() for key in (KEY, OTHER))


def test_the_first_key_is_current_and_the_others_are_held() -> None:
    keyring = parse_keyring("PAYGUARD_FACTOR_KEY", f"2:{OTHER_TEXT},1:{TEXT}")

    assert keyring == Keyring({2: OTHER, 1: KEY}, 2)
    assert keyring.versions == [2, 1]


def test_a_bare_key_is_version_one() -> None:
    assert parse_keyring("PAYGUARD_FACTOR_KEY", TEXT) == Keyring({1: KEY}, 1)


def test_a_file_holds_one_key_a_line(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(f"2:{OTHER_TEXT}\n1:{TEXT}\n\n")

    assert read_keyring("factor_key", "", file) == Keyring({2: OTHER, 1: KEY}, 2)


def test_a_fresh_key_can_be_read_and_is_never_the_same() -> None:
    made = {new_key() for _ in range(50)}

    assert len({parse_keyring("X", text).keys[1] for text in made}) == 50


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("short", "5 bytes|not base64|instead of 32"),
        ("!" * 44, "entry 1 is not VERSION:BASE64"),
        ("é" * 44, "entry 1 is not VERSION:BASE64"),
        (base64.b64encode(bytes(16)).decode(), "entry 1 holds 16 bytes instead of 32"),
        (f"0:{TEXT}", "entry 1 is not VERSION"),
        (f"256:{TEXT}", "above 255"),
        (f"1:{TEXT},1:{OTHER_TEXT}", "entry 2 repeats version 1"),
        (f"{TEXT},1:{OTHER_TEXT}", "entry 2 repeats version 1"),
        (f"2:{TEXT},1:{TEXT}", "entry 2 holds the key of another version"),
        (",", "holds no key"),
        (TEXT[:-1], "not base64"),
    ],
)
def test_misshapen_keys_are_refused_without_quoting_them(text: str, told: str) -> None:
    with pytest.raises(UnusableKeys, match=told) as refused:
        parse_keyring("PAYGUARD_FACTOR_KEY", text)

    assert "PAYGUARD_FACTOR_KEY" in str(refused.value)
    assert all(part not in str(refused.value) for part in (TEXT, OTHER_TEXT, "!!!", "é"))
    assert refused.value.__cause__ is None


def test_absent_keys_say_how_to_make_one() -> None:
    with pytest.raises(UnusableKeys, match=r"PAYGUARD_GRANT_KEY_FILE is set; .*payguard admin keys new"):
        read_keyring("grant_key", "", None)


def test_two_places_for_the_same_keys_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableKeys, match="both set"):
        read_keyring("factor_key", TEXT, tmp_path / "keys")


@pytest.mark.parametrize("make", [lambda file: None, lambda file: file.mkdir()])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, make: object) -> None:
    file = tmp_path / "keys"
    make(file)  # type: ignore[operator]

    with pytest.raises(UnusableKeys, match=r"PAYGUARD_FACTOR_KEY_FILE: .*keys cannot be read"):
        read_keyring("factor_key", "", file)


def test_a_file_of_another_kind_is_refused_without_quoting_it(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_bytes(b"\xff\xfe" * 40_000)

    with pytest.raises(UnusableKeys, match="too large"):
        read_keyring("factor_key", "", file)


def test_the_text_form_shows_versions_only() -> None:
    assert repr(Keyring({1: KEY, 3: OTHER}, 3)) == "Keyring(current=3, versions=[3, 1])"


def test_derived_keys_differ_from_ours_and_by_purpose() -> None:
    keyring = Keyring({1: KEY, 2: OTHER}, 2)
    links, pages = keyring.derived("links"), keyring.derived("pages")

    assert links.current == 2
    assert len({*keyring.keys.values(), *links.keys.values(), *pages.keys.values()}) == 6
    assert links == keyring.derived("links")


@given(st.text(max_size=120))
def test_any_text_is_keys_or_one_refusal(text: str) -> None:
    with contextlib.suppress(UnusableKeys):
        parse_keyring("PAYGUARD_FACTOR_KEY", text)
