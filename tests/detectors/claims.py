"""The questions a detector's own tests put to it, and whether the tests' names tell the truth."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from types import ModuleType

from tests.detectors.build import Case, recording

LEAST_CLAIMS = 2


def claims(tests: ModuleType, prefix: str) -> Iterator[Callable[[], None]]:
    """Test functions of the module without parameters whose names begin so."""
    for name, function in vars(tests).items():
        if (
            name.startswith(prefix)
            and inspect.isfunction(function)
            and not inspect.signature(function).parameters
        ):
            yield function


def cases_of(tests: ModuleType) -> list[Case]:
    """Every question that the firing and quiet tests ask."""
    with recording() as cases:
        for prefix in ("test_fires", "test_quiet"):
            for claim in claims(tests, prefix):
                claim()
    return cases


def two_firing_two_quiet(tests: ModuleType) -> None:
    """At least two tests named test_fires... make the detector fire, two named test_quiet... find it quiet."""
    for prefix, fires in (("test_fires", True), ("test_quiet", False)):
        kept = 0
        for claim in claims(tests, prefix):
            with recording() as cases:
                claim()
            asked = any((case.answer is not None) is fires for case in cases)
            assert asked, f"{claim.__name__} shows no such answer"
            kept += 1
        assert kept >= LEAST_CLAIMS, f"{kept} tests are named {prefix}..., at least {LEAST_CLAIMS} must be"
