"""What the pages of the centre ask and do, over one database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request

from contracts.profile import Key
from services.cases.contact_points import points_of
from services.cases.owner_words import OwnerWords
from services.cases.preferences import preferences_of
from services.cases.unfreezing import Unfreezing
from services.centre.reading import zone_of
from services.memory.known_devices import KnownDevices
from services.memory.pseudonyms import Pseudonyms
from services.mfa.wallet_lock import WalletLock
from services.mfa.with_code import WithCode
from services.platform.database import Database


@dataclass(frozen=True)
class Centre:
    """Made by `services.bootstrap`. `clock` gives epoch seconds; `names` give devices the names that they have in the stream."""

    database: Database
    clock: Callable[[], float]
    unfreezing: Unfreezing
    words: OwnerWords
    lock: WalletLock
    with_code: WithCode
    names: Pseudonyms
    known: KnownDevices

    def device_key(self, device_id: str | None) -> Key | None:
        """The key of a device that the wallet named; None for none."""
        return None if device_id is None else self.names.key_of("device", device_id)

    async def time_zone(self, connection: AsyncConnection, account_id: str) -> str:
        """The zone whose clock the owner reads."""
        points = (await points_of(connection, [account_id], self.clock())).get(account_id, [])
        return zone_of(await preferences_of(connection, account_id), points)


def centre_of(request: Request) -> Centre:
    """The application's centre."""
    centre: Centre = request.app.state.centre
    return centre
