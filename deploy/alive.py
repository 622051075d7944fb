"""The containers' health check: exit code 0 when a page of this container answers 200.

Arguments: the port (9101) and the page (/healthz).
"""

from __future__ import annotations

import http.client
import sys

METRICS_PORT = 9101
WITHIN_S = 4.0


def alive(port: int, page: str = "/healthz") -> bool:
    """Whether the process on this port says that it is well. One that stands still says 503."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WITHIN_S)
    try:
        connection.request("GET", page)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(not alive(int(sys.argv[1]) if len(sys.argv) > 1 else METRICS_PORT, *sys.argv[2:3]))
