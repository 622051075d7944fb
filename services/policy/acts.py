"""What a policy says of the acts of people: what an owner's word does at once, and what needs a second person."""

from __future__ import annotations

from msgspec import Struct

from services.policy.keys import PolicyFile


class Acts(Struct, frozen=True):
    """`not_me` names what follows from an owner's "not me", `second_person` the acts that two must agree on.

    A held payment is given up after `hold_due_s` seconds.
    """

    not_me: frozenset[str]
    second_person: frozenset[str]
    hold_due_s: int


def acts_of(file: PolicyFile) -> Acts:
    """The acts of checked values."""
    return Acts(frozenset(file.report.not_me), frozenset(file.second_person.acts), file.hold.due_s)
