"""With an authenticator: set up, approve, refuse, and what to do without the phone."""

from __future__ import annotations

from tests.browser.owner import Owner
from tests.browser.steps import secret_on_page
from tests.browser.stories.story import Story
from tests.services.mfa.world import OWNER


def sets_an_authenticator_up(owner: Owner) -> None:
    """From the wallet's link to the recovery codes that are kept; the first code was mistyped."""
    served = owner.served
    owner.follow_link(served.link("enrol", proved_at=served.clock(), locale=owner.language))
    owner.reads(owner.says("factor.title"))
    owner.follow("button.main")
    owner.reads(owner.says("setup.title", service="UPay"))
    secret = secret_on_page(owner.browser)
    owner.unfold("details summary")
    owner.write("#code", served.world.wrong(secret))
    owner.follow("button.main")
    owner.reads(owner.says("setup.again_title"))
    owner.write("#code", owner.code(secret))
    owner.follow("button.main")
    owner.reads(owner.says("codes.title"))
    owner.tick("#kept")
    owner.follow("button.main")
    owner.reads(owner.says("done.title"))
    assert served.run(served.world.lifecycle.status("li")).state == "active"


def approves_a_payment(owner: Owner) -> None:
    """A code that was mistyped, then the right one."""
    secret = owner.served.enrolled()
    owner.follow_link(owner.served.challenge_link("c1", device_name="Pixel 9", locale=owner.language))
    owner.reads(owner.says("approve.title_transaction"))
    owner.sees("412.00", "payee-9", "Pixel 9")
    owner.write("#code", owner.served.world.wrong(secret))
    owner.follow("button.main")
    owner.sees(owner.says("approve.wrong"), owner.says("approve.tries_left", count=4))
    owner.write("#code", owner.code(secret))
    owner.follow("button.main")
    owner.reads(owner.says("approved.title"))
    assert owner.served.state("c1") == "passed"


def approves_without_the_phone(owner: Owner) -> None:
    """A recovery code, which stands behind a word."""
    world = owner.served.world
    owner.served.clock.at -= 60.0
    secret = owner.served.run(world.enrol("li")).secret
    confirmed = owner.served.run(world.lifecycle.confirm("li", owner.code(secret), OWNER))
    owner.follow_link(owner.served.challenge_link("c1", locale=owner.language))
    owner.unfold("details summary")
    owner.write("#recovery", confirmed.recovery_codes[0])
    owner.follow("details form button")
    owner.reads(owner.says("approved.title"))
    assert owner.served.state("c1") == "passed"


def stops_a_payment(owner: Owner) -> None:
    """ "This wasn't me", said on the page that asks for the code; the link is used then."""
    owner.served.enrolled()
    link = owner.served.challenge_link("c1", locale=owner.language)
    owner.follow_link(link)
    owner.follow("a.stop")
    owner.reads(owner.says("stop.title_transaction"))
    owner.follow("button.danger")
    owner.reads(owner.says("stopped.title_asked"))
    owner.sees(owner.says("stopped.next_password"))
    assert owner.served.state("c1") == "failed"
    owner.open(link)
    owner.reads(owner.says("used.title"))


def makes_new_recovery_codes(owner: Owner) -> None:
    """In the centre, where the authenticator is removed as well."""
    secret = owner.served.enrolled()
    owner.arrive("centre")
    owner.centre("/authenticator")
    owner.write("#renew", owner.served.world.wrong(secret))
    owner.follow("form[action$='/codes'] button")
    owner.sees(owner.says("approve.wrong"))
    owner.write("#renew", owner.code(secret))
    owner.follow("form[action$='/codes'] button")
    owner.reads(owner.says("codes.title"))
    owner.sees(owner.says("codes.old_void"))
    owner.tick("#kept")
    owner.follow("button.main")
    owner.served.clock.at += 60.0
    owner.centre("/authenticator")
    owner.write("#remove", owner.code(secret))
    owner.follow("form[action$='/remove'] button")
    assert owner.served.run(owner.served.world.lifecycle.status("li")).state == "none"


STORIES = (
    Story("an authenticator is set up, its first code mistyped", sets_an_authenticator_up, (400,)),
    Story("a payment is approved at the second try", approves_a_payment, (400, 403)),
    Story("a payment is approved without the phone", approves_without_the_phone),
    Story("a payment is stopped on the page that asks for its code", stops_a_payment, (410,)),
    Story("recovery codes are made anew, the authenticator removed", makes_new_recovery_codes, (400, 403)),
)
