"""What a policy says of the acts of people: what an owner's word does at once, and what needs a second person."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from services.policy.keys import PolicyFile


class Acts(Struct, frozen=True):
    """`not_me` names what follows from an owner's "not me", `was_me` what a "was me" with a proof lets go.

    `second_person` names the acts that two must agree on, `unfreeze_steps` what must be done before a freeze ends. A held payment
    is given up after `hold_due_s` seconds; a "not me" can be taken back for `undo_s`.
    """

    not_me: frozenset[str]
    was_me: frozenset[str]
    second_person: frozenset[str]
    unfreeze_steps: tuple[Literal["factor", "password"], ...]
    hold_due_s: int
    undo_s: int


def acts_of(file: PolicyFile) -> Acts:
    """The acts of checked values."""
    return Acts(
        not_me=frozenset(file.report.not_me),
        was_me=frozenset(file.report.was_me),
        second_person=frozenset(file.second_person.acts),
        unfreeze_steps=tuple(file.unfreeze.steps),
        hold_due_s=file.hold.due_s,
        undo_s=file.report.undo_s,
    )
