"""A freeze in the account's memory: placed by a decision, ended by a `settlement`. Pure: times are those of events."""

from __future__ import annotations

from enum import Enum

from contracts.events import Settlement
from contracts.profile import Frozen, Key, Profile

#: Clocks of wallets may be ahead of ours by so much and are believed (`Settings.future_skew_s`).
_SKEW_S = 300.0


class End(Enum):
    """What a settlement did to a freeze: ended it, found nothing to end, or came after a newer reason to freeze."""

    ENDED = "ended"
    NOTHING = "nothing"
    OVERTAKEN = "overtaken"


def is_frozen(profile: Profile) -> bool:
    """Whether a freeze stands."""
    return profile.frozen is not None and profile.frozen.since > 0.0


def note_freeze(profile: Profile, event_key: Key, at: float) -> bool:
    """Remember that the event freezes the account; False when a freeze stands, or the end of this one is known already."""
    frozen = profile.frozen
    if frozen is None:
        profile.frozen = Frozen(at, event_key)
        return True
    if not frozen.since:
        profile.frozen = None if frozen.by == event_key else Frozen(at, event_key)
        return profile.frozen is not None
    if at >= frozen.again_at:
        profile.frozen = Frozen(frozen.since, frozen.by, at, event_key)
    return False


def note_end(profile: Profile, event: Settlement, event_key: Key, about_key: Key) -> End:
    """Let money out again, as the settlement of an account says.

    Whoever released the freeze did not know of what happened later: a newer reason to freeze keeps it, as of `event_key`. The
    end of another freeze, before this one began, ends nothing. One that comes before its freeze is kept until that comes.
    """
    frozen = profile.frozen
    if frozen is None or not frozen.since:
        profile.frozen = Frozen(0.0, about_key)
        return End.NOTHING
    if frozen.again_by and about_key != frozen.again_by and event.at < frozen.again_at:
        if about_key != frozen.by and event.at < frozen.since - _SKEW_S:
            return End.NOTHING
        profile.frozen = Frozen(frozen.again_at, event_key, frozen.again_at, frozen.again_by)
        return End.OVERTAKEN
    if about_key not in (frozen.by, frozen.again_by) and event.at < frozen.since - _SKEW_S:
        return End.NOTHING
    profile.frozen = None
    _let_in(profile)
    return End.ENDED


def _let_in(profile: Profile) -> None:
    """What a thief did must not speak against the owner, whom support has looked at: his guesses, and what waits of his doing.

    Payments from the account's own devices still wait.
    """
    profile.failures_in_row = 0
    profile.failures, profile.failed_challenges, profile.challenge_times = [], [], []
    profile.quarantined = [
        each
        for each in profile.quarantined
        if each.facts.type == "transaction"
        and (each.facts.device is None or profile.knows_device(each.facts.device))
    ]
    profile.waiting = [each for each in profile.waiting if profile.knows_device(each.device)]
