"""Who offers a code, by names that give nothing away."""

from __future__ import annotations

from functools import lru_cache
from zlib import crc32

from services.enrichment.clients import client_of
from services.memory.pseudonyms import CACHED_KEYS, Pseudonyms
from services.mfa.limit_records import ClientContext
from services.mfa.records import Context

#: Rows over which the fleet's refused codes of a minute are spread, so that few wait for one another.
PARTITIONS = 16


class Visitors:
    """Names visitors with a key of 32 bytes: the same visitor has the same name for ever."""

    def __init__(self, key: bytes) -> None:
        self._names = Pseudonyms(key)
        self._network_of = lru_cache(maxsize=CACHED_KEYS)(self._network_named)

    def of(self, account_id: str | None, context: Context) -> ClientContext:
        """Who stands behind the context. An address that is nobody's, such as a proxy's in our own network, names no network."""
        network = None if context.ip is None else self._network_of(context.ip)
        device = None if context.device_id is None else self._names.key_of("factor_device", context.device_id)
        partition = crc32((account_id or "").encode()) % PARTITIONS
        return ClientContext(network, None if device is None else device.hex(), partition)

    def _network_named(self, ip: str) -> str | None:
        client = client_of(ip).address
        prefix = None if client is None else self._names.prefix_key(str(client))
        return None if prefix is None else prefix.hex()
