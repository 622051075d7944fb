"""What the security team hears of an attack: one thing that grows, not one for each account. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

from msgspec import Struct, json

from services.attacks.kinds import AttackKind, AttackState

Why = Literal["recognised", "grown", "gave_way", "over"]
Way = Literal["mail", "webhook"]
WAYS: tuple[Way, ...] = get_args(Way)
#: It is told again when it has touched so many times the accounts that were told of.
_GROWN = 2


class AttackAlert(Struct, frozen=True, kw_only=True):
    """One alert of an attack, `number` counted from 1; times in epoch seconds, `networks` addresses by kind of network.

    `at_stake`: state of the money, then currency, then decimal text. Nothing of it names an account or an address.
    """

    attack_id: str
    number: int
    why: tuple[Why, ...]
    kind: AttackKind
    state: AttackState
    at: float
    begun_at: float
    last_at: float
    attempts: int
    accounts: int
    sources: int
    networks: dict[str, int]
    gave_way: int
    at_stake: dict[str, dict[str, str]]


def reasons(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Why]:
    """Why the security team is to hear of the change of an attack's row; nothing for what is not worth it."""
    found: list[Why] = []
    if before["version"] == 0:
        found.append("recognised")
    elif after["accounts"] >= _GROWN * before["told_size"]:
        found.append("grown")
    if after["gave_way"] and not before["gave_way"]:
        found.append("gave_way")
    if after["state"] == "over" and before["state"] == "open":
        found.append("over")
    return found


def written(
    row: Mapping[str, Any], number: int, why: list[Why], networks: Mapping[str, int], at: float
) -> AttackAlert:
    """The alert on an attack's row."""
    return AttackAlert(
        attack_id=row["attack_id"],
        number=number,
        why=tuple(why),
        kind=row["kind"],
        state=row["state"],
        at=at,
        begun_at=row["begun_at"],
        last_at=row["last_at"],
        attempts=row["attempts"],
        accounts=row["accounts"],
        sources=row["sources"],
        networks=dict(sorted(networks.items())),
        gave_way=row["gave_way"],
        at_stake={} if row["at_stake"] is None else json.decode(row["at_stake"]),
    )


def alert_of(body: str) -> AttackAlert:
    """The alert that a row of `attack_alerts` holds."""
    return json.decode(body, type=AttackAlert)
