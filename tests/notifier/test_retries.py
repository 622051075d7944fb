"""Failed messages go again when somebody says so: once, under the same id, and not to addresses that give mail back."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from contracts.errors import Malformed
from services.audit.tables import audit
from services.cases.contact_points import Contact, change_contact
from services.cases.message_retries import Retried, Which, retry_failed
from services.cases.references import reference
from services.cases.tables import contact_points, notices
from services.platform.database import Database
from tests.notifier.delivering import LI, T0, Clock, Way, add, notifier, rows, sendings

REFUSED = Malformed("message_refused", "the other side refused it")


async def failed(database: Database, *event_ids: str) -> Way:
    """A channel that has refused letters about these events."""
    way = Way()
    way.error = REFUSED
    async with database.begin() as connection:
        await change_contact(connection, "li", LI, T0 - 1.0, "p1")
    await add(database, *event_ids)
    await notifier(database, way, Clock()).deliver_due()
    return way


async def retried(database: Database, **which: object) -> Retried:
    async with database.begin() as connection:
        wanted = Which(**({"since": 0.0} | which))  # type: ignore[arg-type]
        return await retry_failed(connection, wanted, "cli:li", T0 + 60.0)


async def states(database: Database) -> list[tuple[str, str]]:
    return [(notice.event_id, notice.state) for notice in await rows(database)]


async def test_what_failed_is_sent_again_under_its_id_and_its_notice_is_delivered(database: Database) -> None:
    way = await failed(database, "e1")
    assert await states(database) == [("e1", "failed")]
    way.error = None

    done = await retried(database, channel="mail")
    clock = Clock()
    clock.now = T0 + 61.0
    await notifier(database, way, clock).deliver_due()

    assert done == Retried({"mail": 1}, 0)
    assert len({key for key, _ in way.sent}) == 1
    assert len(way.sent) == 2
    assert await states(database) == [("e1", "delivered")]
    (row,) = [each for each in await sendings(database) if each.channel == "mail"]
    assert (row.state, row.why) == ("handed_over", None)


async def test_doing_it_twice_is_doing_it_once_and_the_audit_has_it_once(database: Database) -> None:
    await failed(database, "e1", "e2")

    first, second = await retried(database, channel="mail"), await retried(database, channel="mail")

    assert (first.again, second.again) == ({"mail": 2}, {})
    async with database.read() as connection:
        noted = (await connection.execute(select(audit).where(audit.c.action == "messages_retried"))).all()
    assert [(row.actor, row.reason, row.account_id) for row in noted] == [("cli:li", "2 mail", None)]


async def test_a_reference_means_its_letter_alone_and_a_time_what_failed_since(database: Database) -> None:
    await failed(database, "e1", "e2")
    first = (await rows(database))[0].notice_id

    assert (await retried(database, reference=reference(first).lower())).again == {"mail": 1}
    assert dict(await states(database)) == {"e1": "planned", "e2": "failed"}
    assert (await retried(database, channel="sms")).again == {}
    assert (await retried(database, since=T0 + 1.0)).again == {}
    assert (await retried(database, since=T0)).again == {"mail": 1}


async def test_an_address_that_gives_mail_back_is_left_until_it_is_set_again(database: Database) -> None:
    await failed(database, "e1")
    async with database.begin() as connection:
        await connection.execute(update(contact_points).values(bouncing_since=T0))

    assert await retried(database, channel="mail") == Retried({}, 1)
    async with database.begin() as connection:
        await change_contact(connection, "li", Contact(LI.address, "en", "UTC"), T0 + 2.0, "p2")
    assert await retried(database, channel="mail") == Retried({"mail": 1}, 0)


async def test_a_retry_of_what_another_channel_told_counts_no_second_delivery(database: Database) -> None:
    await failed(database, "e1")
    async with database.begin() as connection:
        await connection.execute(update(notices).values(state="delivered"))

    assert (await retried(database, channel="mail")).again == {"mail": 1}
    assert await states(database) == [("e1", "delivered")]


async def test_no_reference_is_no_letter(database: Database) -> None:
    with pytest.raises(ValueError, match="PG-7F3K-92"):
        await retried(database, reference="PG-1")
