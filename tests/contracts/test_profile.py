"""Reading a profile: its views count the visit, and nobody who looks changes what is stored."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from contracts.profile import Profile
from services.memory.codec import pack
from services.memory.learning import learn
from tests.detectors.build import copied, key, login
from tests.detectors.stream import life

VIEWS: dict[str, Callable[[Profile], bytes]] = {
    "devices": lambda profile: bytes(profile.devices.rows),
    "networks": lambda profile: bytes(profile.networks.rows),
    "countries": lambda profile: bytes(profile.countries.rows),
    "fixes": lambda profile: bytes(profile.fixes.rows),
    "traits": lambda profile: bytes(profile.traits.rows),
}


@pytest.mark.parametrize("view", VIEWS)
def test_reading_leaves_every_byte_as_it_was(view: str) -> None:
    profile, visits = Profile(), 0
    for event, event_key, held in life(200):
        learn(profile, event, event_key, held)
        visits += bool(profile.visit_count)
        stored = pack(profile)
        VIEWS[view](profile)

        assert stored == pack(profile)
    assert visits > 20


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_counts_what_the_visit_has_not_written_yet(view: str) -> None:
    profile = Profile()
    for event, event_key, held in life(200):
        learn(profile, event, event_key, held)
        written = copied(profile)
        written.settle()

        assert VIEWS[view](written) == VIEWS[view](profile)


def test_a_third_login_of_a_visit_is_seen_before_it_is_written() -> None:
    profile = Profile()
    for number in range(3):
        learn(profile, login(1_760_000_000.0 + number), key(f"e{number}"))

    seen = profile.devices.get(key("phone"))

    assert seen is not None
    assert (3, 1_760_000_002) == (seen.count, seen.last_at)
    assert 2 == profile.visit_count
