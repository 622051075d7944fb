"""How often somebody may try to sign in: five times a name, thirty times an address, then they wait.

A try is paid for before anything is compared, so that tries at once are no more than tries in turn; whoever gets in gets it back.
Names that nobody has are counted alike, so that a wait says nothing of who works here. A browser on which a member got in has
tries of its own, so that nobody keeps a member out by trying their name.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import re
import secrets

from msgspec import Struct
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.platform.database import insert_new
from services.platform.keyring import Keyring
from services.staff.tables import staff_tries

#: Tries of a name, or of a browser that is known for one, and what they wait then; each wait without a success after the second
#: is twice as long.
TRIES, WAIT_S, LONGEST_WAIT_S = 5, 900.0, 86_400.0
#: Tries of an address within WAIT_S, whatever the names.
ADDRESS_TRIES = 30
#: How long a browser is known.
KNOWN_S = 90 * 86_400.0
_KEPT_S = 2 * 86_400.0
_LONG_KNOWN = re.compile(r"([A-Za-z0-9_-]{22})\.(\d{1,15})\.([0-9a-f]{32})")


class Slow(Exception):
    """Too many tries: `until` (epoch seconds) nothing is compared."""

    def __init__(self, until: float, at: float) -> None:
        super().__init__("too many tries to sign in")
        self.until = until
        self.wait_s = max(1, math.ceil(until - at))


class Paid(Struct, frozen=True):
    """A try that is paid for: by whom, and how many are left should it fail; then a wait of `wait_s` comes."""

    who: str
    address: str | None
    left: int
    wait_s: float


class Tries:
    """Counts tries. Names, browsers and addresses are keyed hashes. Every method works in the caller's transaction."""

    def __init__(self, keys: Keyring) -> None:
        derived = keys.derived("payguard staff tries")
        self._keys = [derived.keys[version] for version in derived.versions]

    async def pay(
        self, connection: AsyncConnection, name: str, address: str | None, known: str, at: float
    ) -> Paid:
        """Take one of the tries of the name, or of the browser that `known` says is known for it, and one of the address.

        Raises Slow.
        """
        of_address = None if address is None else self._named("address", address)
        if of_address is not None:
            await self._count(connection, of_address, at, ADDRESS_TRIES, doubles=False)
        who = (
            self._named("browser", browser)
            if (browser := self._known(known, name, at))
            else self._named("name", name)
        )
        failures, wait_s = await self._count(connection, who, at, TRIES, doubles=True)
        return Paid(who, of_address, TRIES - failures, wait_s)

    async def give_back(self, connection: AsyncConnection, paid: Paid) -> None:
        """Whoever tried got in."""
        table = staff_tries.c
        await connection.execute(delete(staff_tries).where(table.who == paid.who))
        if paid.address is not None:
            this = update(staff_tries).where(table.who == paid.address, table.failures > 0)
            await connection.execute(this.values(failures=table.failures - 1, locked_until=None))

    async def forget(self, connection: AsyncConnection, name: str) -> None:
        """An administrator lets the name try again at once."""
        await connection.execute(delete(staff_tries).where(staff_tries.c.who == self._named("name", name)))

    def known(self, name: str, at: float) -> str:
        """What a browser on which the member got in keeps."""
        nonce, until = secrets.token_urlsafe(16), int(at + KNOWN_S)
        return f"{nonce}.{until}.{_mac(self._keys[0], name, nonce, until)}"

    def _known(self, text: str, name: str, at: float) -> str | None:
        parts = _LONG_KNOWN.fullmatch(text)
        if parts is None or int(parts[2]) <= at:
            return None
        right = [
            hmac.compare_digest(parts[3], _mac(key, name, parts[1], int(parts[2]))) for key in self._keys
        ]
        return parts[1] if any(right) else None

    async def _count(
        self, connection: AsyncConnection, who: str, at: float, most: int, *, doubles: bool
    ) -> tuple[int, float]:
        """Failures with this one, and the wait that the last of them begins. Raises Slow."""
        table = staff_tries.c
        await connection.execute(delete(staff_tries).where(table.since < at - _KEPT_S, table.who != who))
        fresh = {"who": who, "failures": 0, "since": at, "locks": 0}
        await connection.execute(insert_new(staff_tries).values(fresh))
        row = (await connection.execute(select(staff_tries).where(table.who == who).with_for_update())).one()
        if row.locked_until is not None and row.locked_until > at:
            raise Slow(row.locked_until, at)
        over = row.locked_until is not None or row.since <= at - _forgotten_s(doubles)
        failures = 1 if over else row.failures + 1
        wait_s = min(WAIT_S * 2 ** max(0, row.locks - 1), LONGEST_WAIT_S) if doubles else WAIT_S
        locks = failures >= most
        values = {
            "failures": failures,
            "since": at if over or failures == 1 else row.since,
            "locks": row.locks + int(locks),
            "locked_until": at + wait_s if locks else None,
        }
        await connection.execute(update(staff_tries).where(table.who == who).values(values))
        return failures, wait_s

    def _named(self, kind: str, text: str) -> str:
        hashed = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16, key=self._keys[0])
        hashed.update(f"\0{kind}".encode())
        return hashed.hexdigest()


def _forgotten_s(doubles: bool) -> float:
    """After how long tries are forgotten that led to no wait: those of a name after a day, those of an address soon."""
    return 86_400.0 if doubles else WAIT_S


def _mac(key: bytes, name: str, nonce: str, until: int) -> str:
    return hmac.new(key, f"{name}\0{nonce}\0{until}".encode(), "sha256").hexdigest()[:32]
