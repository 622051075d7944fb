"""Links stand in letters only under an address that is safe to open from anywhere, or that never leaves this machine."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from services.cases.link_texts import read
from services.platform.settings import Settings
from services.portal.letter_links import letter_links, letters_url

KEY = base64.b64encode(b"e" * 32).decode()
FOLDER = {"outbox_dir": Path("letters"), "http_port": 8080}


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({"portal_url": "https://security.upay.example/"}, "https://security.upay.example"),
        ({"portal_url": "http://127.0.0.1:8080", "smtp": "smtp://mail"}, "http://127.0.0.1:8080"),
        ({"portal_url": "http://[::1]:8080"}, "http://[::1]:8080"),
        ({"portal_url": "http://localhost"}, "http://localhost"),
        ({"portal_url": "http://security.upay.example"}, None),
        ({"portal_url": "http://127.0.0.1.evil.example"}, None),
        ({"portal_url": "http://192.0.2.1"}, None),
        (FOLDER, "http://127.0.0.1:8080"),
        (FOLDER | {"smtp": "smtp://mail"}, None),
        (FOLDER | {"http_host": "192.0.2.1"}, None),
        (FOLDER | {"http_port": 0}, None),
        ({"smtp": "smtp://mail"}, None),
        ({}, None),
    ],
)
def test_links_lead_over_https_or_stay_on_this_machine(given: dict[str, Any], url: str | None) -> None:
    assert letters_url(Settings(**given)) == url


def test_a_link_is_of_its_notice_under_the_address(caplog: pytest.LogCaptureFixture) -> None:
    link_of = letter_links(Settings(portal_url="https://upay.example", event_key=f"1:{KEY}"))
    link = link_of("a" * 32, "li")

    assert link is not None
    before, text = link.rsplit("/", 1)
    assert before == "https://upay.example/my/answer"
    assert read(text).names("a" * 32)
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"portal_url": "https://upay.example"}, "PAYGUARD_EVENT_KEY"),
        ({"event_key": f"1:{KEY}"}, "PAYGUARD_PORTAL_URL"),
    ],
)
def test_letters_without_links_say_once_what_is_missing(
    given: dict[str, Any], why: str, caplog: pytest.LogCaptureFixture
) -> None:
    link_of = letter_links(Settings(**given))

    assert [link_of("a" * 32, account) for account in ("li", "wang")] == [None, None]
    (message,) = caplog.messages
    assert why in message
