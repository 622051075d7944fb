"""Where the desk finds the runbooks of alerts: an address that people can follow, or none."""

from __future__ import annotations

import pytest

from services.bootstrap.desk import runbook_url
from services.platform.settings import Settings


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("", ""),
        ("https://wiki.example/payguard/runbooks/", "https://wiki.example/payguard/runbooks"),
        ("http://localhost:9090/user/runbooks", "http://localhost:9090/user/runbooks"),
    ],
)
def test_the_address_has_no_slash_at_its_end(given: str, found: str) -> None:
    assert runbook_url(Settings(runbook_url=given)) == found


@pytest.mark.parametrize(
    "given", ["javascript:alert(1)", "wiki.example/runbooks", 'https://a.example/"x', "https://a b"]
)
def test_what_is_no_address_to_follow_is_refused_at_the_start(given: str) -> None:
    with pytest.raises(ValueError, match="PAYGUARD_RUNBOOK_URL"):
        runbook_url(Settings(runbook_url=given))
