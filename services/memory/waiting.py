"""Payments that were stopped and have not ended: which event is the same payment again, and what ends one. Pure.

Who sees a payment stopped presses the button again. The same payment tried again says nothing new of the account: it is judged as
its first try was, teaches nothing, and of all tries at most one is paid.
"""

from __future__ import annotations

from msgspec.structs import replace

from contracts.events import AccountChange, AnyEvent, Event, Label, Settlement, Transaction, UserReport
from contracts.profile import DAY_S, MAX_CHALLENGES, Key, Profile, Quarantined
from contracts.waiting import MAX_TRIES, MAX_WAITING, Waiting
from detectors.measures.steps import INCOMING

#: A repeat's amount is within this share of the first one's.
SIMILAR_SHARE = 0.2
#: For how long the same payment counts as a repeat of one that was only challenged.
CHALLENGED_S = DAY_S
#: An authenticator that is enrolled within this time after a challenge or a hold is the one that was asked for, if it is enrolled
#: from a device that was the account's for so long before.
ASKED_WITHIN_S = 3 * DAY_S
KNOWN_FOR_S = 7 * DAY_S


def repeated(event: AnyEvent, profile: Profile, held_s: float) -> Waiting | None:
    """The payment that waits and that the event tries again; `held_s` is for how long a held one does.

    To the same payee (or, where none is named, of the same kind), in the same currency, from the same device.
    """
    if not isinstance(event, Transaction) or event.status != "requested" or event.device_key is None:
        return None
    for each in reversed(profile.waiting):
        if (
            each.payee == event.payee_key
            and each.device == event.device_key
            and each.currency == event.currency
            and _is_as_kind(each, event.kind)
            and abs(event.value - each.value) <= SIMILAR_SHARE * each.value
            and abs(event.at - each.at) < (held_s if each.held else CHALLENGED_S)
        ):
            return each
    return None


def set_aside(profile: Profile, waiting: Waiting) -> list[Quarantined]:
    """Take the payment's own facts out of what is held back, for as long as its repeat is judged; what was held back before."""
    before, own = profile.quarantined, (waiting.event_key, *waiting.tries)
    profile.quarantined = [each for each in before if each.event_key not in own]
    return before


def note_stopped(
    profile: Profile,
    event: Transaction,
    event_key: Key,
    held: bool,
    coded: bool,
    asks_owner: bool,
    first: Waiting | None,
) -> None:
    """Remember a payment that is stopped; `first` is what it repeats and takes the place of, if anything."""
    if event.device_key is None:
        return
    waiting = Waiting(
        event_key, event.event_id, event.at, event.kind, event.currency, event.value, event.payee_key,
        event.device_key, held, coded, asks_owner=asks_owner,
    )  # fmt: skip
    kept = profile.waiting
    if first is not None:
        kept = [each for each in kept if each is not first]
        tries = (*first.tries, event_key)[-MAX_TRIES:]
        waiting = replace(waiting, event_key=first.event_key, tries=tries)
    profile.waiting = [*kept, waiting][-MAX_WAITING:]


def note_try(profile: Profile, first: Waiting, event_key: Key, asks_owner: bool) -> None:
    """Remember that the payment was tried again, and whether it still is for its owner alone."""
    tried = replace(first, tries=(*first.tries, event_key)[-MAX_TRIES:], asks_owner=asks_owner)
    profile.waiting = [tried if each is first else each for each in profile.waiting]


def first_try(profile: Profile, event: Event, about_key: Key, good: bool) -> Key:
    """The key under which the facts of a payment wait that `about_key` is a try of: its first one's; of any other event its own.

    A settlement, a passed code (`good`), and whoever calls it fraud end the payment; an owner who knows it has not paid it yet.
    """
    for each in profile.waiting:
        if about_key == each.event_key or about_key in each.tries:
            calls = isinstance(event, UserReport | Label)
            if isinstance(event, Settlement) or good != calls:
                profile.waiting = [other for other in profile.waiting if other is not each]
            return each.event_key
    return about_key


def note_challenge(profile: Profile, at: float) -> None:
    """Remember that a challenge was asked for at `at`."""
    times = profile.challenge_times
    times.append(at)
    if len(times) > 1 and at < times[-2]:
        times.sort()
    del times[:-MAX_CHALLENGES]


def note_asks_owner(profile: Profile, event_key: Key) -> None:
    """Remember of what is held back that it waits for its owner's word."""
    profile.quarantined = [
        replace(each, asks_owner=True) if each.event_key == event_key else each
        for each in profile.quarantined
    ]


def is_as_asked(profile: Profile, event: AccountChange) -> bool:
    """Whether an authenticator was enrolled because of a challenge or a hold of ours, from a device that is the owner's."""
    if event.change != "totp_enrolled" or event.device_key is None:
        return False
    if not 0.0 <= event.at - profile.asked_at <= ASKED_WITHIN_S:
        return False
    seen = profile.devices.get(event.device_key)
    return seen is not None and seen.first_at <= profile.asked_at - KNOWN_FOR_S


def _is_as_kind(waiting: Waiting, kind: str) -> bool:
    """Whether both are money that leaves, to a payee that is named, or of one kind."""
    if waiting.kind == kind:
        return True
    return waiting.payee is not None and kind not in INCOMING and waiting.kind not in INCOMING
