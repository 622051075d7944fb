"""The queue as an agent works with it, in a browser without scripts."""

from __future__ import annotations

import asyncio
import json
import re

import pytest
from msgspec.structs import replace

from contracts.shown import Shown
from services.cases import queue_states, states
from services.cases.references import case_number
from services.cases.row_facts import About, Facts, HeldNow
from services.desk.frame import words
from services.desk.queue_filters import asked_of
from services.desk.queue_lines import groups, line_of, span
from services.desk.sentences import said
from services.http.streams import MOST_OF_ONE
from tests.services.cases.queued import put, report, risk
from tests.services.desk.browser import DeskClients

EN, ZH = words("en"), words("zh-CN")


def waiting(desk_client: DeskClients, case: states.Case, in_s: float) -> states.Case:
    """The case as one that was opened just now, with so much time left."""
    now = desk_client.desk.clock()
    return replace(case, opened_at=now - 60.0, changed_at=now - 60.0, next_due_at=now + in_s)


async def filled(desk_client: DeskClients) -> None:
    await put(
        desk_client.desk.database,
        waiting(desk_client, risk("c1", "acct-1", "critical"), 300.0),
        waiting(desk_client, report("c2", "acct-2", "dispute"), 1800.0),
        waiting(desk_client, report("c3", "acct-3", "advice"), 90_000.0 * 3),
    )


async def test_the_queue_names_what_each_case_is_by_urgency_and_counts_it(desk_client: DeskClients) -> None:
    await filled(desk_client)
    page = await (await desk_client()).page("/desk")

    for part in (
        "Breaching within 15 minutes · 1",
        "Next hour · 1",
        "Later · 1",
        "Critical",
        "Owner disputes a payment",
    ):
        assert part in page.text
    assert re.search(r"All open\s+3", page.text)


async def test_filters_live_in_the_address_and_can_be_taken_away(desk_client: DeskClients) -> None:
    await filled(desk_client)
    page = await (await desk_client()).page("/desk?kind=dispute&least=medium&due=60&q=acct-2")
    links = [
        given["href"] for tag, given in page.tags if tag == "a" and "filter on" in given.get("class", "")
    ]

    assert "acct-2" in page.text
    assert "acct-1" not in page.text
    assert links == [
        "/desk?least=medium&due=60&q=acct-2",
        "/desk?kind=dispute&due=60&q=acct-2",
        "/desk?kind=dispute&least=medium&q=acct-2",
        "/desk?kind=dispute&least=medium&due=60",
    ]


def test_an_address_that_is_nonsense_shows_all_open_cases() -> None:
    nonsense = {"view": "all", "kind": "x'", "least": "low", "due": "-1", "q": "\x00", "after": ""}

    assert asked_of(nonsense).path == "/desk"


async def test_the_next_case_opens_and_is_mine_until_none_is_left(desk_client: DeskClients) -> None:
    await filled(desk_client)
    agent = await desk_client("agent", "mei")
    led = [(await agent.send(await agent.page("/desk"), "/desk/next")).headers["location"] for _ in range(4)]

    assert led == ["/desk/cases/c1", "/desk/cases/c2", "/desk/cases/c3", "/desk?none="]
    assert "No case waits that you may take" in (await agent.page(led[-1])).text


async def test_picked_cases_are_mine_at_once_and_nobodys_again_after_an_undo(
    desk_client: DeskClients,
) -> None:
    await filled(desk_client)
    agent = await desk_client("agent", "mei")
    done = await agent.post("/desk/bulk", on="/desk", act="take", case=["c1", "c2"], next="/desk?kind=risk")
    page = await agent.page(done.headers["location"])
    mine = await agent.page("/desk?view=mine")
    undone = await agent.post(f"/desk/bulk/{done.headers['location'].rpartition('=')[2]}/undo", on="/desk")

    assert done.headers["location"].startswith("/desk?kind=risk&bulk=")
    assert "2 cases assigned to you." in page.text
    assert "acct-1" in mine.text
    assert "acct-2" in mine.text
    assert "Taken back: 2." in (await agent.page(undone.headers["location"])).text
    assert "You hold nothing" in (await agent.page("/desk?view=mine")).text


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"until": "hour", "why": ""}, "Say why"),
        ({"until": "", "date": "2020-01-01", "why": "later"}, "Choose a time ahead"),
        ({"until": "", "date": "9999-12-31", "why": "later"}, "Choose a time ahead"),
        ({"until": "", "date": "x", "why": "later"}, "Choose a time ahead"),
    ],
)
async def test_a_snooze_without_a_time_ahead_or_a_reason_changes_nothing(
    desk_client: DeskClients, given: dict[str, str], says: str
) -> None:
    await filled(desk_client)
    agent = await desk_client()
    answer = await agent.post("/desk/bulk", on="/desk", act="snooze", case=["c1"], next="/desk", **given)

    assert answer.status_code == 422
    assert says in answer.text
    assert "Nothing is snoozed" in (await agent.page("/desk?view=snoozed")).text


async def test_snoozing_and_giving_say_first_what_will_happen(desk_client: DeskClients) -> None:
    await filled(desk_client)
    agent, _ = await desk_client("agent", "mei"), await desk_client("senior", "ren")
    asks = await agent.post("/desk/bulk", on="/desk", act="snooze", case=["c1"], next="/desk")
    asleep = await agent.post(
        "/desk/bulk", on="/desk", act="snooze", case=["c1"], next="/desk", until="week", why="back on Monday"
    )
    to_whom = await agent.post("/desk/bulk", on="/desk", act="give", case=["c2"], next="/desk")
    given = await agent.post("/desk/bulk", on="/desk", act="give", case=["c2"], next="/desk", to="ren")
    nobody = await agent.post("/desk/bulk", on="/desk", act="give", case=["c3"], next="/desk", to="ghost")

    assert "come back by themselves" in asks.text
    assert "ren" in to_whom.text
    assert "One case snoozed." in (await agent.page(asleep.headers["location"])).text
    assert "One case assigned to ren." in (await agent.page(given.headers["location"])).text
    assert nobody.status_code == 200
    assert "acct-1" in (await agent.page("/desk?view=snoozed")).text


async def test_duplicates_say_where_they_go_on_before_they_are_closed(desk_client: DeskClients) -> None:
    await put(
        desk_client.desk.database,
        waiting(desk_client, report("ab" * 16, "acct-9"), 600.0),
        waiting(desk_client, report("cd" * 16, "acct-9"), 700.0),
        waiting(desk_client, risk("ef" * 16, "acct-8"), 800.0),
    )
    agent = await desk_client()
    picked = ["cd" * 16, "ef" * 16]
    asks = await agent.post("/desk/bulk", on="/desk", act="merge", case=picked, next="/desk")
    done = await agent.post("/desk/bulk", on="/desk", act="merge", case=picked, next="/desk", sure="1")

    assert f"{case_number('cd' * 16)} is closed; it goes on in {case_number('ab' * 16)}" in asks.text
    assert "ends with a verdict" in asks.text
    assert "One case closed as a duplicate." in (await agent.page(done.headers["location"])).text


async def test_an_auditor_reads_the_queue_and_changes_nothing(desk_client: DeskClients) -> None:
    await filled(desk_client)
    auditor = await desk_client("auditor")
    page = await auditor.page("/desk")

    assert "acct-1" in page.text
    assert all(form.action not in ("/desk/next", "/desk/bulk") for form in page.forms)
    for path in ("/desk/next", "/desk/bulk", "/desk/bulk/x/undo"):
        assert (await auditor.post(path, case="c1", act="take")).status_code == 403


async def test_an_empty_view_says_what_waits_elsewhere(desk_client: DeskClients) -> None:
    agent = await desk_client(locale="zh-CN")
    nothing = await agent.page("/desk?view=breaching")
    await put(desk_client.desk.database, waiting(desk_client, report("c2", "acct-2", "dispute"), 1810.0))
    desk_client.desk.cases.queue._changed()
    waits = await agent.page("/desk?view=breaching")

    assert "没有等人领取的工单" in nothing.text
    assert "另有 1 件待领取，在 30 分钟后到期：用户对一笔付款有异议" in waits.text


async def test_a_search_shows_the_exact_hit_and_that_it_is_recorded(desk_client: DeskClients) -> None:
    await filled(desk_client)
    agent = await desk_client()
    found = await agent.page("/desk/search?q=acct-2")
    nothing = await agent.page("/desk/search?q=%3Cscript%3E")

    assert "1 of 1 cases open" in found.text
    assert "Owner disputes a payment" in found.text
    assert "Every search is recorded." in found.text
    assert "nothing found" in nothing.text
    assert "<script>alert" not in nothing.text


async def test_a_person_has_so_many_streams_and_a_stranger_none(desk_client: DeskClients) -> None:
    agent = await desk_client("agent", "mei")
    desk_client.world.app.state.streams.of["mei"] = MOST_OF_ONE
    full, strange = await agent.get("/desk/events"), await desk_client.stranger().get("/desk/events")

    assert (full.status_code, full.content) == (204, b"")
    assert strange.status_code == 303


async def test_counts_are_told_as_they_change_until_the_process_ends(desk_client: DeskClients) -> None:
    await filled(desk_client)
    agent = await desk_client("agent", "mei")
    streams = desk_client.world.app.state.streams
    asked = asyncio.create_task(agent.get("/desk/events?case=c1"))
    while not streams.of["mei"]:  # noqa: ASYNC110 (a stream says nothing of its beginning)
        await asyncio.sleep(0.01)
    streams.ending.set()
    told = await asked
    counts = json.loads(told.text.split("data: ")[1])

    assert told.headers["content-type"].startswith("text/event-stream")
    assert (told.headers["x-accel-buffering"], told.headers["cache-control"]) == ("no", "no-store")
    assert (counts["view.unassigned"], counts["kind.dispute"], counts["looking"]) == ("3", "1", "")
    assert streams.of["mei"] == 0


DENIED = Facts(
    denied=True,
    about=About(type="transaction", shown=Shown(amount="18000.00", currency="CNY", payee_id="chen")),
    held=[HeldNow("18000.00", "CNY", True)],
    frozen=True,
    unconfirmed=["revoke_sessions"],
)


@pytest.mark.parametrize(
    ("case", "facts", "en", "zh"),
    [
        (
            risk("c1"),
            DENIED,
            "Owner says not me to CNY 18,000.00 for chen; a payment of CNY 18,000.00 to a new payee is held; sessions not yet "
            "confirmed ended; the account is frozen",
            "本人否认向 chen 付款 18,000.00 元；向新收款方的一笔 18,000.00 元 付款已暂停；会话结束尚未确认；账户已冻结",
        ),
        (
            report("c2", kind="payment_failed"),
            Facts(
                about=About(type="transaction", shown=Shown(amount="349.00", currency="CNY", failure="61"))
            ),
            "A payment of CNY 349.00 failed; the wallet said 61",
            "一笔 349.00 元 的付款失败；钱包返回 61",
        ),
        (
            queue_states.waiting(report("c3", kind="dispute"), "other_side", 1.0),
            Facts(),
            "Owner disputes a payment; waits for the other side",
            None,
        ),
        (
            report("c4", kind="unauthorised"),
            Facts(about=About(type="login", shown=Shown())),
            "Owner did not sign in",
            None,
        ),
        (risk("c5"), Facts(), "A case without a decision on record", "没有判定记录的工单"),
    ],
)
def test_one_sentence_says_what_happened_in_both_languages(
    case: states.Case, facts: Facts, en: str, zh: str | None
) -> None:
    assert said(case, facts, EN, {}).startswith(en)
    if zh is not None:
        assert said(case, facts, ZH, {}) == zh


def test_time_that_is_left_is_cut_to_what_one_acts_on() -> None:
    assert [span(seconds, EN) for seconds in (59.0, 660.0, 7500.0, 3600.0, 260_000.0)] == [
        "0 min",
        "11 min",
        "2 h 5 min",
        "1 h",
        "3 d",
    ]


def test_the_day_ends_on_the_clock_of_whoever_looks() -> None:
    case = replace(risk("c1"), next_due_at=1_790_000_000.0 + 3 * 3600.0)
    line = line_of(case, Facts(), EN, {}, 1_790_000_000.0)

    # 14:13 in London is 22:13 in Shanghai: three hours on, it is tomorrow there.
    titles = [
        groups([line], EN, 1_790_000_000.0, zone)[0].title for zone in ("Europe/London", "Asia/Shanghai")
    ]
    assert titles == ["Today", "Later"]
