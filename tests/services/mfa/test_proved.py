"""`proved_at` is milliseconds or RFC 3339 like every time; seconds are still taken, and the answer warns of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.mfa.enrol_body import application_in
from services.mfa.proved import proved_seconds, warnings_about

AT = 1_790_000_000


@pytest.mark.parametrize(
    "given", [AT, AT * 1000, float(AT), "2026-09-21T14:13:20Z", "2026-09-21T22:13:20+08:00"]
)
def test_every_form_names_the_same_second(given: Any) -> None:
    assert proved_seconds(given) == AT
    assert application_in(json.dumps({"proved_at": given}).encode()).proved_at == AT


@pytest.mark.parametrize("given", [AT, float(AT), 0])
def test_seconds_are_warned_of(given: Any) -> None:
    (warning,) = application_in(json.dumps({"proved_at": given}).encode()).warnings
    assert (warning.code, warning.field) == ("time_in_seconds", "proved_at")
    assert "milliseconds" in warning.detail


@pytest.mark.parametrize("given", [AT * 1000, "2026-09-21T14:13:20Z", None])
def test_what_is_as_it_should_be_is_not_warned_of(given: Any) -> None:
    assert warnings_about(given) == []


@pytest.mark.parametrize(
    "given",
    [
        AT * 10**6,
        AT * 10**9,
        10**400,
        -1,
        True,
        None,
        [],
        "now",
        str(AT),
        "2026-09-21",
        "2026-09-21T14:13:20",
        float("nan"),
    ],
)
def test_anything_else_is_refused(given: Any) -> None:
    with pytest.raises(ValueError, match=r"proved_at|isoformat"):
        proved_seconds(given)
