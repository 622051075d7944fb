"""What others see of answers: metrics and the audit, and nothing in any log; previews and scanners get a plain page."""

from __future__ import annotations

import logging
import random

import pytest

from contracts.decisions import effect_id
from services.audit.tables import audit
from services.cases.answer_tables import answer_links
from services.cases.stops import measure_stop
from services.platform.metrics import ANSWERS, LINKS, STOP_SECONDS
from services.wallet.feed import ActionFeed
from tests.services.answers.asking import ACCOUNT, asks, tell_wallet
from tests.services.answers.test_no_pages import press_no, report
from tests.services.portal.site import Site


def count(event: str) -> float:
    return LINKS.labels(event)._value.get()  # type: ignore[no-any-return]


async def test_ten_thousand_mutated_links_get_the_same_page(site: Site) -> None:
    """A hundred over HTTP; the text alone decides, as tests/services/cases/test_answer_links.py shows of ten thousand."""
    path, chance = await asks(site), random.Random(7)
    before, pages = count("tampered"), set()
    for _ in range(100):
        place = chance.randrange(len("/my/answer/"), len(path))
        other = chance.choice([letter for letter in "AZaz09" if letter != path[place]])
        answer = await site.browser.get(path[:place] + other + path[place + 1 :])
        pages.add((answer.status_code, answer.text))

    assert len(pages) == 1
    assert count("tampered") == before + 100


@pytest.mark.parametrize(
    "text", ["x", "%2e%2e", "A" * 26, "A" * 28, "A" * 63, "A" * 65, "z" * 27, "%00", "é", "a" * 2000]
)
async def test_what_is_no_link_at_all_is_over_like_any_other(site: Site, text: str) -> None:
    unknown = await site.browser.get("/my/answer/" + "A" * 64)
    answer = await site.browser.get(f"/my/answer/{text}")

    assert (answer.status_code, answer.text) == (410, unknown.text)


async def test_the_address_in_text_messages_shows_the_same_page_and_changes_nothing(site: Site) -> None:
    path = await asks(site)
    brief = path.replace("/my/answer/", "/my/a/")
    long, short = await site.browser.get(path), await site.browser.get(brief)
    looked = [(await site.browser.request(verb, brief)).status_code for verb in ("HEAD", "POST", "PUT")]
    over = await site.browser.get("/my/a/none")

    assert (short.status_code, short.text) == (200, long.text)
    assert looked == [200, 405, 405]
    assert over.status_code == 410
    assert await site.world.rows(answer_links) == []


async def test_pages_are_kept_by_nobody_found_by_nobody_and_tell_no_other_site(site: Site) -> None:
    path = await asks(site)
    for address in (path, f"{path}/no", f"{path}/yes", "/my/answer/none"):
        answer = await site.browser.get(address)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-robots-tag"] == "noindex, nofollow"
        assert "og:" not in answer.text
        assert "set-cookie" not in answer.headers


async def test_no_log_holds_a_link_or_an_account(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    path = await asks(site)
    await press_no(site, path)
    ours = [
        record.getMessage() for record in caplog.records if record.name.startswith(("services", "notifier"))
    ]

    assert not any(secret in line for line in ours for secret in (path.rpartition("/")[2], ACCOUNT))


async def test_an_answer_is_counted_by_its_proof_and_stands_in_the_audit(site: Site) -> None:
    before = ANSWERS.labels("not_me", "link", "letter")._value.get()
    await press_no(site, await asks(site))
    (entry,) = [row for row in await site.world.rows(audit) if row["action"] == "not_me"]

    assert ANSWERS.labels("not_me", "link", "letter")._value.get() == before + 1
    assert (entry["result"], entry["actor"], entry["account_id"]) == ("link", "letter", ACCOUNT)


async def test_the_time_to_a_stop_counts_once_the_wallet_confirms(site: Site) -> None:
    feed = ActionFeed(site.world.database, site.world.clock, done=measure_stop)
    await press_no(site, await asks(site))
    await tell_wallet(site)
    said = await report(site)
    before = STOP_SECONDS._sum.get()
    site.world.clock.at += 2.0
    for _ in range(2):
        await feed.acknowledge(effect_id(ACCOUNT, said.event_id, "freeze"), "done", "key:wallet")
        await feed.acknowledge(effect_id(ACCOUNT, said.event_id, "revoke_sessions"), "done", "key:wallet")

    assert STOP_SECONDS._sum.get() == before + 2.0
