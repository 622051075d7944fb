"""What an answer about an earlier event says of it, and what the account remembers of the answer itself. Pure."""

from __future__ import annotations

from contracts.events import LONGEST_UNDO_S, ChallengeOutcome, Event, Label, Settlement, UserReport
from contracts.profile import MAX_FAILURES, Profile


def was_the_owners(profile: Profile, event: Event) -> bool | None:
    """Whether the event that is spoken of was its owner's doing; None when nothing follows for what waits to be learned.

    An owner's "was me" that only a link bears out says nothing: whoever reads the mail may have pressed it. One that takes a
    "not me" back clears what the account remembers of that.
    """
    if isinstance(event, ChallengeOutcome):
        good = event.outcome == "passed"
        if good:
            profile.passed_challenge_at = max(profile.passed_challenge_at, int(event.at))
            profile.failed_challenges = []
        elif event.outcome == "failed":
            profile.failed_challenges = [*profile.failed_challenges, event.at][-MAX_FAILURES:]
        return good
    if isinstance(event, Settlement):
        return event.outcome == "released" if event.settles == "payment" else None
    if not isinstance(event, UserReport | Label):
        return None
    if event.verdict in ("fraud", "not_me"):
        profile.reported_at = max(profile.reported_at, int(event.at))
        return False
    if isinstance(event, UserReport):
        if event.proof == "link":
            return None
        if event.undoes is not None and profile.reported_at >= int(event.at) - LONGEST_UNDO_S:
            profile.reported_at = 0
    return True
