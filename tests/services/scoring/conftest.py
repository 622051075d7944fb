"""Events and the default policy for the tests of scoring."""

from __future__ import annotations

import pytest

from services.policy_file import read_policy
from services.scoring.policy import Policy


@pytest.fixture(scope="session")
def policy() -> Policy:
    return read_policy()
