"""Lists of network kinds count only when their checksum, date and version are sound."""

from __future__ import annotations

from datetime import date, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from contracts.events import Network
from services.enrichment.network_lists import _TELLING, Kind, NetworkLists, sealed

TODAY = date(2026, 11, 23)


def lists(folder: Path, **files: str) -> NetworkLists:
    for name, text in files.items():
        (folder / f"{name.replace('_', '-')}.txt").write_text(text)
    return NetworkLists(folder, TODAY)


def test_the_most_specific_block_counts_then_the_as_number(tmp_path: Path) -> None:
    found = lists(
        tmp_path,
        vpn_1=sealed("1", TODAY, ["10.0.0.0/8", "2001:db8::/32"]),
        mobile_1=sealed("1", TODAY, ["10.1.0.0/16", "AS64496"]),
    )
    asked = ["10.1.2.3", "10.2.0.1", "2001:db8::1", "192.0.2.1"]
    assert [found.kind_of(ip_address(ip), 64496) for ip in asked] == ["mobile", "vpn", "vpn", "mobile"]
    assert found.kind_of(None, None) == "unknown"


def test_of_equal_blocks_the_more_telling_kind_counts(tmp_path: Path) -> None:
    block = ["192.0.2.0/24", "AS64496"]
    found = lists(tmp_path, hosting_1=sealed("1", TODAY, block), tor_1=sealed("1", TODAY, block))
    assert found.kind_of(ip_address("192.0.2.1"), None) == "tor"
    assert found.kind_of(None, 64496) == "tor"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (sealed("1", TODAY - timedelta(days=61), ["192.0.2.0/24"]), "stale: 61 days old"),
        (sealed("1", TODAY + timedelta(days=2), ["192.0.2.0/24"]), "lies in the future"),
        (sealed("1", TODAY, ["192.0.2.0/24"]) + "192.0.3.0/24\n", "wrong checksum"),
        (sealed("2", TODAY, ["192.0.2.0/24"]), "version"),
        (sealed("1", TODAY, ["192.0.2.0/24", "rubbish"]), "line 2"),
        (sealed("1", TODAY, ["192.0.2.1/24"]), "line 1"),
        ("192.0.2.0/24\n", "version"),
        ("", "version"),
    ],
)
def test_an_unsound_list_counts_for_nothing_and_says_why(
    tmp_path: Path, text: str, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    found = lists(tmp_path, tor_1=text)
    assert found.kind_of(ip_address("192.0.2.1"), None) == "unknown"
    assert not found.active
    assert why in found.status[0].state
    assert why in caplog.text


def test_one_unsound_list_leaves_the_others_alone(tmp_path: Path) -> None:
    found = lists(tmp_path, tor_1="rubbish", vpn_1=sealed("1", TODAY, ["192.0.2.0/24"]), nonsense_1="")
    assert found.kind_of(ip_address("192.0.2.1"), None) == "vpn"
    assert [file.used for file in found.status] == [False, False, True]


def test_the_newest_of_one_kind_counts_alone(tmp_path: Path) -> None:
    found = lists(
        tmp_path,
        tor_9=sealed("9", TODAY - timedelta(days=9), ["192.0.2.0/24"]),
        tor_10=sealed("10", TODAY, ["198.51.100.0/24"]),
    )
    assert found.kind_of(ip_address("192.0.2.1"), None) == "unknown"
    assert found.kind_of(ip_address("198.51.100.1"), None) == "tor"


def test_comments_and_empty_lines_are_allowed(tmp_path: Path) -> None:
    assert lists(tmp_path, tor_1=sealed("1", TODAY, ["192.0.2.0/24", "", "# exits"])).active


def test_a_missing_folder_is_said_and_no_folder_is_silent(tmp_path: Path) -> None:
    assert NetworkLists(tmp_path / "none", TODAY).status[0].state == "the folder does not exist"
    assert NetworkLists(None, TODAY).status == []


def test_every_kind_of_the_vocabulary_is_ranked() -> None:
    fields = {field.name: field.type for field in msgspec.structs.fields(Network)}
    assert {*_TELLING, "unknown"} == set(get_args(fields["kind"])) == set(get_args(Kind))
