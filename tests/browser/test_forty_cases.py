"""Forty mixed cases from the queue to their end by keyboard, with every press counted: at most eight a case at the median."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from services.cases.repository import keep
from services.lab.demo.casebook import fill_queue, owners_of
from services.lab.people.personas import Person, person
from services.platform.keyring import new_key
from services.platform.settings import Settings
from tests.browser.chromium import Browser
from tests.browser.desk_hands import ENDINGS, close
from tests.browser.desk_served import DeskServed
from tests.browser.keyboard import Keyboard
from tests.services.cases.decided import alert, hold, no_challenges, open_case, recorded
from tests.services.desk.worked import paid, row

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
_CASES, _OF_RISK, _MOST_PRESSES = 40, 8, 8


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[DeskServed]:
    """A desk whose queue holds what owners of the demonstration report, and cases of risk; its help has its answers."""
    with DeskServed(tmp_path_factory.mktemp("forty"), migrated_file) as served:
        served.run(served.world.app.state.library.bring())
        people = [person(7, number) for number in range(200)]
        served.run(_reports(served, people))
        served.run(_risk(served))
        yield served


async def _reports(desk: DeskServed, people: list[Person]) -> None:
    """Reports of every kind in both languages, of people with a payment, a failed one and a sign-in in their past."""
    now = desk.desk.clock()
    for _, _, who in owners_of(people):
        of = {"account": who.account_id}
        name = who.account_id
        await desk.desk.activity.write(
            [
                paid(f"{name}-paid", now - 90_000, "86.00", "hema-fresh", **of),
                paid(
                    f"{name}-failed", now - 80_000, "349.00", "decathlon", outcome="failed", reason="61", **of
                ),
                row(f"{name}-login", now - 70_000, "login", kind="password", outcome="success", **of),
            ]
        )
    settings = Settings(factor_key=new_key(), portal_url="https://pay.example")
    await fill_queue(settings, desk.desk.database, people, now)


async def _risk(desk: DeskServed) -> None:
    """Cases of risk, every second one with a payment that is held."""
    now = desk.desk.clock()
    for number in range(_OF_RISK):
        event, account = f"risk-{number}", f"acct-risk-{number:04d}"
        effects = (alert(event, account_id=account), open_case(event, account_id=account))
        held = (hold(event, account_id=account),) if number % 2 else ()
        record = recorded(event, account, effects=(*effects, *held), at=now - 60.0 * number)
        async with desk.desk.database.begin() as connection:
            await keep(connection, [record], no_challenges)


def test_forty_mixed_cases_are_closed_by_few_keys(
    browser: Browser, desk: DeskServed, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.sign_in(browser, "senior", "mei")
    browser.screen((1440, 900))
    browser.open(f"{desk.url}/desk")
    presses: defaultdict[str, list[int]] = defaultdict(list)
    worked = []
    for _ in range(_CASES):
        keyboard = Keyboard(browser)
        keyboard.and_go("n")
        case_id = browser.path.rpartition("/")[2]
        found = desk.run(desk.desk.cases.case(case_id))
        assert found is not None, browser.path
        kind: str = found[0].kind
        endings = ENDINGS[kind]
        close(keyboard, browser, *endings[len(presses[kind]) % len(endings)])
        presses[kind].append(keyboard.presses)
        worked.append(case_id)
    desk.later()

    counts = [each for of_kind in presses.values() for each in of_kind]
    with capsys.disabled():
        for name, of_kind in presses.items():
            print(f"\n{name}: {of_kind}", end="")
        print(f"\nkey presses a case: median {median(counts):g}, mean {sum(counts) / len(counts):.1f}")
    ended = [desk.run(desk.desk.cases.case(case_id)) for case_id in worked]
    assert len({*worked}) == _CASES
    assert {found[0].state for found in ended if found is not None} == {"resolved"}
    assert {*presses} == {*ENDINGS}
    assert median(counts) <= _MOST_PRESSES
