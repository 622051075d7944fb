"""The pages of an authenticator and of a challenge, in each of their states, and those of links and sessions that are over."""

from __future__ import annotations

from collections.abc import Iterator

from tests.browser.owner import Owner
from tests.browser.steps import confirm_freeze, secret_on_page
from tests.services.mfa.world import OWNER


def enrolment(owner: Owner) -> Iterator[str]:
    """From the wallet's link to an authenticator that is there."""
    served = owner.served
    new = {"account_id": "wang", "locale": owner.language}
    owner.open(served.link("enrol", proved_at=served.clock(), **new))
    yield "open"
    owner.follow("main form button")
    yield "enrol"
    owner.follow("button.main")
    yield "enrol-key"
    secret = secret_on_page(owner.browser)
    owner.unfold("details summary")
    yield "enrol-key-typed"
    owner.write("#code", served.world.wrong(secret))
    owner.follow("button.main")
    yield "enrol-next-code"
    owner.write("#code", owner.code(secret))
    owner.follow("button.main")
    yield "recovery-codes"
    owner.tick("#kept")
    owner.follow("button.main")
    yield "enrolled"
    served.clock.at += 60.0
    owner.follow_link(served.link("enrol", proved_at=served.clock(), **new))
    yield "enrol-again"
    owner.write("#code", served.world.wrong(secret))
    owner.follow("button.main")
    yield "enrol-again-refused"
    owner.arrive("factor", account_id="wang")
    yield "authenticator-alone"


def challenge(owner: Owner) -> Iterator[str]:
    """A payment to approve: refused codes, "this wasn't me", and what followed."""
    browser, served = owner.browser, owner.served
    served.run(served.world.issue("c1", "mo"))
    owner.arrive("challenge", account_id="mo", challenge_id="c1", device_name="Pixel 9")
    yield "approve"
    owner.unfold("details summary")
    yield "approve-recovery"
    owner.write("#code", "nonsense")
    owner.follow("button.main")
    yield "approve-refused"
    owner.open("/my/approve/stop")
    yield "stop"
    owner.follow("button.danger")
    yield "stopped-asked"
    confirm_freeze(served)
    owner.open("/my/approve/stopped")
    yield "stopped"
    owner.open("/my/open/none")
    yield "used"
    browser.driver.delete_all_cookies()
    owner.open("/my/approve")
    yield "ended"


def approval(owner: Owner) -> Iterator[str]:
    """A payment that is approved, one whose time is over, one that was guessed at, and codes that pause after it."""
    served = owner.served
    secret = served.enrolled("zhao")
    served.run(served.world.issue("c2", "zhao"))
    owner.arrive("challenge", account_id="zhao", challenge_id="c2")
    owner.write("#code", owner.code(secret))
    owner.follow("button.main")
    yield "approved"
    served.run(served.world.issue("c3", "zhao", lifetime_s=30))
    owner.arrive("challenge", account_id="zhao", challenge_id="c3")
    served.clock.at += 60.0
    owner.open("/my/approve")
    yield "expired"
    served.run(served.world.issue("c4", "zhao"))
    for _ in range(5):
        served.run(served.world.service.verify("c4", served.world.wrong(secret), OWNER))
    owner.arrive("challenge", account_id="zhao", challenge_id="c4")
    yield "refused"
