"""The containers' health check: exit code 0 when /healthz of this container answers 200. Argument: the port (9101)."""

from __future__ import annotations

import http.client
import sys

METRICS_PORT = 9101
WITHIN_S = 4.0


def alive(port: int) -> bool:
    """Whether the process on this port says that it is well. A worker that stands still says 503."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WITHIN_S)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(not alive(int(sys.argv[1]) if len(sys.argv) > 1 else METRICS_PORT))
