"""What an owner's word teaches, by its proof; and what taking a report back leaves."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.events import LONGEST_UNDO_S, UserReport
from contracts.profile import Profile
from services.memory.codec import pack
from services.memory.learning import learn, resolve
from tests.services.memory.test_learning import STRANGE, login, report, when
from tests.services.scoring import events

ABOUT = b"k1......"


def word(at_s: float, verdict: str = "was_me", **more: Any) -> UserReport:
    return events.report(verdict=verdict, **when(at_s), **more)


def doubted() -> Profile:
    """An account with one event that waits for a word."""
    profile = Profile()
    learn(profile, login(0, STRANGE), ABOUT, held=True)
    return profile


@given(
    at_s=st.floats(0, 10**6),
    about=st.sampled_from([ABOUT, b"k2......"]),
    reported=st.booleans(),
)
def test_a_yes_by_a_link_leaves_the_profile_byte_for_byte_as_it_was(
    at_s: float, about: bytes, reported: bool
) -> None:
    profile = doubted()
    if reported:
        resolve(profile, report(0, "not_me"), b"other...")
    before = pack(profile)
    resolve(profile, word(at_s, proof="link"), about)

    assert pack(profile) == before


@pytest.mark.parametrize("proof", ["session", "code", None])
def test_a_yes_with_more_than_a_link_releases_what_waited(proof: Any) -> None:
    profile = doubted()
    resolve(profile, word(60, proof=proof), ABOUT)

    assert (profile.quarantined, profile.logins) == ([], 1)


@pytest.mark.parametrize("proof", ["link", "session", "code", None])
def test_a_no_is_believed_by_any_proof(proof: Any) -> None:
    profile = doubted()
    resolve(profile, word(60, "not_me", proof=proof), ABOUT)

    assert (profile.quarantined, profile.logins) == ([], 0)
    assert profile.reported_at > 0


def test_a_report_that_is_taken_back_is_forgotten() -> None:
    profile = doubted()
    resolve(profile, word(60, "not_me"), ABOUT)
    resolve(profile, word(120, proof="code", undoes="r1"), ABOUT)

    assert profile.reported_at == 0


def test_taking_a_report_back_forgets_no_older_one() -> None:
    profile = doubted()
    resolve(profile, word(60, "not_me"), ABOUT)
    reported_at = profile.reported_at
    resolve(profile, word(61 + LONGEST_UNDO_S, proof="code", undoes="r2"), ABOUT)

    assert profile.reported_at == reported_at
