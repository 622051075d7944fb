"""What a policy says of the acts of people: what an owner's word does at once, and what needs a second person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from contracts.report_kinds import REPORTS, Clock, ReportKind
from services.policy.keys import PolicyFile


class Acts(Struct, frozen=True):
    """`not_me` names what follows from an owner's "not me", `was_me` what a "was me" with a proof lets go.

    `second_person` names the acts that two must agree on, `unfreeze_steps` what must be done before a freeze ends, `lock_steps`
    what an owner shows to end a lock of their own. A held payment is given up after `hold_due_s` seconds; a "not me" can be
    taken back for `undo_s`. `clocks` are those of owners' reports. Findings of an account within `incident_s` seconds are told
    together.
    """

    not_me: frozenset[str]
    was_me: frozenset[str]
    second_person: frozenset[str]
    unfreeze_steps: tuple[Literal["factor", "password"], ...]
    lock_steps: tuple[Literal["factor", "password"], ...]
    hold_due_s: int
    undo_s: int
    clocks: Mapping[ReportKind, Clock]
    incident_s: float


def acts_of(file: PolicyFile) -> Acts:
    """The acts of checked values."""
    return Acts(
        not_me=frozenset(file.report.not_me),
        was_me=frozenset(file.report.was_me),
        second_person=frozenset(file.second_person.acts),
        unfreeze_steps=tuple(file.unfreeze.steps),
        lock_steps=tuple(file.unfreeze.lock_steps),
        hold_due_s=file.hold.due_s,
        undo_s=file.report.undo_s,
        clocks={
            rule.name: Clock(
                getattr(file.reports.first_answer_s, rule.name), getattr(file.reports.closed_s, rule.name)
            )
            for rule in REPORTS
        },
        incident_s=float(file.incidents.window_s),
    )
