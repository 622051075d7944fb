"""What comes from a help desk is taken when it is signed, once, and never closes a case."""

from __future__ import annotations

import hmac
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import update
from standardwebhooks import Webhook as Signer

from contracts.errors import Malformed
from services.cases.ticket_tables import tickets
from services.connect.arriving import Arrivals, Unsigned
from services.connect.registry import KINDS
from services.connect.texts import is_mark, mark_of
from services.connect.zammad import plain_text
from services.platform.database import Database
from tests.services.connect.stand_ins import ChatwootStandIn, ZammadStandIn, serving
from tests.services.connect.told import SIGNING, VAULT, World

WALL = 1_790_000_000.0


@pytest.fixture
async def zammad(database: Database) -> AsyncIterator[World]:
    async with serving(desk := ZammadStandIn()):
        yield World(database, desk)


@pytest.fixture
async def chatwoot(database: Database) -> AsyncIterator[World]:
    async with serving(desk := ChatwootStandIn()):
        yield World(database, desk)


def arrivals(world: World) -> Arrivals:
    return Arrivals(world.database, VAULT, world.clock, lambda: WALL)


def of_zammad(state: str = "open", **article: Any) -> bytes:
    """The default payload of a Zammad webhook, as its documentation shows it, shortened."""
    told = {"id": 1, "number": "22000", "state": state, "created_by": {"login": "chris@example.com"}}
    written = {
        "id": 104,
        "content_type": "text/html",
        "created_by": {"firstname": "Emma", "lastname": "Taylor"},
    }
    return json.dumps({"ticket": told, "article": written | article if article else None}).encode()


def signed_by_zammad(body: bytes) -> dict[str, str]:
    return {
        "x-hub-signature": f"sha1={hmac.new(b'5ecret', body, 'sha1').hexdigest()}",
        "x-zammad-delivery": "1",
    }


def signed_by_chatwoot(body: bytes, at: float = WALL) -> dict[str, str]:
    stamp = str(int(at))
    digest = hmac.new(b"5ecret", f"{stamp}.".encode() + body, "sha256").hexdigest()
    return {"x-chatwoot-signature": f"sha256={digest}", "x-chatwoot-timestamp": stamp}


async def test_a_note_there_becomes_a_note_here_once_in_plain_text(zammad: World) -> None:
    await zammad.connect("zammad")
    case_id = await zammad.case()
    await zammad.carry()
    body = of_zammad(subject="Re", body="<p>She <b>called</b>:<br>it was her</p><script>x</script>")
    results = [await arrivals(zammad).take("desk", signed_by_zammad(body), body) for _ in range(2)]

    assert results == ["noted", "repeated"]
    assert await zammad.entries(case_id) == ["Emma Taylor: She called:\nit was her"]


async def test_what_we_wrote_ourselves_comes_back_and_is_let_be_and_a_note_from_there_is_not_sent_back(
    zammad: World,
) -> None:
    await zammad.connect("zammad")
    case_id = await zammad.case()
    await zammad.carry()
    ours = of_zammad(subject=mark_of(case_id, 0), body="…")
    theirs = of_zammad(id=105, subject="", body="thanks")
    results = [await arrivals(zammad).take("desk", signed_by_zammad(each), each) for each in (ours, theirs)]
    await zammad.carry(2)

    assert results == ["ours", "noted"]
    assert isinstance(zammad.desk, ZammadStandIn)
    assert len(zammad.desk.articles) == 1


@pytest.mark.parametrize(("on_close", "notes"), [("ask", 1), ("ignore", 0)])
async def test_a_ticket_closed_there_is_put_before_the_agent_once_and_closes_nothing(
    zammad: World, on_close: str, notes: int
) -> None:
    await zammad.connect("zammad", on_close=on_close)
    case_id = await zammad.case()
    await zammad.carry()
    for _ in range(2):
        body = of_zammad("closed")
        await arrivals(zammad).take("desk", signed_by_zammad(body), body)

    assert len(await zammad.entries(case_id)) == notes
    assert len(await zammad.entries(case_id, "resolved")) == 0


async def test_a_ticket_that_we_closed_says_nothing_when_it_comes_back(zammad: World) -> None:
    await zammad.connect("zammad")
    case_id = await zammad.case()
    await zammad.carry()
    await zammad.note(case_id, "resolved")
    await zammad.carry()
    body = of_zammad("closed", subject="", body="well done")

    assert await arrivals(zammad).take("desk", signed_by_zammad(body), body) == "noted"
    assert len(await zammad.entries(case_id)) == 1


async def test_a_message_of_chatwoot_is_noted_and_its_lines_and_ours_are_not(chatwoot: World) -> None:
    await chatwoot.connect("chatwoot")
    case_id = await chatwoot.case()
    await chatwoot.carry()
    results = []
    for number, (kind, content) in enumerate(
        [
            ("outgoing", "spoke to him"),
            ("activity", "Mei was assigned"),
            ("outgoing", f"x\n\n{mark_of(case_id, 0)}"),
        ]
    ):
        told = {
            "event": "message_created", "id": number, "content": content, "message_type": kind, "private": True,
            "sender": {"name": "Mei Lin", "email": "mei@example.com"}, "conversation": {"id": 1, "status": "open"},
        }  # fmt: skip
        body = json.dumps(told).encode()
        results.append(await arrivals(chatwoot).take("desk", signed_by_chatwoot(body), body))

    assert results == ["noted", "nothing", "ours"]
    assert await chatwoot.entries(case_id) == ["Mei Lin: spoke to him"]


async def test_a_note_of_a_webhook_of_ones_own_is_taken(database: Database) -> None:
    world = World(database, ZammadStandIn())
    world.desk.url = "https://tickets.example"
    await world.connect("webhook")
    body = json.dumps({"type": "note", "ticket_id": "T-9", "id": "n1", "text": "hello"}).encode()
    now = datetime.now(UTC)
    headers = {
        "webhook-id": "n1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Signer(SIGNING["webhook"]).sign("n1", now, body.decode()),
    }

    assert await arrivals(world).take("desk", headers, body) == "unknown"


async def test_what_is_signed_otherwise_or_long_ago_or_for_nobody_is_refused_alike(chatwoot: World) -> None:
    await chatwoot.connect("chatwoot")
    body = b'{"event": "message_created"}'
    good = signed_by_chatwoot(body)
    wrong: list[tuple[str, Mapping[str, str], bytes]] = [
        ("nobody", good, body),
        ("desk", {}, body),
        ("desk", good | {"x-chatwoot-signature": "sha256=é"}, body),
        ("desk", good, body + b" "),
        ("desk", good | {"x-chatwoot-timestamp": str(int(WALL) + 1)}, body),
        ("desk", signed_by_chatwoot(body, WALL - 301.0), body),
        ("desk", signed_by_zammad(body), body),
    ]
    for name, headers, sent in wrong:
        with pytest.raises(Unsigned):
            await arrivals(chatwoot).take(name, headers, sent)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["event", "id", "ticket", "article", "type", "text", "conversation"]), inner
        )
    ),
    max_leaves=8,
)


@given(told=_JSON)
@settings(max_examples=30)
def test_whatever_a_help_desk_sends_is_understood_or_refused_with_the_rule(told: Any) -> None:
    for kind in KINDS.values():
        for body in (json.dumps(told).encode(), b"\xff{"):
            with suppress(Malformed):
                kind.read(body)


@given(text=st.text(max_size=40), number=st.integers(0, 99))
def test_only_a_mark_of_the_same_case_is_one(text: str, number: int) -> None:
    assert is_mark(f" {mark_of('a', number)}\n", "a")
    assert not is_mark(mark_of("a", number), "b")
    assert not is_mark(text, "a")


def test_an_article_s_html_is_read_as_its_words() -> None:
    assert plain_text("<div>a &amp; b</div><div><br></div><ul><li>1</li><li>2</li></ul>") == "a & b\n1\n2"


async def opening(world: World, case_id: str) -> None:
    """The ticket was made there, and whoever made it was killed before its id was written down."""
    unknown = {"external_id": None, "number": None, "trying": 1, "state": "waiting"}
    async with world.database.begin() as connection:
        await connection.execute(update(tickets).where(tickets.c.case_id == case_id).values(unknown))


async def test_a_note_in_a_ticket_that_may_be_of_either_of_two_cases_reaches_none(zammad: World) -> None:
    await zammad.connect("zammad")
    twins = [await zammad.case(), await zammad.case()]
    await zammad.carry()
    for each in twins:
        await opening(zammad, each)
    body = json.dumps({"ticket": {"id": 5, "title": "[C-2222-22] Risk", "state": "closed"}}).encode()

    assert await arrivals(zammad).take("desk", signed_by_zammad(body), body) == "unknown"


@pytest.mark.parametrize("kind", ["zammad", "chatwoot"])
async def test_a_note_in_a_ticket_whose_id_is_not_written_down_yet_finds_its_case(
    zammad: World, chatwoot: World, kind: str
) -> None:
    world = {"zammad": zammad, "chatwoot": chatwoot}[kind]
    await world.connect(kind)  # type: ignore[arg-type]
    case_id, other = await world.case(), await world.case(case_id="f" * 32)
    await world.carry()
    await opening(world, case_id)
    if isinstance(world.desk, ZammadStandIn):
        title = world.desk.tickets[1]["title"]
        ticket = {"id": 1, "title": title, "state": "new"}
        article = {
            "id": 104,
            "content_type": "text/plain",
            "subject": "",
            "body": "thanks",
            "created_by": "x",
        }
        body = json.dumps({"ticket": ticket, "article": article}).encode()
        headers = signed_by_zammad(body)
    else:
        contact = {"identifier": mark_of(case_id, 0)}
        conversation = {"id": 1, "meta": {"sender": contact}}
        message = {"event": "message_created", "id": 9, "content": "thanks", "message_type": "outgoing"}
        body = json.dumps({**message, "conversation": conversation}).encode()
        headers = signed_by_chatwoot(body)
    results = [await arrivals(world).take("desk", headers, body) for _ in range(2)]

    assert results == ["noted", "repeated"]
    assert len(await world.entries(case_id)) == 1
    assert await world.entries(other) == []


async def test_a_note_in_a_ticket_that_bears_the_number_of_no_case_of_ours_is_nothing(zammad: World) -> None:
    await zammad.connect("zammad")
    case_id = await zammad.case()
    await zammad.carry()
    await opening(zammad, case_id)
    body = json.dumps({"ticket": {"id": 5, "title": "[C-9999-99] Risk", "state": "new"}}).encode()

    assert await arrivals(zammad).take("desk", signed_by_zammad(body), body) == "unknown"
