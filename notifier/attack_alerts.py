"""Carries alerts of attacks to the security team, by mail and by webhook: each once, in order, whoever is away meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

import httpcore
from msgspec import Struct, json
from sqlalchemy import func, select, update
from standardwebhooks import Webhook as Signer

from contracts.errors import Malformed, Unavailable
from notifier.attack_letters import letter
from notifier.channels import Channel
from services.attacks.tables import attack_alerts
from services.attacks.telling import AttackAlert, Way, alert_of
from services.platform.database import Database
from services.platform.progress import Progress
from services.platform.retry import Backoff, repeat

_LOOK_EVERY_S, _LEASE_S, _WITHIN_S = 1.0, 120.0, 20.0
_PAUSES = Backoff(5.0, 900.0)
#: What is older is given up: by then its attack is known.
_GIVE_UP_S = 3 * 86_400.0
_TIMEOUTS = {"connect": 5.0, "read": _WITHIN_S, "write": _WITHIN_S, "pool": _WITHIN_S}
#: Carries one alert, written at that time. Raises Malformed for one that is never taken, Unavailable for one that may be later.
Carry = Callable[[AttackAlert], Awaitable[None]]


class _Due(Struct, frozen=True):
    attack_id: str
    number: int
    way: Way
    alert: AttackAlert
    created_at: float
    attempts: int


class AttackAlerts:
    """Tries what is due on each way; several may run on one database."""

    def __init__(self, database: Database, clock: Callable[[], float], ways: Mapping[Way, Carry]) -> None:
        """`clock` gives epoch seconds."""
        self._database = database
        self._clock = clock
        self._ways = ways

    async def run(self, progress: Progress) -> None:
        """Go on until cancelled; what is away is waited for."""

        async def step() -> int:
            tried = await self.step(progress.slipped)
            progress.worked()
            return tried

        await repeat(step, asyncio.Event(), progress.failed, _LOOK_EVERY_S)

    async def step(self, slipped: Callable[[str], object] = lambda _reason: None) -> int:
        """Try the first alert that is due of each attack and way; how many. Raises Unavailable when the database is away."""
        due = await self._claim()
        for each in due:
            error: str | None = None
            final = False
            try:
                async with asyncio.timeout(2 * _WITHIN_S):
                    await self._ways[each.way](each.alert)
            except (Malformed, Unavailable) as refused:
                error, final = refused.reason, isinstance(refused, Malformed)
            except TimeoutError:
                error = "slow"
            if error is not None:
                slipped(error)
            await self._note(each, error, final)
        return len(due)

    async def _claim(self) -> list[_Due]:
        now, this = self._clock(), attack_alerts.c
        earliest = (
            select(this.attack_id, this.way, func.min(this.number).label("number"))
            .where(this.state == "waiting", this.way.in_(sorted(self._ways)))
            .group_by(this.attack_id, this.way)
            .subquery()
        )
        first = (
            (this.attack_id == earliest.c.attack_id)
            & (this.way == earliest.c.way)
            & (this.number == earliest.c.number)
        )
        found: list[_Due] = []
        async with self._database.begin() as connection:
            query = select(attack_alerts).join(earliest, first).where(this.next_at <= now)
            rows = (await connection.execute(query.order_by(this.created_at).limit(20))).mappings().all()
            for row in rows:
                same = (this.attack_id == row["attack_id"]) & (this.way == row["way"])
                mine = same & (this.number == row["number"]) & (this.next_at == row["next_at"])
                taken = update(attack_alerts).where(mine, this.state == "waiting")
                if (await connection.execute(taken.values(next_at=now + _LEASE_S))).rowcount == 1:
                    alert = alert_of(row["body"])
                    found.append(
                        _Due(
                            row["attack_id"],
                            row["number"],
                            row["way"],
                            alert,
                            row["created_at"],
                            row["attempts"],
                        )
                    )
        return found

    async def _note(self, due: _Due, error: str | None, final: bool) -> None:
        now, this = self._clock(), attack_alerts.c
        state = "sent" if error is None else "waiting"
        if error is not None and (final or now - due.created_at > _GIVE_UP_S):
            state = "failed"
        values = {
            "state": state,
            "attempts": due.attempts + 1,
            "next_at": now + _PAUSES.pause_s(due.attempts + 1),
            "ended_at": None if state == "waiting" else now,
            "last_error": None if error is None else error[:64],
        }
        this_one = (this.attack_id == due.attack_id) & (this.number == due.number) & (this.way == due.way)
        async with self._database.begin() as connection:
            await connection.execute(update(attack_alerts).where(this_one).values(values))


def by_mail(channel: Channel, to: str, desk_url: str) -> Carry:
    """To the address of the security team: one thread for each attack."""

    async def carry(alert: AttackAlert) -> None:
        await channel.send(letter(alert, to, desk_url), key_of(alert.attack_id, alert.number), alert.at)

    return carry


def by_webhook(
    pool: httpcore.AsyncConnectionPool, url: str, secret: str, desk_url: str, clock: Callable[[], float]
) -> Carry:
    """To a URL, signed as Standard Webhooks has it. Raises ValueError for a secret that is none."""
    signer = Signer(secret)

    async def carry(alert: AttackAlert) -> None:
        now, name = clock(), key_of(alert.attack_id, alert.number)
        body = message(alert, desk_url)
        headers: dict[bytes | str, bytes | str] = {
            "content-type": "application/json",
            "user-agent": "PayGuard-Webhooks/1",
            "webhook-id": name,
            "webhook-timestamp": str(int(now)),
            "webhook-signature": signer.sign(name, datetime.fromtimestamp(now, UTC), body.decode()),
        }
        extensions = {"timeout": _TIMEOUTS}
        try:
            answer = await pool.request("POST", url, headers=headers, content=body, extensions=extensions)
        except (httpcore.TimeoutException, TimeoutError):
            raise Unavailable("the security webhook is slow", "slow") from None
        except (
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.UnsupportedProtocol,
            OSError,
        ) as error:
            raise Unavailable("the security webhook is away", type(error).__name__) from None
        if not 200 <= answer.status < 300:
            raise Unavailable(f"the security webhook answered {answer.status}", "refused")

    return carry


def key_of(attack_id: str, number: int) -> str:
    """The id of an alert, which a repeat bears too."""
    return f"attack-{attack_id}-{number}"


def message(alert: AttackAlert, desk_url: str) -> bytes:
    """The body of the webhook: of one attack always the same `attack_id`, and a `version` that grows."""
    data = {
        "attack_id": alert.attack_id,
        "version": alert.number,
        "why": list(alert.why),
        "kind": alert.kind,
        "state": alert.state,
        "begun_at": _moment(alert.begun_at),
        "last_at": _moment(alert.last_at),
        "attempts": alert.attempts,
        "accounts": alert.accounts,
        "sources": alert.sources,
        "networks": alert.networks,
        "gave_way": alert.gave_way,
        "at_stake": alert.at_stake,
        "url": f"{desk_url.rstrip('/')}/desk/attacks/{alert.attack_id}",
    }
    return json.encode({"type": f"attack.{alert.why[-1]}", "timestamp": _moment(alert.at), "data": data})


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
