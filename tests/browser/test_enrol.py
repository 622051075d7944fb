"""Setting up an authenticator in the browser, with an independent reader of the QR code and an independent client."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from pathlib import Path

import pyotp
import pytest

from tests.browser.chromium import Browser, not_there
from tests.browser.page_rules import faults, focus_order, tab_to
from tests.browser.served import Served
from tests.browser.steps import keep_codes, secret_on_page, type_code

pytestmark = pytest.mark.browser

TAB, ENTER, SPACE = "\ue004", "\ue007", " "


def scanned(browser: Browser, folder: Path) -> str:
    """What a QR reader sees on the screen."""
    reader = shutil.which("zbarimg")
    if reader is None:
        not_there("zbarimg is not installed (Debian: zbar-tools)")
    picture = folder / "screen.png"
    picture.write_bytes(browser.picture())
    found = subprocess.run([reader, "--raw", "-q", str(picture)], capture_output=True, text=True, check=True)
    return found.stdout.strip()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_phone_scans_the_code_and_the_authenticator_passes(
    browser: Browser, served: Served, tmp_path: Path, dark: bool
) -> None:
    browser.look(dark=dark)
    browser.go(served.enrol_link())
    browser.follow("button.main")
    browser.until_heading("Add UPay to your authenticator")
    authenticator = pyotp.parse_uri(scanned(browser, tmp_path))
    type_code(browser, pyotp.TOTP(authenticator.secret).at(int(time.time())))
    browser.until_heading("Keep your recovery codes")
    keep_codes(browser)
    browser.until_heading("You are protected")

    assert authenticator.issuer == "UPay"
    assert served.run(served.world.lifecycle.status("li")).state == "active"


def test_the_typed_key_is_the_scanned_one(browser: Browser, served: Served, tmp_path: Path) -> None:
    browser.go(served.enrol_link())
    browser.follow("button.main")
    browser.until_heading("Add UPay to your authenticator")
    scanned_key = pyotp.parse_uri(scanned(browser, tmp_path)).secret
    browser.find("summary").click()
    typed = "".join(str(browser.find(".key").text).split())

    assert typed == scanned_key
    assert faults(browser) == []


def test_the_keyboard_alone_sets_it_up(browser: Browser, served: Served) -> None:
    browser.go(served.enrol_link())
    assert focus_order(browser) == ["Skip to the content", "简体中文", "Show my QR code"]
    tab_to(browser, "Show my QR code")
    browser.press(ENTER)
    browser.until_heading("Add UPay to your authenticator")
    secret = secret_on_page(browser)
    assert focus_order(browser) == [
        "Skip to the content",
        "Open the app on this phone",
        "Type the key instead",
        "code",
        "Confirm",
    ]
    tab_to(browser, "code")
    browser.press(pyotp.TOTP(secret).at(int(time.time())), ENTER)
    browser.until_heading("Keep your recovery codes")
    assert focus_order(browser) == ["Skip to the content", "Copy", "Print", "kept", "Finish"]
    tab_to(browser, "kept")
    browser.press(SPACE, TAB, ENTER)
    browser.until_heading("You are protected")


def test_recovery_codes_are_copied_and_heard_of(browser: Browser, served: Served) -> None:
    browser.command("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
    browser.go(served.enrol_link())
    browser.follow("button.main")
    browser.until_heading("Add UPay to your authenticator")
    secret = secret_on_page(browser)
    type_code(browser, pyotp.TOTP(secret).at(int(time.time())))
    browser.until_heading("Keep your recovery codes")
    browser.find("[data-copy]").click()
    browser.until_text("Copied")
    copied = browser.driver.execute_async_script("navigator.clipboard.readText().then(arguments[0])")

    assert len(re.findall(r"(?m)^[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}$", copied)) == 10
    assert browser.find("[data-heard]").get_attribute("aria-live") == "polite"


def test_going_back_after_the_codes_shows_no_secret(browser: Browser, served: Served) -> None:
    browser.go(served.enrol_link())
    browser.follow("button.main")
    browser.until_heading("Add UPay to your authenticator")
    secret = secret_on_page(browser)
    type_code(browser, pyotp.TOTP(secret).at(int(time.time())))
    browser.until_heading("Keep your recovery codes")
    codes = browser.find("[data-codes]").text.split()
    keep_codes(browser)
    browser.until_heading("You are protected")
    browser.open(f"{served.url}/my/factor")
    source = browser.driver.page_source

    assert not any(hidden in source for hidden in (secret, *codes))
