"""What scans mail looks at links before their readers do: with and without scripts, and it may press what it finds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from services.platform.database import metadata
from tests.browser.chromium import Browser
from tests.browser.served import Served
from tests.services.answers.asking import asks, held

pytestmark = pytest.mark.browser

#: Every address in a letter.
WAYS = ("", "/no", "/yes")


def tables(served: Served) -> dict[str, list[dict[str, Any]]]:
    """What every table holds."""
    return {name: served.run(served.world.rows(table)) for name, table in metadata.tables.items()}


def letter(served: Served) -> list[str]:
    """The addresses of a letter about a held payment."""
    path = served.run(asks(served.site, effects=(held("e1"),)))
    return [f"{served.url}{path}{way}" for way in WAYS]


def settled(browser: Browser) -> None:
    """Wait until the page's scripts have run, and whatever they put off for the next turns has, too."""
    browser.until(lambda: True)
    browser.driver.execute_async_script(
        "const done = arguments[0]; setTimeout(() => requestAnimationFrame(() => setTimeout(done, 200)), 0)"
    )


@pytest.mark.parametrize("of", [letter, lambda served: [served.link("centre"), served.challenge_link("c1")]])
def test_whoever_only_looks_changes_nothing_scripts_or_not(
    browser: Browser, served: Served, of: Callable[[Served], list[str]]
) -> None:
    addresses = of(served)
    before = tables(served)
    for address in addresses:
        for method in ("HEAD", "GET", "HEAD", "GET"):
            assert httpx.request(method, address).status_code == 200
        browser.open(address)
        settled(browser)
        assert browser.script("return location.href") == address

    assert tables(served) == before


def test_whoever_presses_the_first_button_is_shown_a_page_at_most(browser: Browser, served: Served) -> None:
    addresses = letter(served)
    before = tables(served)
    for address in addresses:
        browser.open(address)
        button = browser.find("main button, main a.button")
        button.click()
        settled(browser)

    assert tables(served) == before


def test_whoever_presses_a_wallet_link_open_reads_a_page_and_does_nothing(
    browser: Browser, served: Served
) -> None:
    """The link itself is used up: it is handed to who is signed in, never sent by mail."""
    link = served.challenge_link("c1")
    before = tables(served)
    browser.go(link)
    after = tables(served)

    assert browser.path == "/my/approve"
    assert {name for name in before if before[name] != after[name]} == {"portal_visits"}
    assert served.state("c1") == "open"
