"""Builds what tells connected help desks of cases."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from contracts.errors import Unavailable
from services.bootstrap.desk import desk_url
from services.connect.arriving import Arrivals
from services.connect.carrier import Carrier
from services.connect.connections import Connections, connection_vault
from services.events.own_events import event_keys
from services.platform.database import Database
from services.platform.progress import Progress
from services.platform.settings import Settings
from services.wallet.outside import outside


def open_arrivals(settings: Settings, database: Database, clock: Callable[[], float]) -> Arrivals:
    """What takes webhooks of help desks. Raises UnusableKeys."""
    return Arrivals(database, connection_vault(event_keys(settings)), clock)


async def tell_for_ever(settings: Settings, database: Database, progress: Progress) -> None:
    """Tell them until cancelled. Raises UnusableKeys without the key that their secrets are sealed under."""
    vault, private = connection_vault(event_keys(settings)), settings.webhook_private_networks
    try:
        await Connections(database, vault, time.time, private).reseal()
    except Unavailable as error:
        progress.failed(error.reason)  # what was sealed under a key before opens as well while that is held
    async with outside(private) as pool:
        carrier = Carrier(database, vault, pool, time.time, f"{desk_url(settings)}/desk/cases/")
        await carrier.run(asyncio.Event(), progress)
