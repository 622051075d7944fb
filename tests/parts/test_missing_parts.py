"""A real part that cannot be had skips a test on a laptop and fails it where real parts are asked for."""

from __future__ import annotations

import pytest

from benchmarks.parts.real_parts import PartMissing
from tests.parts.fixtures import started_or_explained


def missing() -> str:
    raise PartMissing("java is not on this machine; on Debian: apt-get install openjdk-17-jre-headless")


def test_a_missing_part_skips_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PAYGUARD_REAL", raising=False)

    with pytest.raises(pytest.skip.Exception, match="apt-get install"):
        started_or_explained(missing)


def test_a_missing_part_fails_where_real_parts_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYGUARD_REAL", "1")

    with pytest.raises(pytest.fail.Exception, match="apt-get install"):
        started_or_explained(missing)
