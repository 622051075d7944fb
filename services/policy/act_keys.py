"""The keys of a policy file about acts of people: second persons, freezes, held payments and owners' words."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from services.policy import values


def about(description: str) -> Meta:
    """What a key means."""
    return Meta(description=description)


class SecondPersonKeys(Struct, frozen=True, kw_only=True):
    """`second_person`."""

    acts: Annotated[
        values.SecondPersonActs,
        about("What one person asks for and another allows; a small team may leave it empty."),
    ]


class UnfreezeKeys(Struct, frozen=True, kw_only=True):
    """`unfreeze`."""

    steps: Annotated[
        values.UnfreezeSteps,
        about(
            "What must have happened since the freeze before anybody may end it, whatever the verdict of the case. "
            "factor: a code of the second factor was accepted, or a factor enrolled. password: the wallet told of "
            "a changed password. A small team may leave it empty."
        ),
    ]


class HoldKeys(Struct, frozen=True, kw_only=True):
    """`hold`."""

    due_s: Annotated[
        values.Deadline,
        about("How long a held payment waits to be let go or given up; then it is given up."),
    ]


class ReportKeys(Struct, frozen=True, kw_only=True):
    """`report`."""

    not_me: Annotated[
        values.ReportActs,
        about("What follows at once when the owner says that an event was not theirs; an alert always does."),
    ]
    was_me: Annotated[
        values.ConfirmActs,
        about(
            "What an owner's word that an event was theirs lets go: release_payment, the payment that was held, "
            "on a code, or on a session where it waits for the owner's word alone. Never on a link."
        ),
    ]
    undo_s: Annotated[
        values.UndoTime,
        about(
            "How long a report that an event was not the owner's can be taken back with a code; afterwards "
            "support unfreezes."
        ),
    ]
