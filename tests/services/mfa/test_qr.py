"""The QR code of an enrolment: shown once, and to the right one."""

from __future__ import annotations

import asyncio
from xml.etree import ElementTree

import pytest

from services.mfa import qr
from services.mfa.factor_records import PENDING_S
from services.mfa.tables import factors
from tests.services.mfa.world import World


async def test_a_ticket_shows_the_uri_as_a_qr_code(world: World) -> None:
    made = await world.enrol()

    drawn = await world.lifecycle.qr("li", made.ticket)

    assert drawn == qr.svg(made.uri)
    assert ElementTree.fromstring(drawn).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314 (our own)


async def test_a_ticket_is_good_once(world: World) -> None:
    made = await world.enrol()

    drawn = await asyncio.gather(*(world.lifecycle.qr("li", made.ticket) for _ in range(10)))

    assert 9 == drawn.count(None)


async def test_a_ticket_shows_nothing_for_another_account(world: World) -> None:
    made = await world.enrol("li")
    await world.enrol("mallory")

    assert await world.lifecycle.qr("mallory", made.ticket) is None
    assert await world.lifecycle.qr("li", made.ticket) is not None


@pytest.mark.parametrize("over", ["confirmed", "lapsed", "begun again"])
async def test_a_ticket_shows_nothing_once_its_enrolment_is_over(world: World, over: str) -> None:
    made = await world.enrol()
    if over == "confirmed":
        await world.confirm("li", world.code(made.secret))
    elif over == "lapsed":
        world.clock.at += PENDING_S
    else:
        await world.enrol()

    assert await world.lifecycle.qr("li", made.ticket) is None


async def test_the_database_holds_no_ticket(world: World) -> None:
    made = await world.enrol()
    (row,) = await world.rows(factors)

    assert made.ticket not in str(row)
    assert row["qr_ticket"] == qr.ticket_hash(made.ticket)
