"""How metrics of attacks move: by what is more than it was, once that is committed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.attacks.kinds import ATTACK_KINDS
from services.attacks.tables import attacks
from services.platform.metrics import (
    ATTACK_ACCOUNTS,
    ATTACK_ATTEMPTS,
    ATTACK_SOURCES,
    ATTACKS_NOW,
    ATTACKS_RECOGNISED,
)


class Moves:
    """By how much counters move; `count` moves them."""

    def __init__(self, by: Counter[tuple[str, ...]] | None = None) -> None:
        """`by` is named by what is counted, and the counter's labels."""
        self.by = Counter[tuple[str, ...]]() if by is None else by

    def __add__(self, other: Moves) -> Moves:
        return Moves(self.by + other.by)

    def count(self) -> None:
        """Move them."""
        counters = {
            "recognised": ATTACKS_RECOGNISED,
            "attempts": ATTACK_ATTEMPTS,
            "accounts": ATTACK_ACCOUNTS,
            "sources": ATTACK_SOURCES,
        }
        for (what, *labels), more in self.by.items():
            counters[what].labels(*labels).inc(more)


def moved(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    networks_before: Counter[str],
    networks_after: Counter[str],
) -> Moves:
    """From one row of an attack to the next; what became less, or is told to be of another kind, moves nothing back."""
    kind = after["kind"]
    by = Counter(
        {
            ("recognised", kind): int(before["version"] == 0),
            ("attempts", kind): after["attempts"] - before["attempts"],
            ("accounts", kind, "touched"): after["accounts"] - before["accounts"],
            ("accounts", kind, "gave_way"): after["gave_way"] - before["gave_way"],
        }
    )
    for network, count in networks_after.items():
        by["sources", kind, network] = count - networks_before[network]
    return Moves(+by)


async def show_under_way(connection: AsyncConnection) -> None:
    """Set how many attacks are under way."""
    query = select(attacks.c.kind, func.count()).where(attacks.c.state == "open").group_by(attacks.c.kind)
    found = {row[0]: row[1] for row in await connection.execute(query)}
    for kind in ATTACK_KINDS:
        ATTACKS_NOW.labels(kind).set(found.get(kind, 0))
