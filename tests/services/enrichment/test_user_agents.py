"""User agents tell phones from tablets from computers from programs."""

from __future__ import annotations

import pytest

from contracts.events import Device
from services.enrichment.user_agents import UserAgents

AGENTS = UserAgents()
_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("text", "kind", "os"),
    [
        (
            f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT} Chrome/130.0.0.0 Safari/537.36",
            "computer",
            "Windows",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1 Version/17.0 Safari/605.1",
            "computer",
            "Mac OS X",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0", "computer", "Linux"),
        (
            f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {_WEBKIT} Chrome/130.0 Mobile Safari/537.36",
            "phone",
            "Android",
        ),
        (
            f"Mozilla/5.0 (Linux; Android 13; SM-X700) {_WEBKIT} Chrome/130.0 Safari/537.36",
            "tablet",
            "Android",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) Version/17.1 Mobile Safari/604.1",
            "phone",
            "iOS",
        ),
        ("Mozilla/5.0 (iPad; CPU OS 16_1 like Mac OS X) Version/16.1 Mobile Safari/604.1", "tablet", "iOS"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "bot", None),
        ("curl/8.5.0", "bot", None),
        ("python-requests/2.32", "bot", None),
        ("", "unknown", None),
        ("\x00\ud7ff nothing to be read here", "unknown", None),
    ],
)
def test_a_user_agent_names_its_kind_of_device(text: str, kind: str, os: str | None) -> None:
    device = AGENTS.device(text)
    assert (device.kind, device.os) == (kind, os)


def test_the_browser_is_named() -> None:
    text = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
    assert AGENTS.device(text) == Device("computer", "Linux", "Firefox")


def test_the_status_says_which_resolver_answers() -> None:
    assert AGENTS.status().startswith(("native", "pure Python"))
