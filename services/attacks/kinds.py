"""What kinds of attack there are, by what is tried."""

from __future__ import annotations

from typing import Literal, get_args

AttackKind = Literal["credential_stuffing", "password_spraying", "code_guessing", "card_testing"]
ATTACK_KINDS: tuple[AttackKind, ...] = get_args(AttackKind)
AttackState = Literal["open", "over"]
#: What is tried: a password, a code of the second factor, a payment card.
Tried = Literal["password", "code", "card"]
#: Of these an attack may be told to be another one once more of it is known: they differ in pace alone.
OF_PASSWORDS: frozenset[AttackKind] = frozenset({"credential_stuffing", "password_spraying"})


def tried_in(kind: AttackKind) -> Tried:
    """What an attack of this kind tries."""
    if kind in OF_PASSWORDS:
        return "password"
    return "code" if kind == "code_guessing" else "card"
