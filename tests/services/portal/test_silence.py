"""What opens a page, and what a page takes, is in no log and no metric."""

from __future__ import annotations

import logging

import httpx
import pytest

from tests.services.api.conftest import database, world  # noqa: F401  found here by the tests
from tests.services.api.world import World
from tests.services.portal.reading import read


async def test_links_sessions_and_codes_are_in_no_log_and_no_metric(
    world: World,  # noqa: F811
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    key, _ = await world.keys.create("wallet", ["verify"])
    wanted = {"account_id": "account-77", "purpose": "enrol", "proved_at": world.clock.at}
    made = await world.client.post("/v1/links", json=wanted, headers={"Authorization": f"Bearer {key}"})
    path = made.json()["url"].removeprefix("http://payguard")
    transport = httpx.ASGITransport(world.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://payguard") as browser:
        landing = read(await browser.get(path))
        first = read(await browser.post("/my/open", data=landing.forms[0].fields, follow_redirects=True))
        setup = await browser.post("/my/factor/start", data=first.form("/my/factor/start").fields)
        form = read(setup).form("/my/factor/confirm").fields
        await browser.post("/my/factor/confirm", data={**form, "code": "918273"})
        session = browser.cookies["payguard"]
    metrics = (await world.client.get("/metrics")).text
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("services")]
    said = "\n".join([*ours, metrics])

    assert setup.status_code == 200
    assert ours
    assert "/my/open/{link}" in metrics
    hidden = [path.rpartition("/")[2], session, form["token"], "account-77", "918273", "otpauth"]
    assert [secret for secret in hidden if secret in said] == []
