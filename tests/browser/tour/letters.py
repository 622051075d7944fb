"""The pages of links in letters, in each of their states, with and without an authenticator."""

from __future__ import annotations

from collections.abc import Iterator

from tests.browser.owner import Owner
from tests.browser.stories.letters import (
    letter_of_a_payment,
    letter_of_a_sign_in,
    link_of_the_weekly_summary,
)
from tests.services.answers.asking import ACCOUNT, confirm


def answers(owner: Owner) -> Iterator[str]:
    """A held payment: "yes" and "no", not ticked, not confirmed, confirmed, undone, over."""
    served = owner.served
    link = letter_of_a_payment(owner)
    secret = served.enrolled(ACCOUNT)
    for way, name in (("", "answer"), ("/yes", "answer-yes"), ("/no", "answer-no")):
        owner.open(f"{link}{way}")
        yield name
    owner.open(link.replace("/my/answer/", "/my/a/"))
    yield "answer-brief"
    owner.open(f"{link}/no")
    owner.browser.script("document.querySelector('#sure').required = false")
    owner.follow("main form button.main")
    yield "answer-no-unticked"
    owner.tick("#sure")
    owner.follow("main form button.main")
    done = owner.browser.path
    yield "answer-waiting"
    served.run(confirm(served.site))
    owner.open(done)
    yield "answer-done"
    owner.unfold("details summary")
    yield "answer-undo"
    owner.write("#undo", served.world.wrong(secret))
    owner.follow("details form button")
    yield "answer-undo-refused"
    owner.write("#undo", owner.code(secret))
    owner.follow("details form button")
    yield "answer-undone"
    owner.open(link)
    yield "answer-over"


def news(owner: Owner) -> Iterator[str]:
    """A sign-in from a new device, answered "yes" by the link alone; and the end of the weekly summary."""
    link = letter_of_a_sign_in(owner)
    owner.open(link)
    yield "answer-sign-in"
    owner.open(f"{link}/yes")
    owner.unfold("details summary")
    yield "answer-yes-without-code"
    owner.tick("#sure")
    owner.follow("details form button")
    yield "answer-noted"
    owner.open(link)
    yield "answer-said-yes"
    owner.open(link_of_the_weekly_summary(owner))
    yield "unsubscribe"
    owner.follow("main form button")
    yield "unsubscribed"
    owner.open("/my/unsubscribe/none")
    yield "unsubscribe-unknown"
