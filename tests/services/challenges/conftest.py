from __future__ import annotations

import pytest

from services.challenges.service import ChallengesService
from services.challenges.vault import Vault
from services.database import Database
from services.memory.in_process import InProcessChallengeIntake
from tests.services.cases.databases import database, database_url  # noqa: F401  found here by the tests
from tests.services.challenges.world import KEY, Clock, World


@pytest.fixture
def world(database: Database) -> World:  # noqa: F811
    """The service on a migrated database, with a clock that the test moves."""
    clock = Clock()
    intake = InProcessChallengeIntake(clock)
    service = ChallengesService(database, intake, Vault({1: KEY}, 1), clock, issuer="UPay")
    return World(service, database, intake, clock)
