"""Pages of attacks: what is shown, to whom, within how many statements, and what two people do from there for all accounts."""

from __future__ import annotations

import csv
import io
import json
import time
from typing import Any

import pytest
from sqlalchemy import event, select

from services.attacks.act_tables import attack_acts
from services.attacks.carrying import AttackActs
from services.audit.tables import audit
from services.cases import holds
from services.desk.attack_pages import read
from services.platform.database import Database
from tests.services.attacks.attacked import account, attacked, joined
from tests.services.desk.browser import Browser, DeskClients
from tests.services.desk.reported import happened, money

PATH = "/desk/attacks/W-118"
#: However many accounts an attack has.
MOST_STATEMENTS = 30


async def an_attack(clients: DeskClients, **more: Any) -> float:
    """Keep an attack; what time it is."""
    now = clients.desk.clock()
    await attacked(clients.desk.database, now=now, **more)
    return now


async def carry_out(clients: DeskClients) -> None:
    """Half a minute later."""
    desk = clients.desk
    desk.clock.at += 31.0  # type: ignore[attr-defined]
    acts = AttackActs(desk.database, desk.clock, desk.acts.ground)
    while await acts.carry_out():
        pass


async def asked(browser: Browser, act: str = "hold_money", **typed: Any) -> Any:
    """Ask for an act as its page offers it."""
    path = f"{PATH}/acts/{act}"
    said = {"why": "they can pay", "hours": "6", **typed}
    return await browser.send(await browser.page(path), path, **said)


async def test_the_list_says_why_it_is_empty(desk_client: DeskClients) -> None:
    page = await (await desk_client("auditor")).page("/desk/attacks")

    assert "No attack is under way. One is recognised when" in page.text
    assert "None was recognised in the last 400 days." in page.text


@pytest.mark.parametrize(
    ("locale", "said"), [("en", "Credential stuffing W-118, since"), ("zh-CN", "撞库攻击 W-118，始于")]
)
async def test_an_attack_is_told_in_the_members_language(
    desk_client: DeskClients, locale: str, said: str
) -> None:
    await an_attack(desk_client)
    browser = await desk_client("agent", locale=locale)

    assert "W-118" in (await browser.page("/desk/attacks")).text
    page = await browser.page(PATH)
    for each in (said, account(0), "Attempts by country" if locale == "en" else "尝试按国家"):
        assert each in page.text, each
    assert (await browser.get("/desk/attacks/W-9")).status_code == 404


async def test_an_account_that_gave_way_is_told_with_what_followed_and_how_it_stands(
    desk_client: DeskClients,
) -> None:
    now = await an_attack(desk_client)
    database = desk_client.desk.database
    await happened(database, money("p", account(0), amount="18000.00", at=now - 60.0))
    async with database.begin() as connection:
        await holds.freeze(connection, account(0), "e", holds.OWNER, now, now)

    page = await (await desk_client("agent")).page(PATH)

    assert "frozen" in page.text
    assert "2 of 3 can still pay" in page.text


async def test_it_is_read_in_few_statements_and_fast_however_many_accounts_it_has(database: Database) -> None:
    now = 1_800_000_000.0
    await attacked(database, accounts=2000, fallen=600, sources=300, now=now)
    statements: list[str] = []
    engine = database.engine.sync_engine

    def keep(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        statements.append(statement)

    took: list[float] = []
    async with database.read() as connection:
        await read(connection, "W-118", now)
        for _ in range(5):
            began = time.perf_counter()
            event.listen(engine, "before_cursor_execute", keep)
            file = await read(connection, "W-118", now)
            event.remove(engine, "before_cursor_execute", keep)
            took.append(time.perf_counter() - began)

    print(
        f"read in {1000 * min(took):.0f} ms, {len(statements) // 5} statements, SQLite {database.is_sqlite}"
    )
    assert len(statements) // 5 <= MOST_STATEMENTS
    assert (600, 200, 2000) == (file.can_pay, len(file.fallen), file.new_for["require_factor"])


async def test_one_asks_another_allows_and_half_a_minute_later_it_is_done(desk_client: DeskClients) -> None:
    await an_attack(desk_client)
    zhou = await desk_client("security", "zhou.lei")
    before = (await zhou.page(f"{PATH}/acts/hold_money")).text
    answer = await asked(zhou)
    own = (await zhou.page(PATH)).text
    li = await desk_client("senior", "li.na")
    waits = (await li.page("/desk/approvals")).text
    page = await li.page(PATH)
    action = next(form.action for form in page.forms if form.action.endswith("/approve"))
    allowed = await li.send(page, action)
    leaving = (await li.page(PATH)).text
    await carry_out(desk_client)
    done = (await li.page(PATH)).text

    assert "No money goes out of 3 accounts for 6 h" in before
    assert (303, PATH) == (answer.status_code, answer.headers["location"])
    assert "You asked for it" in own
    assert "zhou.lei asks: hold outgoing money of 3 accounts for 6 h · W-118" in waits
    assert (303, PATH) == (allowed.status_code, allowed.headers["location"])
    assert "Begins in 30 s" in leaving
    assert "none of them can pay" in done
    assert "Let go early" in done


async def test_the_second_who_asks_for_the_same_sees_it_asked(desk_client: DeskClients) -> None:
    await an_attack(desk_client)
    zhou, li = await desk_client("security", "zhou.lei"), await desk_client("senior", "li.na")
    shown = await li.page(f"{PATH}/acts/hold_money")
    await asked(zhou)

    answer = await li.send(shown, f"{PATH}/acts/hold_money", why="me too", hours="6")

    assert answer.status_code == 409
    assert "zhou.lei asked for it at" in answer.text


async def test_an_agent_reads_and_neither_asks_nor_allows(desk_client: DeskClients) -> None:
    await an_attack(desk_client)
    zhou, wang = await desk_client("security", "zhou.lei"), await desk_client("agent", "wang.min")
    await asked(zhou)
    async with desk_client.desk.database.read() as connection:
        act_id = await connection.scalar(select(attack_acts.c.act_id))
    [approval] = await desk_client.desk.holds.approvals()

    assert "A senior agent, security or an administrator asks and allows." in (await wang.page(PATH)).text
    assert (await wang.post(f"{PATH}/acts/end_sessions", why="x")).status_code == 403
    assert (await wang.post(f"/desk/attack-acts/{act_id}/undo")).status_code == 403
    assert (await wang.post(f"/desk/approvals/{approval.approval_id}/approve")).status_code == 409


async def test_accounts_that_joined_since_are_counted_and_offered(desk_client: DeskClients) -> None:
    await an_attack(desk_client)
    zhou, li = await desk_client("security", "zhou.lei"), await desk_client("senior", "li.na")
    await asked(zhou, "end_sessions")
    [approval] = await desk_client.desk.holds.approvals()
    await li.post(f"/desk/approvals/{approval.approval_id}/approve")
    await carry_out(desk_client)
    await joined(desk_client.desk.database, [f"late-{each}" for each in range(12)], desk_client.desk.clock())

    page = await zhou.page(PATH)

    assert "12 accounts since." in page.text
    assert "Ask for these" in page.text


@pytest.mark.parametrize("wrong", [{"why": " "}, {"accounts": "2"}, {"act_id": "x"}, {"hours": "7"}])
async def test_a_form_that_says_something_else_than_its_page_does_nothing(
    desk_client: DeskClients, wrong: dict[str, str]
) -> None:
    await an_attack(desk_client)
    zhou = await desk_client("security", "zhou.lei")

    answer = await asked(zhou, **wrong)

    assert answer.status_code in (409, 422)
    assert await desk_client.desk.holds.approvals() == []


async def test_somebody_leads_and_notes_stand_in_the_log(desk_client: DeskClients) -> None:
    await an_attack(desk_client)
    zhou = await desk_client("security", "zhou.lei")
    await zhou.send(await zhou.page(PATH), f"{PATH}/lead")
    await zhou.send(await zhou.page(f"{PATH}/note"), f"{PATH}/note", text="the list is from a leak")

    page = await (await desk_client("agent", "wang.min")).page(PATH)

    assert "zhou.lei leads" in page.text
    assert "the list is from a leak" in page.text


async def test_the_report_is_masked_and_the_audit_says_who_took_it(desk_client: DeskClients) -> None:
    await an_attack(desk_client)
    auditor = await desk_client("auditor", "audit.2027")
    table = await auditor.get(f"{PATH}/report.csv")
    told = json.loads((await auditor.get(f"{PATH}/report.json")).text)

    rows = list(csv.reader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert ["attack", "gave_way", "", "3"] in rows
    assert (12, account(0)) == (len(told["accounts_touched"]), account(0))
    assert account(0) not in table.text + json.dumps(told)
    async with desk_client.desk.database.read() as connection:
        taken = list(
            (
                await connection.execute(select(audit.c.actor).where(audit.c.action == "attack_report"))
            ).scalars()
        )
    assert taken == ["staff:audit.2027"] * 2


async def test_the_top_bar_counts_attacks_under_way(desk_client: DeskClients) -> None:
    now = await an_attack(desk_client)
    await attacked(
        desk_client.desk.database,
        now=now - 86_400.0,
        attack_id="W-117",
        state="over",
        ended_at=now - 80_000.0,
    )
    browser = await desk_client("agent")

    answer = await browser.get("/desk")

    assert 'data-live="attacks">1</span>' in answer.text


async def test_what_an_attack_is_about_is_text_on_the_page(desk_client: DeskClients) -> None:
    now = await an_attack(desk_client)
    await joined(desk_client.desk.database, ["<b>mallory</b>"], now - 60.0)
    answer = await (await desk_client("agent")).get(PATH)

    assert "<b>mallory</b>" not in answer.text
    assert "&lt;b&gt;mallory" in answer.text
