"""How fast this machine is now: what a limit of time is a multiple of."""

from __future__ import annotations

from time import process_time

_ROUNDS = 5_000


def a_round() -> float:
    """Seconds of processor time that one round takes of a plain loop which reads and writes a dictionary."""
    kept: dict[int, int] = {}
    started = process_time()
    for number in range(_ROUNDS):
        kept[number & 255] = kept.get(number & 255, 0) + number
    return (process_time() - started) / _ROUNDS
