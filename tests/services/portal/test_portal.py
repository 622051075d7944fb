"""Where people reach the pages."""

from __future__ import annotations

import pytest

from services.platform.settings import Settings
from services.portal.portal import public_url


@pytest.mark.parametrize(
    ("setting", "url"),
    [
        ("", "http://127.0.0.1:8080"),
        ("https://pay.example", "https://pay.example"),
        ("https://pay.example/", "https://pay.example"),
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
        ("https://[2001:db8::7]:8443", "https://[2001:db8::7]:8443"),
    ],
)
def test_it_is_the_setting_or_where_the_api_listens(setting: str, url: str) -> None:
    assert public_url(Settings(portal_url=setting)) == url


@pytest.mark.parametrize(
    "setting",
    [
        "pay.example",
        "ftp://pay.example",
        "https://",
        "https://pay.example/pages",
        "https://a@b",
        "https://a b",
    ],
)
def test_anything_but_a_scheme_and_a_host_is_refused_at_start(setting: str) -> None:
    with pytest.raises(ValueError, match="PAYGUARD_PORTAL_URL"):
        public_url(Settings(portal_url=setting))
