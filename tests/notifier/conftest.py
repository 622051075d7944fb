from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from services.cases.case_service import CaseService
from services.platform.database import Database
from tests.notifier.delivering import LI, T0, Clock, Way, add
from tests.notifier.mail_server import Mailbox, MailServer
from tests.notifier.postbox import DAY_S, Owner, Postbox
from tests.services.cases.databases import database, database_url  # noqa: F401  found here by the tests


@pytest.fixture
def way() -> Way:
    return Way()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def told(database: Database) -> Database:  # noqa: F811
    """A database with one notice for li, whose contact is known."""
    await CaseService(database, lambda: T0).set_contact("li", LI)
    await add(database, "e1")
    return database


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
async def port(mailbox: Mailbox) -> AsyncIterator[int]:
    """Where a server with the mailbox listens."""
    async with MailServer(mailbox) as port:
        yield port


@pytest.fixture
def box() -> Postbox:
    return Postbox()


@pytest.fixture
async def desk(database: Database, clock: Clock) -> CaseService:  # noqa: F811
    made = CaseService(database, clock)
    await made.set_contact("li", LI)
    clock.now += DAY_S
    return made


@pytest.fixture
def li(database: Database, desk: CaseService, box: Postbox, clock: Clock) -> Owner:  # noqa: F811
    return Owner(database, desk, box, clock)
