"""The worker's metrics page says whether events wait for it."""

from __future__ import annotations

import pytest

from services.lab.demo.demo import is_behind

_LAG = 'payguard_consumer_lag_records{partition="%d"} %s\n'


@pytest.mark.parametrize(
    ("page", "behind"),
    [
        (_LAG % (0, "0.0") + _LAG % (1, "0.0"), False),
        (_LAG % (0, "0.0") + _LAG % (1, "3.0"), True),
        (_LAG % (0, "1.2e+06"), True),
        ("payguard_in_flight_batches 0.0\n", True),
        ("", True),
    ],
    ids=["all read", "one partition waits", "a million wait", "no partition yet", "an empty page"],
)
def test_a_worker_is_behind_while_any_partition_has_records_left(page: str, behind: bool) -> None:
    assert is_behind(page) is behind
