"""A notifier whose channel or database fails says so, once, and by reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.errors import Malformed, Unavailable
from notifier.channels import ADDRESS_PUT_OFF, Sent
from notifier.channels.mail_folder import FolderMail
from notifier.deliver import Patience
from notifier.service import Notifier
from services.cases.case_service import CaseService
from services.platform.database import Database
from services.platform.embedded import free_port
from services.platform.metrics import CONSUMER_FAILURES
from services.platform.progress import CALM_S, PATIENCE_S, Progress
from services.platform.settings import Settings
from tests.notifier.delivering import LI, T0, Clock, Way, add, rows, sendings, undelivered
from tests.notifier.mail_server import SENDER, Mailbox, smtp


def watched(
    database: Database, way: object, clock: Clock, patience: Patience | None = None
) -> tuple[Notifier, Progress]:
    progress = Progress("notifier", clock)
    return (
        Notifier(Settings(), database, clock, {"mail": way}, patience, progress),  # type: ignore[dict-item]
        progress,
    )


def failures(reason: str) -> float:
    return float(CONSUMER_FAILURES.labels("notifier", reason)._value.get())


async def test_a_channel_that_is_away_is_a_fault_until_a_letter_goes_out(
    told: Database, way: Way, clock: Clock
) -> None:
    service, progress = watched(told, way, clock)
    way.error = Unavailable("test", "mail_away")
    await service.deliver_due()
    for _ in range(20):
        clock.now += PATIENCE_S / 10
        await service.deliver_due()

    assert progress.fault() is not None

    way.error = None
    clock.now = (await sendings(told))[0].next_at
    await service.deliver_due()
    clock.now += CALM_S + 1.0
    await service.deliver_due()

    assert progress.fault() is None


async def test_one_address_that_is_put_off_is_counted_and_no_fault(
    told: Database, way: Way, clock: Clock
) -> None:
    before = failures(ADDRESS_PUT_OFF)
    service, progress = watched(told, way, clock)
    way.error = Unavailable("450", ADDRESS_PUT_OFF)
    await service.deliver_due()
    clock.now += PATIENCE_S + 1.0
    await service.deliver_due()

    assert failures(ADDRESS_PUT_OFF) > before
    assert progress.fault() is None


async def test_a_letter_that_fails_among_others_that_go_out_is_no_fault(
    told: Database, way: Way, clock: Clock
) -> None:
    await CaseService(told, lambda: T0).set_contact("wu", LI)
    await add(told, "e2", account_id="wu")
    service, progress = watched(told, Fickle(way), clock)
    await service.deliver_due()
    clock.now += PATIENCE_S + 1.0

    assert sorted(row.state for row in await rows(told)) == ["delivered", "planned"]
    assert progress.fault() is None


class Fickle(Way):
    """Takes the second letter of each two."""

    def __init__(self, way: Way) -> None:
        super().__init__()
        self.way = way

    async def send(self, letter: object, key: str, at: float) -> Sent:
        self.sent.append((key, letter))  # type: ignore[arg-type]
        if len(self.sent) % 2:
            raise Unavailable("test", "mail_put_off")
        return Sent()


async def test_a_server_that_hangs_is_given_up_in_time_and_called_slow(
    told: Database, clock: Clock, mailbox: Mailbox, port: int
) -> None:
    before = failures("channel_slow")
    mailbox.dawdles = True
    service, _ = watched(told, smtp(port, 0.2), clock, Patience(send_s=5.0))
    await service.deliver_due()

    assert failures("channel_slow") == before + 1
    assert [row.state for row in await sendings(told)] == ["waiting"]


@pytest.mark.parametrize("answer", ["451 later", "421 closing"])
async def test_a_server_that_takes_nothing_now_is_a_trouble(
    told: Database, clock: Clock, answer: str, mailbox: Mailbox, port: int
) -> None:
    before = failures("mail_put_off")
    mailbox.data_answer = answer
    service, progress = watched(told, smtp(port), clock)
    await service.deliver_due()
    clock.now += PATIENCE_S + 1.0

    assert failures("mail_put_off") == before + 1
    assert progress.fault() is not None


async def test_nobody_at_the_mail_servers_port_is_away(told: Database, clock: Clock) -> None:
    before = failures("mail_away")
    service, _ = watched(told, smtp(free_port()), clock)
    await service.deliver_due()

    assert failures("mail_away") == before + 1


async def test_a_folder_that_cannot_be_written_is_away(told: Database, clock: Clock, tmp_path: Path) -> None:
    before = failures("folder_away")
    (tmp_path / "outbox").write_text("a file where the folder should be")
    service, _ = watched(told, FolderMail(tmp_path / "outbox", SENDER), clock)
    await service.deliver_due()

    assert failures("folder_away") == before + 1


@pytest.mark.parametrize("reason", ["address_refused", "message_refused"])
async def test_what_is_refused_for_good_is_counted_by_reason(
    told: Database, way: Way, clock: Clock, reason: str
) -> None:
    before = undelivered(reason)
    way.error = Malformed(reason, "test")
    service, progress = watched(told, way, clock)
    await service.deliver_due()

    assert undelivered(reason) == before + 1
    assert [(row.state, row.last_error) for row in await rows(told)] == [("failed", reason)]
    assert progress.fault() is None
