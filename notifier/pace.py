"""How fast a channel may send: a bucket that fills at the rate of its provider, kept in SQL for all notifiers together."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping

from msgspec import Struct
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from notifier.planner import Priority
from services.cases.tables import letter_rates
from services.platform.database import insert_new

_ONE = re.compile(r"([a-z_]+)=([0-9]+(?:\.[0-9]+)?)(?:/([0-9]+))?")
#: So many messages a second and more are no limit that anybody means.
_MOST_PER_S = 100_000.0
#: What sums of floats leave out of a whole message.
_ROUNDED = 1e-9


class Pace(Struct, frozen=True):
    """Messages a second, and at once after a rest."""

    per_s: float
    burst: int

    def filled(self, messages: float, for_s: float) -> float:
        """What may be sent, seconds after it was `messages`; a clock that was set back fills nothing."""
        return min(float(self.burst), messages + max(0.0, for_s) * self.per_s)

    def room(self, messages: float, priority: Priority) -> int:
        """How many of that priority may go of `messages`: ordinary ones leave half of a burst to critical ones."""
        left = self.burst // 2 if priority == "ordinary" else 0
        return max(0, int(messages + _ROUNDED) - left)


class Bucket(Struct, frozen=True):
    """What may be sent by a channel at a time, epoch seconds; its row is locked."""

    channel: str
    messages: float
    at: float


async def bucket(connection: AsyncConnection, channel: str, pace: Pace, now: float) -> Bucket:
    """What the channel may send now. Nobody else is told so until the transaction ends."""
    key = _key(channel)
    full = {"reason": key, "letters": float(pace.burst), "at": now}
    await connection.execute(insert_new(letter_rates).values(full))
    locked = select(letter_rates).where(letter_rates.c.reason == key).with_for_update()
    row = (await connection.execute(locked)).one()
    return Bucket(channel, pace.filled(row.letters, now - row.at), max(now, row.at))


async def spend(connection: AsyncConnection, found: Bucket, count: int) -> None:
    """Take `count` messages out of the bucket."""
    left = {"letters": max(0.0, found.messages - count), "at": found.at}
    await connection.execute(
        update(letter_rates).where(letter_rates.c.reason == _key(found.channel)).values(left)
    )


def paces(said: str, channels: Collection[str]) -> Mapping[str, Pace]:
    """The paces of a setting, such as "sms=10/20, push=50": a second, and at once, which is a second's where it is left out.

    Raises ValueError with the rule for any other text.
    """
    found: dict[str, Pace] = {}
    for one in re.split(r"[,\s]+", said.strip()) if said.strip() else ():
        match = _ONE.fullmatch(one)
        per_s = float(match[2]) if match else 0.0
        burst = int(match[3]) if match and match[3] else max(1, math.ceil(per_s))
        if match is None or match[1] not in channels or not 0.0 < per_s <= _MOST_PER_S or burst < 1:
            raise ValueError(
                "channel_rates must be channels with messages a second, and at once, such as sms=10/20,push=50, "
                f"of {', '.join(channels)}; got {one}"
            )
        found[match[1]] = Pace(per_s, burst)
    return found


def _key(channel: str) -> str:
    """No reason of a letter is called so."""
    return f"channel {channel}"
