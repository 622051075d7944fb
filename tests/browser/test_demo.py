"""The demonstration's page in a browser, and the walk it is made for: from a letter to money that is stopped, confirmed."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.browser.chromium import Browser
from tests.browser.demonstration import Demonstration, be, worried_owner
from tests.browser.every_look import faults_in_every_look
from tests.browser.page_rules import focus_order
from tests.browser.ways import Language

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

#: "Within three minutes of starting".
THREE_MINUTES_S = 180.0


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    with Demonstration(tmp_path_factory.mktemp("demo")) as running:
        yield running


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_page_breaks_no_rule_in_any_look(
    browser: Browser, demonstration: Demonstration, language: Language
) -> None:
    browser.look(language=language)
    browser.open(demonstration.address)

    assert faults_in_every_look(browser, language) == []


def test_without_scripts_the_page_shows_people_codes_and_letters(
    browser: Browser, demonstration: Demonstration
) -> None:
    browser.command("Emulation.setScriptExecutionDisabled", value=True)
    browser.driver.get(demonstration.address)
    browser.command("Emulation.setScriptExecutionDisabled", value=False)
    browser.until(lambda: len(browser.driver.find_elements("css selector", ".code")) == 4)

    assert "chen-wei-4471" in browser.text


def test_the_figures_move_by_themselves(browser: Browser, demonstration: Demonstration) -> None:
    browser.open(demonstration.address)
    before = browser.find("[data-now=since]").text

    browser.until(lambda: browser.find("[data-now=since]").text != before)


def test_the_keyboard_reaches_every_person(browser: Browser, demonstration: Demonstration) -> None:
    browser.open(demonstration.address)
    order = focus_order(browser)

    assert [name for name in order if name.startswith("Be ")] == [
        "Be Lin Xiaoyu",
        "Be Zhao Min",
        "Be Olivia Brandt",
        "Be Samuel Reyes",
    ]


def test_who_takes_somebody_s_place_is_in_their_security_centre(
    browser: Browser, demonstration: Demonstration
) -> None:
    be(browser, demonstration.address, "olivia-brandt")
    browser.until_at("/my/centre")

    assert browser.heading


def test_a_stranger_gets_from_the_letter_to_stopped_money_within_three_minutes(
    browser: Browser, demonstration: Demonstration
) -> None:
    begun_s = time.monotonic()
    sights: dict[str, str] = {}
    for sight in worried_owner(browser, demonstration.address, browser.look):
        sights[sight] = browser.text

    assert list(sights) == ["page", "letter", "question", "no", "stopped", "after", "centre"]
    assert "Outgoing money is stopped" in sights["stopped"]
    assert "Your wallet is locked" in sights["centre"]
    assert time.monotonic() - begun_s + demonstration.ready_after_s < THREE_MINUTES_S
