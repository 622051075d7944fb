"""How fast this machine is now: what a limit of time is a multiple of."""

from __future__ import annotations

from timeit import default_timer

_ROUNDS = 20_000


def a_round() -> float:
    """Seconds that one round takes of a plain loop which reads and writes a dictionary."""
    kept: dict[int, int] = {}
    started = default_timer()
    for number in range(_ROUNDS):
        kept[number & 255] = kept.get(number & 255, 0) + number
    return (default_timer() - started) / _ROUNDS
