"""Whose address a request has is said by proxies that the operator trusts, and by nobody else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.http.client_address import TrustedProxies

PROXIES = TrustedProxies.parse("10.0.0.0/24, 2001:db8::/64,192.0.2.7")


@pytest.mark.parametrize(
    ("peer", "said", "client"),
    [
        ("10.0.0.1", [b"198.51.100.9"], "198.51.100.9"),
        ("10.0.0.1", [b"203.0.113.1, 198.51.100.9"], "198.51.100.9"),
        ("10.0.0.1", [b"203.0.113.1", b"198.51.100.9"], "198.51.100.9"),
        ("10.0.0.1", [b"198.51.100.9, 10.0.0.2, 192.0.2.7"], "198.51.100.9"),
        ("2001:db8::5", [b"2001:db8:9::1"], "2001:db8:9::1"),
        ("10.0.0.1", [b"198.51.100.9:4711"], "198.51.100.9"),
        ("10.0.0.1", [b"[2001:db8:9::1]:4711"], "2001:db8:9::1"),
        ("10.0.0.1", [b"::ffff:198.51.100.9"], "198.51.100.9"),
        ("::ffff:10.0.0.1", [b"198.51.100.9"], "198.51.100.9"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", [b""], "10.0.0.1"),
        ("10.0.0.1", [b"unknown"], "10.0.0.1"),
        ("10.0.0.1", [b"198.51.100.9, unknown"], "10.0.0.1"),
        ("10.0.0.1", [b"198.51.100.9, unknown, 10.0.0.2"], "10.0.0.2"),
        ("10.0.1.1", [b"198.51.100.9"], "10.0.1.1"),
        ("203.0.113.5", [b"10.0.0.1, 198.51.100.9"], "203.0.113.5"),
        ("unix", [b"198.51.100.9"], "unix"),
    ],
)
def test_the_client_is_the_last_hop_that_no_trusted_proxy_is(
    peer: str, said: list[bytes], client: str
) -> None:
    assert client == PROXIES.client_of(peer, said)


@pytest.mark.parametrize("peer", ["10.0.0.1", "127.0.0.1", "::1", "203.0.113.5"])
def test_by_default_nobody_is_believed(peer: str) -> None:
    assert peer == TrustedProxies.parse("").client_of(peer, [b"198.51.100.9"])


@given(st.binary(max_size=200), st.ip_addresses().map(str))
def test_what_the_client_wrote_before_the_proxy_changes_nothing(written: bytes, client: str) -> None:
    if not _is_proxy(client):
        assert PROXIES.client_of("10.0.0.1", [written + b"," + client.encode()]) == PROXIES.client_of(
            client, []
        )


def _is_proxy(address: str) -> bool:
    return PROXIES.client_of(address, [b"198.51.100.9"]) == "198.51.100.9"


@pytest.mark.parametrize("text", ["10.0.0.0/33", "proxy.local", "10.0.0.1/24"])
def test_a_setting_that_is_no_network_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match="PAYGUARD_TRUSTED_PROXIES"):
        TrustedProxies.parse(text)
