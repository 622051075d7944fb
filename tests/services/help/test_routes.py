"""The library and security notices over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from services.help.notices import current
from services.platform.database import Database
from tests.services.help.written import NOW, wanted

PATH = "/v1/faq/bus/en"
NOTICE: dict[str, Any] = {
    "title": {"en": "Callers pretend", "zh-CN": "有人冒充来电"},
    "text": {"en": "Hang up.", "zh-CN": "请挂断。"},
    "from": "2026-11-01T00:00:00Z",
    "until": "2026-12-12T08:00:00+08:00",
}


async def test_an_answer_is_written_read_and_listed(keeper: httpx.AsyncClient) -> None:
    written = await keeper.put(PATH, json=wanted())
    read = await keeper.get(PATH)
    listed = await keeper.get("/v1/faq")

    assert written.status_code == 200
    assert read.json() == written.json()
    assert listed.json()["answers"] == [read.json()]
    assert (read.json()["version"], read.json()["written_by"]) == (1, "key:boss")


async def test_an_older_version_can_be_read(keeper: httpx.AsyncClient) -> None:
    await keeper.put(PATH, json=wanted())
    await keeper.put(PATH, json=wanted(title="Coins", follows=1))

    assert (await keeper.get(PATH, params={"version": 1})).json()["title"] == "Coins for the bus"
    assert (await keeper.get(PATH, params={"version": 3})).status_code == 404


async def test_who_writes_over_another_is_told_the_current_version(keeper: httpx.AsyncClient) -> None:
    await keeper.put(PATH, json=wanted())

    refused = await keeper.put(PATH, json=wanted(title="Mine"))

    assert (refused.status_code, refused.json()["version"]) == (409, 1)


@pytest.mark.parametrize(
    "change",
    [
        {"title": " "},
        {"title": "two\nlines"},
        {"body": ""},
        {"topic": "cars"},
        {"review_by": "2026-10-01"},
        {"follows": -1},
        {"unknown": 1},
    ],
)
async def test_what_is_no_answer_is_refused(keeper: httpx.AsyncClient, change: dict[str, Any]) -> None:
    assert (await keeper.put(PATH, json=wanted(**change))).status_code == 400


@pytest.mark.parametrize("path", ["/v1/faq/Bus/en", "/v1/faq/b--s/en", "/v1/faq/bus/fr"])
async def test_a_name_is_plain_and_a_language_known(keeper: httpx.AsyncClient, path: str) -> None:
    assert (await keeper.put(path, json=wanted())).status_code == 400


async def seen(database: Database, account: str, at: float = NOW) -> list[str]:
    async with database.read() as connection:
        return [each.title("zh-CN") for each in await current(connection, account, at)]


async def test_a_notice_is_shown_while_it_lasts(keeper: httpx.AsyncClient, database: Database) -> None:
    made = await keeper.post("/v1/notices", json=NOTICE)

    assert made.status_code == 201
    assert (made.json()["until"], made.json()["written_by"]) == ("2026-12-12T00:00:00Z", "key:boss")
    assert (await keeper.get("/v1/notices")).json()["notices"] == [made.json()]
    assert await seen(database, "li") == ["有人冒充来电"]
    assert await seen(database, "li", NOW + 400 * 86_400.0) == []
    assert await seen(database, "li", NOW - 400 * 86_400.0) == []


async def test_a_notice_to_some_is_seen_by_them_alone_and_changed_as_a_whole(
    keeper: httpx.AsyncClient, database: Database
) -> None:
    made = await keeper.post("/v1/notices", json=NOTICE | {"audience": "accounts", "accounts": ["li", "li"]})
    before = [await seen(database, each) for each in ("li", "wu")]
    path = f"/v1/notices/{made.json()['notice_id']}"
    await keeper.put(path, json=NOTICE | {"audience": "accounts", "accounts": ["wu"]})

    assert before == [["有人冒充来电"], []]
    assert [await seen(database, each) for each in ("li", "wu")] == [[], ["有人冒充来电"]]


async def test_a_notice_is_ended_once(keeper: httpx.AsyncClient, database: Database) -> None:
    path = f"/v1/notices/{(await keeper.post('/v1/notices', json=NOTICE)).json()['notice_id']}"

    assert [(await keeper.delete(path)).status_code for _ in range(2)] == [204, 404]
    assert await seen(database, "li") == []


@pytest.mark.parametrize(
    "change",
    [
        {"until": "2026-10-01T00:00:00Z"},
        {"until": "2026-12-12T08:00:00"},
        {"audience": "accounts"},
        {"accounts": ["li"]},
        {"title": {"en": "only English"}},
    ],
)
async def test_what_is_no_notice_is_refused(keeper: httpx.AsyncClient, change: dict[str, Any]) -> None:
    assert (await keeper.post("/v1/notices", json=NOTICE | change)).status_code == 400
