"""Whatever proxies write, the client's address is taken out of it; what is nobody's is nobody."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.enrichment.clients import client_of, identity, is_public


@pytest.mark.parametrize(
    ("text", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        (" 192.0.2.7 ", "192.0.2.7"),
        ("192.0.2.7:443", "192.0.2.7"),
        ("192.0.2.7/32", "192.0.2.7"),
        ("[192.0.2.7]", "192.0.2.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("[2001:db8::7]:443", "2001:db8::7"),
        ("2001:DB8:0:0::7%eth0", "2001:db8::7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("[::ffff:192.0.2.7]:1234", "192.0.2.7"),
        ("64:ff9b::c000:207", "192.0.2.7"),
        ("192.0.2.7, 198.51.100.1", "192.0.2.7"),
        ("10.0.0.1, 192.0.2.7, 198.51.100.1", "192.0.2.7"),
        ("unknown, 192.0.2.7", "192.0.2.7"),
        ("192.0.2.7:50000,10.0.0.1", "192.0.2.7"),
        ('for="[2001:db8::7]:4711"', "2001:db8::7"),
        ("for=192.0.2.7;proto=https;by=203.0.113.43", "192.0.2.7"),
        ("For=10.1.1.1, for=192.0.2.7", "192.0.2.7"),
    ],
)
def test_the_client_is_taken_out(text: str, client: str) -> None:
    assert client_of(text).address == ip_address(client)


@pytest.mark.parametrize(
    "text",
    [
        "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1:80", "127.0.0.1", "169.254.1.1", "100.64.0.1",
        "100.127.255.255", "0.1.2.3", "224.0.0.251", "255.255.255.255", "::", "::1", "[::1]:8080", "fe80::1%eth0",
        "fc00::1", "fd12:3456::1", "ff02::1", "fec0::1", "::ffff:10.0.0.1", "10.0.0.1, 192.168.0.1",
    ],
)  # fmt: skip
def test_an_address_inside_a_network_is_nobody(text: str) -> None:
    assert (client_of(text).address, client_of(text).fault) == (None, "not_public")


@pytest.mark.parametrize(
    "text", ["192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "2001:db8::1", "240.1.2.3"]
)
def test_documentation_and_pseudo_addresses_are_clients(text: str) -> None:
    assert is_public(ip_address(text))


@pytest.mark.parametrize(
    "text", ["", " ", ",", "unknown", "_hidden", "localhost", "1.2.3", "1.2.3.4:x", "[", "for="]
)
def test_a_text_without_an_address_is_malformed(text: str) -> None:
    assert (client_of(text).address, client_of(text).fault) == (None, "malformed")


@given(st.ip_addresses(v=4), st.integers(0, 65_535))
def test_a_port_changes_nothing(address: object, port: int) -> None:
    assert client_of(f"{address}:{port}") == client_of(f"[{address}]:{port}") == client_of(f"{address}")


@given(st.ip_addresses(v=6), st.text("abcdef0123456789", min_size=1, max_size=8))
def test_brackets_and_zones_change_nothing(address: object, zone: str) -> None:
    assert client_of(f"[{address}%{zone}]:1") == client_of(f"{address}%{zone}") == client_of(f"{address}")


@given(st.text(max_size=200))
def test_no_text_raises(text: str) -> None:
    found = client_of(text)
    assert (found.address is None) == bool(found.fault)


def test_an_ipv6_client_is_its_64_bit_prefix_and_an_ipv4_client_itself() -> None:
    assert identity(ip_address("2001:db8::1")) == identity(ip_address("2001:db8::ffff:1")) == "2001:db8::/64"
    assert identity(ip_address("192.0.2.1")) == "192.0.2.1"
