"""`payguard` on a host whose wall clock is wrong: `python -m tests.e2e.shifted SECONDS COMMAND`. The monotonic clock is right."""

from __future__ import annotations

import sys
import time


def shift(by_s: float) -> None:
    """From here on this process's wall clock is `by_s` ahead; before the product is imported, which may keep the functions."""
    true_s, true_ns = time.time, time.time_ns
    time.time = lambda: true_s() + by_s
    time.time_ns = lambda: true_ns() + int(by_s * 1e9)


if __name__ == "__main__":
    shift(float(sys.argv.pop(1)))
    from services.cli.main import main

    main()
