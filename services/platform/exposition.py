"""/metrics, /healthz and /readyz of a process without an HTTP API of its own, served by a thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import make_wsgi_app

from services.platform.metrics import REGISTRY

Fault = Callable[[], str | None]


def serve(host: str, port: int, fault: Fault = lambda: None, not_ready: Fault | None = None) -> int:
    """Serve them on host:port (0 picks a free port) and return the port.

    /healthz is 503 while `fault` says something: only a new start helps. /readyz is 503 while `not_ready` does (by default
    the same): the work does not go on, and goes on by itself when what it needs is back.
    """
    metrics_app = make_wsgi_app(REGISTRY)
    pages = {"/healthz": (fault, "alive"), "/readyz": (not_ready or fault, "ready")}

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/metrics":
            return metrics_app(environ, start_response)  # type: ignore[no-any-return]
        if path not in pages:
            return _text(start_response, "404 Not Found", "here are /metrics, /healthz and /readyz")
        asked, well = pages[path]
        wrong = asked()
        return _text(start_response, "200 OK" if wrong is None else "503 Service Unavailable", wrong or well)

    server = make_server(host, port, answer, server_class=_Server, handler_class=_Handler)
    threading.Thread(target=server.serve_forever, name="exposition", daemon=True).start()
    return int(server.server_port)


def _text(start_response: Any, status: str, words: str) -> Iterable[bytes]:
    start_response(status, [("Content-Type", "text/plain; charset=utf-8")])
    return [words.encode() + b"\n"]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Handler(WSGIRequestHandler):
    def log_message(self, format: str, *arguments: Any) -> None:
        """Requests of Prometheus are no news."""
