"""Which wave is which attack that is known already: by addresses and time. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from services.attacks.kinds import OF_PASSWORDS, AttackKind, AttackState
from services.attacks.recognise import QUIET_S
from services.attacks.waves import Source, Wave

#: They share so much of the addresses of the one with fewer.
_SHARED = 0.25


class KnownAttack(Struct, frozen=True):
    """An attack that has its number; times in epoch seconds."""

    attack_id: str
    kind: AttackKind
    state: AttackState
    begun_at: float
    last_at: float
    sources: frozenset[Source]


def match(waves: Sequence[Wave], attacks: Sequence[KnownAttack]) -> list[KnownAttack | None]:
    """The attack that each wave is, None for a new one; those that share most addresses come first, and no attack is two."""
    found: list[KnownAttack | None] = [None] * len(waves)
    pairs = sorted(
        (-shared, attack.attack_id, index, attack)
        for index, wave in enumerate(waves)
        for attack in attacks
        if (shared := _shared(wave, attack))
    )
    taken: set[str] = set()
    for _, attack_id, index, attack in pairs:
        if found[index] is None and attack_id not in taken:
            found[index] = attack
            taken.add(attack_id)
    return found


def _shared(wave: Wave, attack: KnownAttack) -> int:
    """How many addresses they share, 0 when they are not one."""
    if wave.kind != attack.kind and not ({wave.kind, attack.kind} <= OF_PASSWORDS and attack.state == "open"):
        return 0
    if wave.begun_at > attack.last_at + QUIET_S or attack.begun_at > wave.last_at + QUIET_S:
        return 0
    shared = len(attack.sources & {each.source for each in wave.sources})
    return shared if shared >= _SHARED * min(len(attack.sources), len(wave.sources)) else 0
