"""The steps of a takeover as an account's memory shows them: changes made, a device that came, a payee that came."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from contracts.events import AccountChange, Transaction
from contracts.profile import Profile, Quarantined

#: A change as (event time in epoch seconds, what changed).
Step = tuple[float, str]
#: Recovery codes that are made so soon after an enrolment came with it.
CODES_WITHIN_S = 600.0
#: Kinds of money that come in.
INCOMING = frozenset({"refund", "top_up"})


def money_leaves(event: Transaction) -> bool:
    """Whether the transaction takes money out of the account, or asks to."""
    return event.kind not in INCOMING and event.status != "failed"


def money_may_leave(event: Transaction, profile: Profile) -> bool:
    """Whether the transaction takes money out, or is said to bring some in from a device that the account does not know.

    Who calls a transfer a refund on a stranger's phone must not be believed for that.
    """
    if event.status == "failed":
        return False
    return event.kind not in INCOMING or device_unknown(event, profile)


def remembered(
    changes: list[Step],
    event: AccountChange | Transaction,
    kinds: Collection[str],
    window_s: float,
    most: int,
) -> list[Step]:
    """The changes with this event learned: a change of one of the kinds is added, money forgets those before the window.

    Ascending, the last `most`; the very list that was given when nothing is learned.
    """
    if isinstance(event, AccountChange):
        step = (event.at, str(event.change))
        if event.change not in kinds or step in changes:
            return changes
        return sorted([*changes, step])[-most:]
    since = event.at - window_s
    if changes and changes[0][0] <= since:
        return [step for step in changes if step[0] > since]
    return changes


def changes_between(
    changes: Iterable[Step],
    quarantined: Iterable[Quarantined],
    kinds: Collection[str],
    since: float,
    until: float,
) -> list[Step]:
    """Changes of these kinds after `since` and not after `until`, learned or held back, ascending."""
    steps = [step for step in changes if since < step[0] <= until]
    for held in quarantined:
        facts = held.facts
        what = facts.kind
        if (
            facts.type == "account_change"
            and what is not None
            and what in kinds
            and since < facts.at <= until
        ):
            steps.append((facts.at, what))
    steps.sort()
    return steps


def without_asked(steps: list[Step], profile: Profile) -> list[Step]:
    """The steps without an authenticator that was enrolled because we asked for one, and the codes that came with it."""
    asked_at = profile.enrolled_as_asked_at
    return [
        (at, what)
        for at, what in steps
        if not (what == "totp_enrolled" and at == asked_at)
        and not (what == "recovery_codes_made" and 0.0 <= at - asked_at <= CODES_WITHIN_S)
    ]


def device_came_at(event: Transaction, profile: Profile, since: float) -> float | None:
    """When a new device came, from `since` on: this one or another, learned or held back; None when none did.

    On an account without an older device none is new.
    """
    devices = profile.devices
    if not any(seen.first_at < since for seen in devices.values()):
        return None
    came = [float(seen.first_at) for seen in devices.values() if since <= seen.first_at <= event.at]
    for held in profile.quarantined:
        facts = held.facts
        if facts.device is not None and facts.device not in devices and since <= facts.at <= event.at:
            came.append(facts.at)
    if came:
        return min(came)
    key = event.device_key
    return event.at if key is not None and key not in devices else None


def payee_is_new(event: Transaction, profile: Profile, since: float) -> bool:
    """Whether the money goes to a payee that is not known, or only since then."""
    key = event.payee_key
    payees = profile.payees
    if key is None or not any(seen.first_at < since for seen in payees.values()):
        return False
    seen = payees.get(key)
    return seen is None or seen.first_at >= since


def payee_unknown(event: Transaction, profile: Profile) -> bool:
    """Whether the money goes to a named payee that the account has not paid before."""
    return event.payee_key is not None and event.payee_key not in profile.payees


def way_out(device: bool, payee: bool) -> str | None:
    """What is new about the way money leaves, as a word of the explanations; None when neither device nor payee is."""
    if device and payee:
        return "from_new_device_to_new_payee"
    if device:
        return "from_new_device"
    return "to_new_payee" if payee else None


def device_unknown(event: Transaction, profile: Profile) -> bool:
    """Whether the event comes from a device that the account, which knows some, does not know."""
    devices = profile.devices
    return event.device_key is not None and len(devices) > 0 and event.device_key not in devices
