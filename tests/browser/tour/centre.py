"""The sections of the security centre, in each of their states: nothing yet, an ordinary past, a payment that waits, locked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from services.platform.database import Database
from services.portal.centre_frame import SECTIONS
from services.portal.tables import visits
from services.portal.visits import Visits
from tests.browser.owner import Owner
from tests.browser.served import Served
from tests.browser.steps import confirm_freeze
from tests.browser.stories.telling import words
from tests.browser.tour.past import ordinary_past
from tests.browser.wallet_sign_in import WalletSignIn
from tests.services.centre.lived import held
from tests.services.portal.site import KEYS


def nothing_yet(owner: Owner) -> Iterator[str]:
    """Every section of somebody who has just opened the wallet."""
    owner.arrive("centre", account_id="new")
    for section in SECTIONS:
        if section.name not in ("help", "report", "notifications"):
            owner.centre(section.path)
            yield f"{section.name}-empty"
    owner.open("/my/sign-in")
    yield "missing"
    with WalletSignIn(owner.served):
        owner.open("/my/signed-in?state=guessed")
        yield "not-signed-in"
        owner.open("/my/sign-in")
        owner.browser.until_at("/my/signed-in")
        yield "signed-in"


def sections(owner: Owner) -> Iterator[str]:
    """An ordinary past, looked at from every side."""
    served = owner.served
    served.enrolled()
    served.run(ordinary_past(served, owner.language))
    owner.arrive("centre", device_id="li-phone")
    for section in SECTIONS:
        owner.centre(section.path)
        yield section.name
    owner.centre("/activity?show=changes&q=Beijing")
    yield "activity-none"
    with no_activity_can_be_read(served):
        owner.centre("/activity")
        yield "activity-error"
    owner.centre("/devices")
    owner.follow(".acts-row button[value=out]")
    yield "devices-signed-out"
    owner.centre("/authenticator")
    owner.write("#renew", "nonsense")
    owner.follow("form[action$='/codes'] button")
    yield "authenticator-refused"


def a_payment_waits(owner: Owner) -> Iterator[str]:
    """The payment is looked at from each side and refused; the wallet confirms; a code does not open it again."""
    served = owner.served
    owner.arrive("centre", device_id="li-phone")
    served.run(held(served.world.database, served.clock()))
    owner.centre()
    yield "overview-needs"
    owner.centre("/activity")
    yield "activity-needs"
    owner.centre("/answer?about=held")
    yield "answer-in-the-centre"
    owner.centre("/confirm?about=held")
    yield "confirm"
    owner.write("#code", "nonsense")
    owner.follow("main form button.main")
    yield "confirm-refused"
    owner.centre("/lock")
    yield "lock"
    owner.centre("/not-mine?about=held")
    yield "not-mine"
    owner.follow("button.danger")
    yield "overview-stopping"
    confirm_freeze(served)
    owner.centre()
    yield "overview-locked"
    owner.write(".at-lock #code", "nonsense")
    owner.follow(".at-lock button.main")
    yield "overview-unlock-refused"


def closed(owner: Owner) -> Iterator[str]:
    """The centre when it has closed, with what was typed and without."""
    served = owner.served
    owner.arrive("centre")
    owner.centre("/report/advice")
    owner.write("#tell", words(owner))

    async def unused() -> None:
        async with served.world.database.begin() as connection:
            await connection.execute(visits.update().where(visits.c.used_at.is_not(None)).values(used_at=0.0))

    served.run(unused())
    owner.follow("main form button.main")
    yield "closed-words-kept"
    owner.centre("/devices")
    yield "closed"


def away(owner: Owner) -> Iterator[str]:
    """The centre while its database is away."""
    state = owner.served.site.app.state
    there = state.portal
    with TemporaryDirectory() as folder:
        nowhere = Database(f"sqlite:///{Path(folder) / 'none' / 'there.db'}")
        state.portal = replace(there, visits=Visits(nowhere, KEYS, owner.served.clock))
        for name, path in (("away", ""), ("away-lock", "/lock")):
            owner.centre(path)
            yield name
    state.portal = there


@contextmanager
def no_activity_can_be_read(served: Served) -> Iterator[None]:
    """The centre reads from a database that is away."""
    app, centre = served.site.app, served.site.app.state.centre
    with TemporaryDirectory() as folder:
        app.state.centre = replace(
            centre, database=Database(f"sqlite:///{Path(folder) / 'none' / 'there.db'}")
        )
        yield
        app.state.centre = centre
