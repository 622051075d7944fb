"""Cases besides risk as an agent works them: a dispute, a top-up's trace and a payment failure, in both languages, no mouse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.cases.kind_files import kinds
from tests.browser.chromium import Browser
from tests.browser.desk_rules import keeps_the_rules
from tests.browser.desk_served import DeskServed
from tests.services.desk.reported import disputed, failing, reported, stuck

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[DeskServed]:
    """A desk."""
    with DeskServed(tmp_path_factory.mktemp("kinds"), migrated_file) as desk:
        yield desk


@pytest.fixture(scope="module")
def cases(served: DeskServed) -> dict[str, str]:
    """A case of each kind that has a page of its own, and of one that has not."""
    database = served.desk.database
    return {
        "dispute": served.run(disputed(database)),
        "top_up_missing": served.run(stuck(database)),
        "payment_failed": served.run(failing(database)),
        "lost_device": served.run(reported(database, "lost_device", text="Left in a taxi.")),
    }


def write(browser: Browser, selector: str, text: str) -> None:
    """Write in a field."""
    browser.find(selector).clear()
    browser.find(selector).send_keys(text)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_pages_of_kinds_keep_the_rules_in_every_look(
    browser: Browser, served: DeskServed, cases: dict[str, str], language: str
) -> None:
    served.sign_in(browser, "agent", f"min.{language[:2]}", language)
    for kind, case_id in cases.items():
        case = f"{served.url}/desk/cases/{case_id}"
        for path in (f"{case}/acts/close?choice={kinds()[kind].closings[0].outcome}", case):
            browser.open(path)
            keeps_the_rules(browser, path)
        assert kinds()[kind].name.in_(language) in browser.text


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_a_dispute_is_worked_step_by_step_without_scripts(
    browser: Browser, served: DeskServed, language: str
) -> None:
    kind = kinds()["dispute"]
    case_id = served.run(disputed(served.desk.database))
    browser.screen((1440, 900))
    served.sign_in(browser, "agent", f"wang.{language[:2]}", language)
    browser.command("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(f"{served.url}/desk/cases/{case_id}")

    browser.follow("form[action$='/steps/evidence'] button")
    write(browser, "#f-counterparty_asked", "by mail")
    write(browser, "#f-offer", "half back")
    write(browser, "#f-offer_amount", "1000.00")
    browser.follow("form[action$='/fields'] button")
    browser.until_text("by mail")

    work = served.run(served.desk.cases.work.of(case_id))
    assert {*work.steps} == {"evidence", "contacted", "offer"}
    step = kind.step("decide")
    assert step is not None
    current = "return document.querySelector('.steps [aria-current]').innerText"
    browser.command("Emulation.setScriptExecutionDisabled", value=False)
    assert step.said.in_(language) in browser.script(current)


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "the channel has not confirmed for 2 h"), ("zh-CN", "银行已扣款，通道 2 小时")],
)
def test_a_top_up_is_traced_and_what_the_channel_says_is_written_down(
    browser: Browser, served: DeskServed, cases: dict[str, str], language: str, said: str
) -> None:
    browser.screen((1440, 900))
    served.sign_in(browser, "agent", f"li.{language[:2]}", language)
    browser.open(f"{served.url}/desk/cases/{cases['top_up_missing']}")
    browser.until_text(said)

    write(browser, "#f-channel_ticket", f"UQ-{language[:2]}")
    browser.follow("form[action$='/fields'] button")
    browser.until_text(f"UQ-{language[:2]}")


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_a_payment_failure_says_its_cause_and_has_the_answer_ready_in_the_owners_language(
    browser: Browser, served: DeskServed, cases: dict[str, str], language: str
) -> None:
    cause = next(each for each in kinds()["payment_failed"].causes if each.name == "limit")
    browser.screen((1440, 900))
    served.sign_in(browser, "agent", f"zhou.{language[:2]}", language)
    browser.open(f"{served.url}/desk/cases/{cases['payment_failed']}")

    browser.until_text(cause.said.in_(language))
    assert cause.said.in_("zh-CN") in browser.script("return document.querySelector('.tmpl').innerText")
    assert (
        len(
            browser.script(
                "return [...document.querySelectorAll('main .btn.main')].map(each => each.innerText)"
            )
        )
        == 1
    )
