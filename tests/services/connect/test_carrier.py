"""Each case has one ticket, and each entry of its history one note there, in order, whatever happens on the way."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from standardwebhooks import Webhook as Verifier

from services.connect.connections import Options, Secrets, connection_vault
from services.connect.standing import of_case
from services.connect.texts import mark_of
from services.platform.database import Database
from services.platform.keyring import Keyring
from services.platform.metrics import HELP_DESK_FAILING
from tests.services.connect.stand_ins import (
    ChatwootStandIn,
    OwnStandIn,
    ZammadStandIn,
    serving,
)
from tests.services.connect.told import SIGNING, VAULT, World


@pytest.fixture
async def zammad(database: Database) -> AsyncIterator[World]:
    async with serving(desk := ZammadStandIn()):
        yield World(database, desk)


@pytest.fixture
async def chatwoot(database: Database) -> AsyncIterator[World]:
    async with serving(desk := ChatwootStandIn()):
        yield World(database, desk)


def zammad_of(world: World) -> ZammadStandIn:
    assert isinstance(world.desk, ZammadStandIn)
    return world.desk


async def test_a_case_becomes_one_internal_ticket_and_its_changes_notes_that_notify_nobody(
    zammad: World,
) -> None:
    await zammad.connect("zammad")
    case_id = await zammad.case()
    await zammad.carry()
    await zammad.note(case_id)
    await zammad.carry(2)

    desk = zammad_of(zammad)
    assert [each["title"] for each in desk.tickets.values()] == ["[C-2222-22] Risk, high"]
    assert [each["subject"] for each in desk.articles] == [
        mark_of(case_id, each) for each in (0, (await zammad.sequences(case_id))[-1])
    ]
    assert all(each["internal"] for each in desk.articles)
    assert desk.notified == 0
    assert f"https://pay.example/desk/cases/{case_id}" in desk.articles[0]["body"]


async def test_what_owners_and_colleagues_wrote_is_masked_unless_it_is_set_otherwise(zammad: World) -> None:
    await zammad.connect("zammad")
    case_id = await zammad.case()
    await zammad.carry()
    await zammad.note(
        case_id, "note", "call 138 0013 8000 or li@upay.example from 10.1.2.3, CNY 18000.00, wallet-705188241"
    )
    await zammad.carry()

    said = " ".join(each["body"] for each in zammad_of(zammad).articles)
    assert not [each for each in ("138", "li@", "10.1.2.3", "wallet-7051") if each in said]
    assert "CNY 18000.00" in said


async def test_an_unmasked_connection_says_it_whole_and_only_cases_of_its_kinds(zammad: World) -> None:
    await zammad.connect("zammad", masked=False, kinds=("dispute",), language="zh-CN")
    await zammad.case()
    await zammad.case("dispute", "medium")
    await zammad.carry()

    desk = zammad_of(zammad)
    assert [each["title"] for each in desk.tickets.values()] == ["[C-2222-22] 交易争议，中"]
    assert "wallet-705188242" in desk.articles[0]["body"]


async def test_closing_here_closes_there_and_reopening_opens_it_again(zammad: World) -> None:
    await zammad.connect("zammad")
    case_id = await zammad.case()
    await zammad.carry()
    states = []
    for kind in ("resolved", "reopened"):
        await zammad.note(case_id, kind)
        await zammad.carry()
        states.append(zammad_of(zammad).tickets[1]["state"])

    assert states == ["closed", "open"]


async def test_a_case_that_ended_before_anybody_was_told_gets_no_ticket(zammad: World) -> None:
    await zammad.connect("zammad")
    await zammad.note(await zammad.case(), "resolved")
    await zammad.carry(2)

    assert zammad_of(zammad).tickets == {}


async def test_what_a_help_desk_refuses_is_given_up_after_a_while_and_tried_again_on_request(
    zammad: World,
) -> None:
    await zammad.connect("zammad", group="Nobody")
    await zammad.case()
    await zammad.carry(8)
    (counted,) = await zammad.connections.all()
    asked = len(zammad.desk.seen)
    await zammad.carry()

    assert counted.states == {"failed": 1}
    assert counted.connection.failing_since is None
    assert len(zammad.desk.seen) == asked
    assert await zammad.connections.retry("desk") == 1


async def test_a_ticket_that_was_deleted_there_is_left_alone(zammad: World) -> None:
    await zammad.connect("zammad")
    case_id = await zammad.case()
    await zammad.carry()
    zammad_of(zammad).tickets.clear()
    await zammad.note(case_id)
    await zammad.carry(3)

    assert [each.states for each in await zammad.connections.all()] == [{"gone": 1}]


async def test_a_token_that_is_no_longer_good_is_told_of_until_it_is_again(zammad: World) -> None:
    await zammad.connect("zammad")
    zammad.desk.tokens.clear()
    await zammad.case()
    await zammad.carry(2)
    failing_s = HELP_DESK_FAILING._value.get()
    (counted,) = await zammad.connections.all()
    zammad.desk.tokens.add("t0ken")
    await zammad.carry(2)

    assert (counted.connection.last_error, counted.states) == ("not_allowed", {"waiting": 1})
    assert failing_s > 900.0
    assert HELP_DESK_FAILING._value.get() == 0.0
    assert len(zammad_of(zammad).tickets) == 1


async def test_a_help_desk_in_a_private_network_is_not_asked_unless_that_is_allowed(zammad: World) -> None:
    await zammad.connect("zammad")
    await zammad.case()
    await zammad.carry(private=False)

    assert zammad.desk.seen == []
    assert [each.connection.last_error for each in await zammad.connections.all()] == ["PrivateAddress"]


async def test_chatwoot_gets_a_conversation_with_private_messages_and_is_resolved_with_its_case(
    chatwoot: World,
) -> None:
    await chatwoot.connect("chatwoot")
    case_id = await chatwoot.case()
    await chatwoot.carry()
    await chatwoot.note(case_id, "resolved")
    await chatwoot.carry()

    desk = chatwoot.desk
    assert isinstance(desk, ChatwootStandIn)
    assert [each["status"] for each in desk.conversations.values()] == ["resolved"]
    assert [each["private"] for each in desk.messages] == [True, True]
    assert "fraud" in desk.messages[1]["content"]


async def test_a_webhook_of_ones_own_is_signed_and_named_the_ticket_it_answered(database: Database) -> None:
    async with serving(desk := OwnStandIn()):
        world = World(database, desk)
        await world.connect("webhook")
        case_id = await world.case()
        await world.carry()
        await world.note(case_id)
        await world.carry()

    verified = [Verifier(SIGNING["webhook"]).verify(body, headers) for headers, body in desk.got.values()]
    assert [each["type"] for each in verified] == ["ticket.opened", "ticket.note"]
    assert verified[1]["data"]["ticket_id"] == "T-1"


async def test_secrets_are_sealed_anew_under_a_new_key(database: Database) -> None:
    world = World(database, ZammadStandIn())
    world.desk.url = "https://help.example"
    await world.connect("zammad")
    both = Keyring({1: b"e" * 32, 2: b"f" * 32}, 2)
    rotated = world.connections
    rotated.vault = connection_vault(both)
    done = [await rotated.reseal() for _ in range(2)]
    only = connection_vault(Keyring({2: b"f" * 32}, 2))

    assert done == [1, 0]
    there = await rotated.one("desk")
    assert there is not None
    assert b"t0ken" not in there.secret
    assert there.secrets(only) == Secrets(token="t0ken", signing="5ecret")
    assert VAULT.holds(1)


@pytest.mark.parametrize("name", ["", "Zammad", "a/b", "x" * 33, "1a"])
async def test_a_name_that_is_none_is_refused_with_the_rule(database: Database, name: str) -> None:
    world = World(database, ZammadStandIn())

    with pytest.raises(Exception, match="a name is"):
        await world.connections.create(name, "zammad", "https://h.example", Options(), Secrets(), "cli:test")


async def test_a_receiver_that_calls_two_tickets_the_same_is_not_believed_the_second_time(
    database: Database,
) -> None:
    async with serving(desk := OwnStandIn()):
        world = World(database, desk)
        await world.connect("webhook")
        for _ in range(2):
            desk.names[await world.case()] = "T-1"
        await world.carry(9)
        (counted,) = await world.connections.all()

    assert counted.states == {"told": 1, "failed": 1}


async def test_a_ticket_keeps_the_number_that_agents_there_know_it_by_and_when_it_was_told_last(
    zammad: World,
) -> None:
    await zammad.connect("zammad")
    case_id = await zammad.case()
    told_at = zammad.now
    await zammad.carry()
    async with zammad.database.read() as connection:
        (ticket,) = await of_case(connection, case_id)

    assert (ticket.number, ticket.told_at, ticket.state) == ("22000", told_at, "told")


async def test_a_ticket_that_was_found_again_keeps_its_number(zammad: World) -> None:
    await zammad.connect("zammad")
    case_id = await zammad.case()
    zammad.desk.fates = ["fails_after"]
    await zammad.carry(2)
    async with zammad.database.read() as connection:
        (ticket,) = await of_case(connection, case_id)

    assert ticket.number == "22000"


async def test_a_ticket_that_may_have_been_made_is_looked_for_no_sooner_than_a_search_finds_it(
    zammad: World,
) -> None:
    await zammad.connect("zammad")
    case_id, begun = await zammad.case(), zammad.now
    zammad.desk.fates = ["fails_after"]
    await zammad.carry()
    async with zammad.database.read() as connection:
        (ticket,) = await of_case(connection, case_id)

    assert (ticket.why, ticket.next_at) == ("status_502", begun + 30.0)
