"""Bad: tests that claim too little."""

from __future__ import annotations


def test_fires_once() -> None:
    """The only firing claim."""


def test_quiet_here() -> None:
    """A quiet claim."""


def test_quiet_there() -> None:
    """Another quiet claim."""
