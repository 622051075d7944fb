"""Events and the default policy for the tests of scoring and policy."""

from __future__ import annotations

import pytest

from services.policy.file import read_policy
from services.policy.policy import Policy


@pytest.fixture(scope="session")
def policy() -> Policy:
    return read_policy()
