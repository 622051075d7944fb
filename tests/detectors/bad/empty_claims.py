"""Bad: tests whose names claim what they do not ask."""

from __future__ import annotations

from detectors import new_device
from tests.detectors.build import ask, login, settled


def test_fires_on_a_strange_device() -> None:
    assert ask(new_device, login(device="stolen"), settled()) is not None


def test_fires_in_name_only() -> None:
    assert ask(new_device, login(), settled()) is None


def test_quiet_on_a_known_device() -> None:
    assert ask(new_device, login(), settled()) is None


def test_quiet_on_a_failed_login() -> None:
    assert ask(new_device, login(device="stolen", outcome="failure"), settled()) is None
