"""Links open once, for the one they were made for; sessions end; what is stored opens nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import update

from services.platform.keyring import Keyring
from services.portal.tables import visits
from services.portal.visits import LINK_S, SESSION_S, Visit, Visits
from tests.services.cases.databases import database_url  # noqa: F401  found here by the tests
from tests.services.mfa.world import World
from tests.services.portal.site import KEYS

LI = Visit(
    account_id="li", purpose="challenge", challenge_id="c1", proved_at=1.5, device_id="d", ip="192.0.2.7"
)


def portal(world: World, keys: Keyring = KEYS) -> Visits:
    return Visits(world.database, keys, world.clock)


async def opened(made: Visits) -> str:
    link, _ = await made.link(LI)
    found = await made.open(link)
    assert found is not None
    return found[0]


async def test_a_link_opens_a_session_for_the_same_account_and_challenge(world: World) -> None:
    made = portal(world)
    link, expires_at = await made.link(LI)
    found = await made.open(link)

    assert found is not None
    session, visit = found
    assert await made.session(session) == visit
    assert (expires_at, visit) == (
        world.clock.at + LINK_S,
        replace(LI, expires_at=world.clock.at + SESSION_S),
    )


async def test_a_link_opens_once(world: World) -> None:
    made = portal(world)
    link, _ = await made.link(LI)

    assert [found is not None for found in [await made.open(link), await made.open(link)]] == [True, False]


async def test_of_many_openings_at_once_one_succeeds(world: World) -> None:
    made = portal(world)
    link, _ = await made.link(LI)
    found = await asyncio.gather(*(made.open(link) for _ in range(12)))

    assert sum(each is not None for each in found) == 1


async def test_a_link_and_a_session_end(world: World) -> None:
    made = portal(world)
    link, _ = await made.link(LI)
    session = await opened(made)
    world.clock.at += LINK_S
    late = await made.open(link)
    world.clock.at += SESSION_S - LINK_S - 1
    still = await made.session(session)
    world.clock.at += 1

    assert (late, still is not None, await made.session(session)) == (None, True, None)


@pytest.mark.parametrize("column", ["account_id", "challenge_id", "purpose", "device_id", "ip", "page"])
async def test_a_row_that_was_moved_to_another_opens_nothing(world: World, column: str) -> None:
    made = portal(world)
    link, _ = await made.link(LI)
    session = await opened(made)
    async with world.database.begin() as connection:
        await connection.execute(update(visits).values({column: "factor"}))

    assert (await made.open(link), await made.session(session)) == (None, None)


async def test_the_end_of_a_session_cannot_be_put_off_in_the_table(world: World) -> None:
    made = portal(world)
    session = await opened(made)
    async with world.database.begin() as connection:
        await connection.execute(update(visits).values(expires_at=world.clock.at + 9_000_000))

    assert await made.session(session) is None


async def test_neither_link_nor_session_nor_what_is_stored_opens_as_the_other(world: World) -> None:
    made = portal(world)
    link, _ = await made.link(LI)
    session = await opened(made)
    rows = await world.rows(visits)
    stored = [str(value) for row in rows for value in (row["link"], row["session"]) if value is not None]
    tries: list[Any] = [
        session,
        *stored,
        *(f"{text}.{'0' * 32}" for text in stored),
        "",
        "x" * 5000,
        link[:-1] + "g",
    ]

    assert [await made.open(text) for text in tries] == [None] * len(tries)
    assert [await made.session(text) for text in [link, *stored]] == [None] * (1 + len(stored))
    assert not any(secret in repr(rows) for text in (link, session) for secret in text.split("."))


async def test_another_key_made_no_link_of_ours_and_a_rotated_one_still_did(world: World) -> None:
    link, _ = await portal(world).link(LI)
    other = Keyring({1: b"o" * 32}, 1)
    rotated = Keyring({**KEYS.keys, 2: b"n" * 32}, 2)

    assert await portal(world, other).open(link) is None
    assert await portal(world, rotated).open(link) is not None


async def test_a_form_belongs_to_its_session(world: World) -> None:
    made = portal(world)
    mine, other = await opened(made), await opened(made)
    token = made.form_token(mine, LI)

    assert [made.is_form_token(session, token) for session in (mine, other, "")] == [True, False, False]
    assert not made.is_form_token(mine, "")
    assert not made.is_form_token(mine, "é")


@pytest.mark.parametrize(
    "token", ["", ".", "..", "a.b.c", f"x.{10**20}.{'0' * 32}", f"x.²3.{'0' * 32}", "é.9999999999.é"]
)
async def test_what_is_no_token_was_made_in_no_session(world: World, token: str) -> None:
    assert not portal(world).is_earlier("li", token)


async def test_for_a_day_a_form_says_for_whom_it_was_made(world: World) -> None:
    made = portal(world)
    token = made.form_token("any", replace(LI, expires_at=world.clock.at))
    first, until, mac = token.split(".")
    bent = f"{first}.{int(until) + 9}.{mac}"
    told = [made.is_earlier("li", token), made.is_earlier("chen", token), made.is_earlier("li", bent)]
    world.clock.at += 86_401

    assert (told, made.is_earlier("li", token)) == ([True, False, False], False)


async def test_what_is_over_is_forgotten(world: World) -> None:
    made = portal(world)
    await made.link(LI)
    world.clock.at += 9000
    await made.link(LI)

    assert len(await world.rows(visits)) == 1


def test_a_visit_in_text_names_nobody() -> None:
    assert repr(LI) == "Visit(purpose='challenge')"
