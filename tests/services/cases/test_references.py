"""A reference that is read out leads to the letters that bear it, however it is typed, and to no others."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from services.cases import routes
from services.cases.case_service import CaseService
from services.cases.references import ALPHABET, notice_ids, reference
from services.cases.repository import keep
from services.http import problems
from services.http.api_keys import ApiKeys
from services.platform.database import Database
from tests.services.cases.decided import no_challenges, notify, recorded

NOW = 1_790_000_100.0
IDS = st.integers(0, 2**128 - 1).map(lambda number: f"{number:032x}")


@given(st.text(min_size=1))
def test_a_reference_is_short_and_has_no_two_signs_that_look_alike(notice_id: str) -> None:
    made = reference(notice_id)

    assert made == reference(notice_id)
    assert (len(made), made[:3], made[7]) == (10, "PG-", "-")
    assert set(made[3:].replace("-", "")) <= set(ALPHABET)
    assert set(ALPHABET).isdisjoint("01OILBSZU")


@given(IDS)
def test_a_reference_leads_to_the_ids_that_have_it_and_to_no_neighbour(notice_id: str) -> None:
    made = reference(notice_id)
    found = notice_ids(made)
    assert found is not None
    first, last = found

    assert first <= notice_id <= last
    assert reference(first) == reference(last) == made
    below, above = int(first, 16) - 1, int(last, 16) + 1
    assert below < 0 or reference(f"{below:032x}") != made
    assert above == 2**128 or reference(f"{above:032x}") != made


@pytest.mark.parametrize(
    "said",
    [
        "PG-7F3K-92",
        "pg-7f3k-92",
        "7F3K92",
        " PG 7F3K 92. ",
        "ＰＧ－７Ｆ３Ｋ－９２",
        "PG\u20117F3K\u201392",
        "pg7f3k92",
    ],
)
def test_a_reference_is_understood_however_it_is_typed(said: str) -> None:
    assert notice_ids(said) == notice_ids("PG-7F3K-92") is not None


@pytest.mark.parametrize("said", ["PG-7F3K-9", "PG-7F3K-922", "PG-7F3K-9O", "PG", "", "' OR 1=1", "7F3K-9%"])
def test_what_is_no_reference_leads_nowhere(said: str) -> None:
    assert notice_ids(said) is None


async def test_support_is_told_whose_letter_it_is_and_the_wallet_without_an_address(
    database: Database,
) -> None:
    effects = (notify("e1", "deny_notice"), notify("e1", "login_notice"))
    async with database.begin() as connection:
        await keep(connection, [recorded("e1", "li", effects)], no_challenges)
    made, keys = FastAPI(), ApiKeys(database)
    problems.install(made)
    made.include_router(routes.router)
    made.state.cases, made.state.keys = CaseService(database, lambda: NOW), keys
    said = reference(effects[0].effect_id)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(made), base_url="http://api") as client:
        for scope in ("support", "verify"):
            key, _ = await keys.create(scope, [scope])
            client.headers["Authorization"] = f"Bearer {key}"
            answer = await client.get(f"/v1/messages/{said.lower()}")
            assert answer.status_code == 200, answer.text
            (message,) = answer.json()["messages"]
            assert (message["account_id"], message["letter"]["template"]) == ("li", "deny_notice")
        other = next(each for each in ("PG-2222-22", "PG-3333-33") if each != said)
        assert (await client.get(f"/v1/messages/{other}")).status_code == 404
    await keys.close()
