"""The wallet's backend picks up the grant of what its user approved on a page."""

from __future__ import annotations

from services.mfa.grants import Grants
from tests.services.mfa.wallet import Wallet, claims
from tests.services.portal.reading import read
from tests.services.portal.site import KEYS, Site

PICK_UP = "/v1/challenges/c1/grant"


async def test_there_is_no_grant_before_the_user_approves(site: Site) -> None:
    await site.approving()
    answer = await site.wallet.get(PICK_UP)

    assert answer.json() == {"state": "open", "grant": None}
    assert answer.headers["cache-control"] == "no-store"


async def test_the_grant_of_an_approval_is_the_same_each_time_and_for_what_was_shown(site: Site) -> None:
    secret = await site.world.enrolled()
    page = await site.approving()
    await site.send(page, "/my/approve", code=site.world.code(secret))
    first, second = [(await site.wallet.get(PICK_UP)).json() for _ in range(2)]
    told = claims(Grants(KEYS), first["grant"])

    assert first == second
    assert [told[name] for name in ("sub", "event_id", "amount", "currency", "payee_id")] == [
        "li",
        "event-c1",
        "412.00",
        "CNY",
        "payee-9",
    ]


async def test_the_wallets_check_takes_it_and_refuses_a_changed_amount(site: Site) -> None:
    secret = await site.world.enrolled()
    page = await site.approving()
    await site.send(page, "/my/approve", code=site.world.code(secret))
    grant = (await site.wallet.get(PICK_UP)).json()["grant"]
    wallet, now = Wallet(Grants(KEYS)), site.world.clock.at

    assert not wallet.allows(grant, {"event_id": "event-c1", "amount": "4120.00"}, now)
    assert wallet.allows(grant, {"event_id": "event-c1"}, now)


async def test_a_refusal_is_worth_nothing(site: Site) -> None:
    await site.approving()
    await site.send(read(await site.browser.get("/my/approve/stop")), "/my/approve/stop")

    assert (await site.wallet.get(PICK_UP)).json() == {"state": "failed", "grant": None}


async def test_only_the_wallets_backend_may_ask(site: Site) -> None:
    await site.approving()

    assert (await site.browser.get(PICK_UP)).status_code == 401
    assert (await site.wallet.get("/v1/challenges/unknown/grant")).status_code == 404
