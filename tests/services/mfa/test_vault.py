"""Secrets at rest."""

from __future__ import annotations

import base64

import pytest

from services.mfa.totp import new_secret
from services.mfa.vault import Vault, VaultClosed
from services.platform.keyring import Keyring

KEY, OTHER = bytes(32), bytes([7]) * 32


def test_what_was_sealed_for_an_account_opens_for_it() -> None:
    vault, secret = Vault({1: KEY}, 1), new_secret()

    assert secret == vault.open("li", vault.seal("li", secret))


def test_the_sealed_bytes_hold_neither_secret_nor_repetition() -> None:
    vault, secret = Vault({1: KEY}, 1), new_secret()
    first, second = vault.seal("li", secret), vault.seal("li", secret)

    assert first != second
    assert secret.encode() not in first
    assert base64.b32decode(secret) not in first


def test_a_ciphertext_moved_to_another_account_does_not_open() -> None:
    vault = Vault({1: KEY}, 1)

    with pytest.raises(VaultClosed):
        vault.open("wang", vault.seal("li", new_secret()))


@pytest.mark.parametrize("position", [0, 1, 13, -1])
def test_an_altered_ciphertext_does_not_open(position: int) -> None:
    vault = Vault({1: KEY}, 1)
    sealed = bytearray(vault.seal("li", new_secret()))
    sealed[position] ^= 1

    with pytest.raises(VaultClosed):
        vault.open("li", bytes(sealed))


def test_a_wrong_key_is_refused_with_a_message_that_shows_nothing() -> None:
    secret = new_secret()
    sealed = Vault({1: KEY}, 1).seal("li", secret)

    with pytest.raises(VaultClosed, match="PAYGUARD_FACTOR_KEY is not the key") as refused:
        Vault({1: OTHER}, 1).open("li", sealed)

    shown = repr(refused.value) + repr(refused.value.__cause__)
    assert not any(hidden in shown for hidden in (secret, sealed.hex(), OTHER.hex(), "li"))


def test_an_old_key_version_stays_readable_beside_the_new_one() -> None:
    sealed = Vault({1: KEY}, 1).seal("li", "A" * 32)
    both = Vault({1: KEY, 2: OTHER}, 2)

    assert both.open("li", sealed) == "A" * 32
    assert both.seal("li", "A" * 32)[0] == 2
    with pytest.raises(VaultClosed, match="key version 1"):
        Vault({2: OTHER}, 2).open("li", sealed)


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01" + bytes(12), bytes(60)])
def test_bytes_that_were_never_sealed_do_not_open(sealed: bytes) -> None:
    with pytest.raises(VaultClosed):
        Vault({1: KEY}, 1).open("li", sealed)


def test_a_secret_resealed_under_the_current_key_opens_without_the_old_one() -> None:
    sealed = Vault({1: KEY}, 1).seal("li", "A" * 32)
    resealed = Vault.of(Keyring({1: KEY, 2: OTHER}, 2)).reseal("li", sealed)

    assert Vault({2: OTHER}, 2).open("li", resealed) == "A" * 32
    with pytest.raises(VaultClosed):
        Vault({2: OTHER}, 2).reseal("wang", resealed)


def test_a_vault_s_text_form_shows_no_key() -> None:
    assert repr(Vault({1: KEY}, 1)) == "Vault(current=1)"


@pytest.mark.parametrize(
    ("keys", "current"), [({}, 1), ({1: KEY}, 2), ({0: KEY}, 0), ({256: KEY}, 256), ({1: b""}, 1)]
)
def test_a_vault_needs_sound_keys(keys: dict[int, bytes], current: int) -> None:
    with pytest.raises(ValueError, match=r"version|32 bytes"):
        Vault(keys, current)
