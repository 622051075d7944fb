"""Whether the worker has read everything, as its metrics page says."""

from __future__ import annotations

import re
from typing import Any

_LAG = re.compile(r"^payguard_consumer_lag_records\{[^}]*\} ([0-9.eE+]+)$", re.MULTILINE)


async def worker_is_behind(client: Any, url: str) -> bool:
    """True while events wait for the worker, or when its page at `url` does not answer. `client` is an httpx client."""
    import httpx

    try:
        page = (await client.get(url)).text
    except httpx.TransportError:
        return True
    return is_behind(page)


def is_behind(page: str) -> bool:
    """True when the metrics page names records that wait, or no partition at all."""
    lags = [float(lag) for lag in _LAG.findall(page)]
    return not lags or any(lags)
