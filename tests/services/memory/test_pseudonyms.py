"""Keyed names of devices, addresses and networks."""

from __future__ import annotations

import pytest

from contracts.profile import EVENT_ID_BYTES
from services.memory.pseudonyms import Pseudonyms, asn_key, network_prefix

NAMES = Pseudonyms(b"k" * 32)


def test_names_never_change_between_releases() -> None:
    """Stored memory is found by these bytes."""
    assert NAMES.key_of("device", "d-1").hex() == "ed57f84b58b7e695"
    assert NAMES.event_key("e-1").hex() == "cef022210493"
    assert NAMES.prefix_key("192.0.2.7").hex() == "18cdee9aa1b2049d"  # type: ignore[union-attr]


def test_a_text_has_another_name_in_another_kind() -> None:
    assert NAMES.key_of("device", "same") != NAMES.key_of("payee", "same")


def test_another_secret_gives_other_names() -> None:
    other = Pseudonyms(b"l" * 32)

    assert other.key_of("device", "same") != NAMES.key_of("device", "same")
    assert other.event_key("same") != NAMES.event_key("same")


def test_names_have_eight_bytes() -> None:
    assert len(NAMES.key_of("device", "设备")) == 8
    assert len(NAMES.event_key("事件")) == EVENT_ID_BYTES


def test_the_cache_forgets_but_the_name_stays() -> None:
    names = Pseudonyms(b"k" * 32, cached=2)
    first = names.key_of("device", "0")
    for number in range(5):
        names.key_of("device", str(number))

    assert names.key_of("device", "0") == first
    assert names.key_of.cache_info().currsize == 2  # type: ignore[attr-defined]


@pytest.mark.parametrize("key", [b"", b"k" * 15, b"k" * 65])
def test_a_secret_of_the_wrong_length_is_refused_without_being_shown(key: bytes) -> None:
    with pytest.raises(ValueError, match="must have 16 to 64 bytes") as caught:
        Pseudonyms(key)

    assert "kk" not in str(caught.value)


@pytest.mark.parametrize(
    ("ip", "other", "neighbours"),
    [
        ("192.0.2.1", "192.0.2.254", True),
        ("2001:db8:1::1", "2001:DB8:1:ffff::2", True),
        ("::ffff:192.0.2.1", "192.0.2.9", True),
        ("192.0.2.1", "192.0.3.1", False),
        ("2001:db8:1::1", "2001:db8:2::1", False),
    ],
)
def test_neighbours_share_a_prefix_and_strangers_do_not(ip: str, other: str, neighbours: bool) -> None:
    assert (NAMES.prefix_key(ip) == NAMES.prefix_key(other)) is neighbours


@pytest.mark.parametrize(
    "text", ["", "nonsense", "1.2.3", "1.2.3.256", "fe80::1%eth0", "1.2.3.4\x00", ":", "１.2.3.4"]
)
def test_text_that_is_no_address_has_no_prefix(text: str) -> None:
    assert network_prefix(text) is None
    assert NAMES.prefix_key(text) is None


def test_an_asn_is_in_clear() -> None:
    assert asn_key(4134) == b"ASN:\x00\x00\x10&"


@pytest.mark.parametrize("asn", [-1, 1 << 32])
def test_a_number_beyond_32_bits_is_no_asn(asn: int) -> None:
    assert asn_key(asn) is None
