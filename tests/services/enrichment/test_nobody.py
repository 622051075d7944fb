"""Addresses inside a network, and placeholders where a device id should be, are as if absent; engineers are told."""

from __future__ import annotations

import pytest

from services.memory.glance import traits_of
from services.platform import metrics
from tests.services.enrichment.test_enrich import an_enricher, states
from tests.services.scoring.events import login as a_login


@pytest.mark.parametrize(
    "ip", ["10.1.2.3", "100.64.0.1", "127.0.0.1:8080", "[fe80::1%eth0]:443", "::", "224.0.0.1"]
)
def test_a_private_address_is_nobody(ip: str) -> None:
    event, absent = a_login(ip=ip), a_login()
    assert states(an_enricher(), event) == ("address_not_public",)
    assert states(an_enricher(), absent) == ()
    assert (event.ip_key, event.network_key, event.place, event.network) == (None, None, None, None)
    assert traits_of(event) == traits_of(absent)


def test_ignored_addresses_are_counted_by_fault() -> None:
    def counted() -> tuple[float, float]:
        one, other = (metrics.ADDRESSES_IGNORED.labels(fault) for fault in ("not_public", "malformed"))
        return one._value.get(), other._value.get()

    private, malformed = counted()
    an_enricher().enrich(
        [a_login(ip="10.0.0.1"), a_login(ip="10.0.0.1"), a_login(ip="x"), a_login(ip="192.0.2.7")]
    )
    assert counted() == (private + 2, malformed + 1)


def test_one_ipv6_client_is_its_64_bit_prefix() -> None:
    one, same, other = (a_login(ip=f"2001:db8:1:{net}::{host}") for net, host in ((2, 3), (2, 4), (5, 3)))
    an_enricher().enrich([one, same, other])
    assert one.ip_key == same.ip_key != other.ip_key


@pytest.mark.parametrize(
    "device_id", ["", "00000000-0000-0000-0000-000000000000", "Unknown", "9774D56D682E549C"]
)
def test_a_placeholder_is_no_device(device_id: str) -> None:
    event, absent = a_login(device_id=device_id), a_login()
    before = metrics.DEVICES_IGNORED.labels("placeholder")._value.get()
    assert states(an_enricher(), event) == states(an_enricher(), absent) == ()
    assert event.device_key is None
    assert traits_of(event) == traits_of(absent)
    assert metrics.DEVICES_IGNORED.labels("placeholder")._value.get() == before + 1
