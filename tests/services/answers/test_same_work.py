"""A link that cannot answer costs the same work whatever the reason: wrong, tampered with, of nobody, too old or used up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from tests.services.answers.asking import asks
from tests.services.answers.test_no_pages import press_no
from tests.services.portal.site import Site

_WEEK_S = 7 * 86_400.0


@contextmanager
def statements(site: Site) -> Iterator[list[str]]:
    """What is asked of the database meanwhile, without its values."""
    found: list[str] = []
    engine = site.world.database.engine.sync_engine

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        found.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("page", ["", "/no", "/yes"])
async def test_wrong_expired_and_used_links_ask_the_database_the_same(
    site: Site, page: str, method: str
) -> None:
    if (page, method) == ("", "POST"):
        pytest.skip("nothing is sent there")
    old = await asks(site, "e-old")
    site.world.clock.at += _WEEK_S
    used = await asks(site, "e-used")
    await press_no(site, used)
    fresh = await asks(site, "e-fresh")
    links = {
        "expired": old,
        "used": used,
        "tampered": fresh[:-8] + ("A" if fresh[-8] != "A" else "B") + fresh[-7:],
        "of nobody": "/my/answer/" + "A" * 27,
        "of nobody, as links were once": "/my/answer/" + "A" * 64,
        "another form": "/my/answer/" + "A" * 63,
    }
    asked, answers = {}, {}
    for name, link in links.items():
        with statements(site) as found:
            answer = await site.browser.request(method, link + page, data={"token": "x", "sure": "yes"})
        asked[name], answers[name] = found, (answer.status_code, answer.content)

    assert len({tuple(each) for each in asked.values()}) == 1, {
        name: len(each) for name, each in asked.items()
    }
    assert len(next(iter(asked.values()))) >= 2
    assert set(answers.values()) == {(410, next(iter(answers.values()))[1])}
