"""Serves the demonstration's page on loopback: the address is known, and waits for its visitor, before anything else stands."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette

from services.lab.demo.page import HERE

_HOST = "127.0.0.1"
#: Short to read and the same each time, where it is free.
_PORT = 8088
_BACKLOG = 64


class Door:
    """A port that listens from the start; whoever comes early waits until `server` runs."""

    def __init__(self) -> None:
        self._socket = _listening()
        self.address = f"http://{_HOST}:{self._socket.getsockname()[1]}{HERE}"

    def server(self, app: Starlette) -> uvicorn.Server:
        """A server that leaves signals to the process and ends when its `should_exit` is set."""
        return _Server(
            uvicorn.Config(
                app,
                lifespan="off",
                ws="none",
                access_log=False,
                server_header=False,
                log_config=None,
                timeout_graceful_shutdown=3,
            )
        )

    async def serve(self, server: uvicorn.Server) -> None:
        """Answer until the server ends."""
        await server.serve(sockets=[self._socket])

    def close(self) -> None:
        """Listen no more."""
        self._socket.close()


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _listening() -> socket.socket:
    for port in (_PORT, 0):
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((_HOST, port))
        except OSError:
            listening.close()
            continue
        listening.listen(_BACKLOG)
        return listening
    raise OSError("no port of loopback is free")
