"""What Redis or Valkey says of itself that matters to us: whether it may evict, whether it did, what time it has."""

from __future__ import annotations

import logging
from typing import Any

from msgspec import Struct
from redis import exceptions
from redis.asyncio import Redis

from services.memory.redis_client import ask_each

_KEEPS_EVERYTHING = "noeviction"
#: The policy of a store that does not let us ask.
UNKNOWN = "unknown"


class StoreFacts(Struct, frozen=True):
    """`policy` is the store's maxmemory-policy; `evicted` the keys it evicted since it started.

    `evictions` names both the server's run and the count: another run begins at 0.
    """

    policy: str
    evicted: int
    evictions: str

    @property
    def may_evict(self) -> bool:
        """Whether the store may forget anything at all to make room."""
        return self.policy not in (_KEEPS_EVERYTHING, UNKNOWN)

    @property
    def may_evict_accounts(self) -> bool:
        """Whether it may forget keys that never expire, which accounts are."""
        return not self.policy.startswith("volatile") and self.may_evict

    def warn(self, log: logging.Logger) -> None:
        """Say aloud that the store may evict, or that nobody knows; nothing when it may not."""
        if self.policy == UNKNOWN:
            log.warning(
                "the store refuses INFO: whether it may evict is not known; see docs/runbooks/store-may-evict.md"
            )
        if self.may_evict:
            log.error(
                "the store's maxmemory-policy is %s: it must be noeviction, or memory, challenges and counts are "
                "forgotten one by one; see docs/runbooks/store-may-evict.md",
                self.policy,
            )


async def store_time(client: Redis) -> float:
    """The store's clock in epoch seconds. Raises Unavailable."""
    seconds, micros = (await ask_each(client, "TIME"))[0]
    return int(seconds) + int(micros) / 1e6


async def store_facts(client: Redis) -> StoreFacts:
    """Ask the store. INFO is allowed where CONFIG is not, as managed stores have it. Raises Unavailable."""
    try:
        nodes: list[dict[str, Any]] = await ask_each(client, "INFO", "ALL")
    except exceptions.NoPermissionError:
        return StoreFacts(UNKNOWN, 0, "")
    policies = [str(node.get("maxmemory_policy", _KEEPS_EVERYTHING)) for node in nodes]
    evicted = [int(node.get("evicted_keys", 0)) for node in nodes]
    evicting = [policy for policy in policies if policy != _KEEPS_EVERYTHING]
    runs = [f"{str(node.get('run_id', ''))[:12]}:{count}" for node, count in zip(nodes, evicted, strict=True)]
    return StoreFacts(min([*evicting, _KEEPS_EVERYTHING][:1]), sum(evicted), ",".join(runs))
