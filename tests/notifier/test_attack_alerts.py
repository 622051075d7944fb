"""The security team hears of an attack once on each way, in order, in both languages, whoever is away meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import httpcore
import pytest
from msgspec import json
from sqlalchemy import insert, update
from standardwebhooks import Webhook as Signer

from contracts.errors import Malformed, Unavailable
from notifier.attack_alerts import AttackAlerts, by_mail, by_webhook
from notifier.channels.mail_folder import FolderMail
from services.attacks.tables import attack_alerts, attacks
from services.attacks.telling import AttackAlert, Why
from services.platform.database import Database
from tests.services.attacks.rows_made import all_of

NOW = 1_790_000_000.0
DESK = "https://desk.upay.example"
SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def alert(number: int = 1, *why: Why, gave_way: int = 0) -> AttackAlert:
    return AttackAlert(
        attack_id="W-118",
        number=number,
        why=why or ("recognised",),
        kind="credential_stuffing",
        state="open",
        at=NOW + number,
        begun_at=NOW - 600.0,
        last_at=NOW,
        attempts=12_345,
        accounts=2000,
        sources=300,
        networks={"hosting": 280, "residential": 20},
        gave_way=gave_way,
        at_stake={"held": {"CNY": "18000.00"}} if gave_way else {},
    )


async def wait_for(
    database: Database, *alerts: AttackAlert, ways: tuple[str, ...] = ("mail", "webhook")
) -> None:
    """Put the alerts where they wait."""
    values = {"kind": "credential_stuffing", "state": "open", "usual_per_minute": 1.0, "peak_at": NOW}
    counts = dict.fromkeys(("attempts", "accounts", "sources", "gave_way", "peak_per_minute", "version"), 1)
    times = dict.fromkeys(("begun_at", "last_at", "recognised_at"), NOW)
    async with database.begin() as connection:
        await connection.execute(insert(attacks).values(attack_id="W-118", **values, **counts, **times))
        for each in alerts:
            body = json.encode(each).decode()
            for way in ways:
                row = {"attack_id": "W-118", "number": each.number, "way": way, "body": body}
                await connection.execute(
                    insert(attack_alerts).values(**row, created_at=NOW, state="waiting", next_at=NOW)
                )


class Receiver:
    """A webhook's other side: what came, and what it answers."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        async with server:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lines = [line.split(": ", 1) for line in head.split("\r\n")[1:] if line]
        headers = {name.lower(): value for name, value in lines}
        body = await reader.readexactly(int(headers["content-length"]))
        self.got.append((headers, body))
        status = self.answers.pop(0) if self.answers else 200
        writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()


async def test_an_attack_is_one_thread_of_mail_in_both_languages(database: Database, tmp_path: Path) -> None:
    await wait_for(database, alert(), alert(2, "grown", "gave_way", gave_way=7), ways=("mail",))
    carry = by_mail(FolderMail(tmp_path, "security@upay.example"), "team@upay.example", DESK)
    alerts = AttackAlerts(database, lambda: NOW, {"mail": carry})
    assert [await alerts.step() for _ in range(3)] == [1, 1, 0]

    first, second = (
        message_from_bytes((tmp_path / f"attack-W-118-{number}.eml").read_bytes(), policy=policy.default)
        for number in (1, 2)
    )
    assert first["To"] == second["To"] == "team@upay.example"
    assert first["Subject"] == second["Subject"] == "[W-118] 攻击：撞库 · Attack: credential stuffing"
    assert first["In-Reply-To"] is None
    assert second["In-Reply-To"] == second["References"] == first["Message-ID"]
    body = second.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    for words in (
        "失守账户：7",
        "Accounts that gave way: 7",
        "来源地址：300（机房 280、住宅 20）",
        "Addresses: 300 (hosting 280, residential 20)",
        "Money at stake: held 18,000.00 CNY",
        f"Act on it: {DESK}/desk/attacks/W-118",
        "处理：",
    ):
        assert words in text
    assert {each["state"] for each in await all_of(database, attack_alerts)} == {"sent"}


async def test_a_webhook_is_signed_and_names_the_attack_and_its_version(database: Database) -> None:
    await wait_for(database, alert(), alert(2, "over"), ways=("webhook",))
    receiver = Receiver()
    receiver.answers = [503, 200, 200]
    now = NOW
    async with receiver.listening() as url, httpcore.AsyncConnectionPool() as pool:
        alerts = AttackAlerts(
            database, lambda: now, {"webhook": by_webhook(pool, url, SECRET, DESK, lambda: now)}
        )
        await alerts.step()
        assert await alerts.step() == 0
        for _ in range(3):
            now += 1000.0
            await alerts.step()

    ids = [headers["webhook-id"] for headers, _ in receiver.got]
    assert ids == ["attack-W-118-1", "attack-W-118-1", "attack-W-118-2"]
    assert receiver.got[0][1] == receiver.got[1][1]
    signer = Signer(SECRET)
    for headers, body in receiver.got:
        signed = signer.sign(headers["webhook-id"], _moment(headers["webhook-timestamp"]), body.decode())
        assert headers["webhook-signature"] == signed
    said = [json.decode(body) for _, body in receiver.got]
    assert [each["type"] for each in said] == ["attack.recognised", "attack.recognised", "attack.over"]
    assert [(each["data"]["attack_id"], each["data"]["version"]) for each in said][1:] == [
        ("W-118", 1),
        ("W-118", 2),
    ]
    assert said[0]["data"]["url"] == f"{DESK}/desk/attacks/W-118"


def _moment(timestamp: str) -> Any:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(int(timestamp), UTC)


def always(error: Exception) -> Callable[[AttackAlert], Any]:
    async def carry(_alert: AttackAlert) -> None:
        raise error

    return carry


@pytest.mark.parametrize(
    ("error", "later_s", "state"),
    [
        (Unavailable("away", "mail_away"), 600.0, "waiting"),
        (Unavailable("away", "mail_away"), 4 * 86_400.0, "failed"),
        (Malformed("address_refused", "no such address"), 1.0, "failed"),
    ],
)
async def test_what_is_not_taken_waits_and_is_given_up_at_last(
    database: Database,
    error: Exception,
    later_s: float,
    state: str,
) -> None:
    await wait_for(database, alert(), ways=("mail",))
    await AttackAlerts(database, lambda: NOW + later_s, {"mail": always(error)}).step()

    [row] = await all_of(database, attack_alerts)
    assert (row["state"], row["attempts"], row["last_error"]) == (state, 1, getattr(error, "reason", None))


async def test_a_way_that_is_away_keeps_no_other_back_and_two_senders_send_once(
    database: Database,
    tmp_path: Path,
) -> None:
    await wait_for(database, alert())
    sent: list[int] = []

    async def carry(each: AttackAlert) -> None:
        await asyncio.sleep(0)
        sent.append(each.number)

    ways = {"mail": carry, "webhook": always(Unavailable("away", "slow"))}
    await asyncio.gather(*(AttackAlerts(database, lambda: NOW, ways).step() for _ in range(4)))  # type: ignore[arg-type]

    assert sent == [1]


async def test_a_sender_that_died_is_taken_over(database: Database) -> None:
    await wait_for(database, alert(), ways=("mail",))
    sent: list[int] = []

    async def carry(each: AttackAlert) -> None:
        sent.append(each.number)

    async with database.begin() as connection:
        await connection.execute(update(attack_alerts).values(next_at=NOW + 120.0))
    assert await AttackAlerts(database, lambda: NOW + 60.0, {"mail": carry}).step() == 0
    assert await AttackAlerts(database, lambda: NOW + 121.0, {"mail": carry}).step() == 1
    assert sent == [1]
