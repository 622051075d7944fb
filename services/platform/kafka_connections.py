"""Connections to Kafka that may be written to just after they were lost.

aiokafka 0.14.0 takes it that a write to a lost connection raises OSError or nothing, as asyncio has it. uvloop raises
RuntimeError, from the loss until the reader task has seen it. When a broker ends, a client loses several connections at
once: the first that is noticed starts a metadata request, which may be sent over the next one. The RuntimeError then ends
the client's metadata task for good and in silence. No leader and no coordinator is looked up again: nothing is fetched,
and commits and heartbeats wait for ever.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from aiokafka import conn
from aiokafka.errors import KafkaConnectionError, KafkaError

from services.platform.kafka_access import CLIENTS, note_refusal


class Connection(conn.AIOKafkaConnection):
    """The stock connection; a lost one fails as lost, whatever the event loop."""

    def send(self, request: Any, expect_response: bool = True) -> Awaitable[Any]:
        """Write the request now; the answer when awaited. Raises KafkaConnectionError when the connection is lost."""
        try:
            return super().send(request, expect_response)  # type: ignore[no-any-return]
        except RuntimeError as error:
            self.close(reason=conn.CloseReason.CONNECTION_BROKEN, exc=error)
            raise KafkaConnectionError(f"Connection at {self.host}:{self.port} broken: {error}") from error

    async def _do_sasl_handshake(self) -> None:
        """Sign in. The library hides a refusal behind "unable to bootstrap": it is counted and said here."""
        try:
            await super()._do_sasl_handshake()
        except KafkaError as error:
            client = str(self._client_id).removeprefix("payguard-")
            note_refusal(error, client if client in CLIENTS else "worker")
            raise


def mend_connections() -> None:
    """From now on every aiokafka client of this process makes its connections with our class. Safe to call again."""
    conn.AIOKafkaConnection = Connection
