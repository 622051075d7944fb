"""What a user does on one page after another, as several stories need it."""

from __future__ import annotations

import pyotp

from tests.browser.chromium import Browser


def type_code(browser: Browser, code: str) -> None:
    """Type the code, send it, and wait for the answer."""
    browser.find("#code").send_keys(code)
    browser.follow("button.main")


def keep_codes(browser: Browser) -> None:
    """Say that the recovery codes are kept, and go on."""
    browser.find("#kept").click()
    browser.follow("button.main")


def secret_on_page(browser: Browser) -> str:
    """The secret in the page's link to an authenticator on the same phone."""
    return pyotp.parse_uri(str(browser.find("a[href^=otpauth]").get_attribute("href"))).secret
