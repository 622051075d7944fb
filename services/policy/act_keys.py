"""The keys of a policy file about acts of people: second persons, freezes, held payments and owners' words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from msgspec import Meta, Struct, defstruct

from contracts.report_kinds import REPORTS, Clock
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
    lock_steps: Annotated[
        values.UnfreezeSteps,
        about(
            "What an owner shows to unlock a wallet that they locked themselves, without support. factor: a code of the "
            "second factor. password: the wallet's word (`proved_at`) that they gave the password within five minutes."
        ),
    ]


class IncidentKeys(Struct, frozen=True, kw_only=True):
    """`incidents`."""

    window_s: Annotated[
        values.Window,
        about(
            "How long after a finding others of its account are told with it, unless they are graver. 0: each by itself. Read "
            "when the processes of cases and activity start."
        ),
    ] = 1800


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


def _by_kind(name: str, seconds: Callable[[Clock], int]) -> Any:
    """A section with a time for each kind of report."""
    fields = [
        (rule.name, Annotated[values.Deadline, about(rule.about)], seconds(rule.clock)) for rule in REPORTS
    ]
    return defstruct(name, fields, frozen=True, kw_only=True)


FirstAnswerKeys: Any = _by_kind("FirstAnswerKeys", lambda clock: clock.first_answer_s)
ClosedKeys: Any = _by_kind("ClosedKeys", lambda clock: clock.closed_s)


class ReportsKeys(Struct, frozen=True, kw_only=True):
    """`reports`: what owners report in their security centre, which says these times before they send it."""

    first_answer_s: Annotated[
        FirstAnswerKeys, about("Within how long support first answers an owner who reports {}.")
    ] = FirstAnswerKeys()
    closed_s: Annotated[
        ClosedKeys, about("Within how long support decides on, and ends, what an owner reports: {}.")
    ] = ClosedKeys()
