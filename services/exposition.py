"""/metrics and /healthz of a process without an HTTP API of its own, served by a thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import make_wsgi_app

from services.metrics import REGISTRY

Fault = Callable[[], str | None]


def serve(host: str, port: int, fault: Fault = lambda: None) -> int:
    """Serve both on host:port (0 picks a free port) and return the port. /healthz is 503 while `fault` says something."""
    metrics_app = make_wsgi_app(REGISTRY)

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/metrics":
            return metrics_app(environ, start_response)  # type: ignore[no-any-return]
        if path != "/healthz":
            return _text(start_response, "404 Not Found", "here are /metrics and /healthz")
        wrong = fault()
        return _text(
            start_response, "200 OK" if wrong is None else "503 Service Unavailable", wrong or "alive"
        )

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
