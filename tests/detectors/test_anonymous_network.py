from __future__ import annotations

import pytest

from detectors import anonymous_network
from detectors.anonymous_network import Memory
from tests.detectors.build import Kind, ask, found, key, login, settled, weigh


def test_fires_on_a_login_over_tor() -> None:
    finding = found(anonymous_network, login(network="exit", kind="tor"), settled())

    assert finding.reason == "tor_network"
    assert finding.weight > 1.8


@pytest.mark.parametrize("kind", ["vpn", "hosting"])
def test_a_vpn_or_a_rented_server_says_less_than_tor(kind: Kind) -> None:
    tor, other = (
        weigh(
            anonymous_network, login(network="exit", kind=each), settled(networks=("a", "b", "c", "d", "e"))
        )
        for each in ("tor", kind)
    )

    assert 0.0 < other <= tor


def test_fires_on_a_first_vpn() -> None:
    assert found(anonymous_network, login(network="exit", kind="vpn"), settled()).reason == "vpn_network"


def test_fires_on_a_rented_server() -> None:
    finding = found(anonymous_network, login(network="rack", kind="hosting"), settled())

    assert finding.reason == "hosting_network"


def test_quiet_for_an_account_whose_new_networks_are_often_vpns() -> None:
    habit = Memory(b"".join(key(f"vpn-{each}")[-4:] for each in range(1, 7)))
    account = settled(networks=("home", "vpn-1", "vpn-2", "vpn-3", "vpn-4", "vpn-5", "vpn-6"))

    assert ask(anonymous_network, login(network="vpn-7", kind="vpn"), account, memory=habit) is None


def test_quiet_on_a_vpn_used_before() -> None:
    account, memory = settled(networks=("home", "my-vpn")), Memory(key("my-vpn")[-4:])

    assert ask(anonymous_network, login(network="my-vpn", kind="vpn"), account, memory=memory) is None


@pytest.mark.parametrize("kind", ["unknown", "residential", "mobile", "relay", "satellite"])
def test_quiet_on_every_other_kind_of_network(kind: Kind) -> None:
    assert ask(anonymous_network, login(network="far", kind=kind), settled()) is None


def test_quiet_when_no_list_named_the_network() -> None:
    assert ask(anonymous_network, login(network="exit", kind="unknown"), settled()) is None


def test_quiet_on_a_failed_login_and_on_a_young_account() -> None:
    assert ask(anonymous_network, login(outcome="failure", network="x", kind="tor"), settled()) is None
    assert ask(anonymous_network, login(network="x", kind="tor"), settled(2)) is None


def test_each_anonymous_network_is_learned_once_and_the_last_eight_are_kept() -> None:
    params = anonymous_network.PARAMS
    memory = Memory()
    for each in range(12):
        event = login(network=f"{each:08}", kind="vpn")
        memory = anonymous_network.learn(event, memory, params)
        assert anonymous_network.learn(event, memory, params) is memory

    assert memory.count == 8
    assert anonymous_network.learn(login(network="cafe"), memory, params) is memory
    assert anonymous_network.learn(login(outcome="failure", kind="vpn"), memory, params) is memory
