"""In the security centre: lock, answer, look, give up a device, come in by the wallet's sign-in, change the language."""

from __future__ import annotations

from services.cases.hold_tables import account_holds, held_payments
from services.portal.centre_frame import CENTRE_PREFIX
from services.portal.wording import NAMES, wording
from tests.browser.owner import Owner
from tests.browser.steps import confirm_freeze
from tests.browser.stories.story import Story
from tests.browser.wallet_sign_in import WalletSignIn
from tests.services.answers.asking import tell_wallet
from tests.services.centre.lived import held, live


def comes_in(owner: Owner) -> str:
    """The owner of an ordinary past enters; the secret of the authenticator."""
    secret = owner.served.enrolled()
    owner.served.run(live(owner.served.world.database, owner.served.clock()))
    owner.arrive("centre")
    owner.reads(owner.says("overview.well_title"))
    return secret


def finds_a_held_payment(owner: Owner) -> str:
    """The owner enters while a payment waits; the secret of the authenticator."""
    secret = comes_in(owner)
    owner.served.run(held(owner.served.world.database, owner.served.clock()))
    owner.centre()
    owner.reads(owner.says("overview.needs_title_transaction"))
    owner.sees("chen-wei-4471", "18,000.00")
    return secret


def locks_and_unlocks(owner: Owner) -> None:
    """Lock, see it confirmed by the wallet, unlock with a code."""
    secret = comes_in(owner)
    owner.follow(".at-lock a.button")
    owner.reads(owner.says("lock.title"))
    owner.follow("button.danger")
    owner.reads(owner.says("overview.stopping_title"))
    confirm_freeze(owner.served)
    owner.centre()
    owner.reads(owner.says("overview.locked_title"))
    owner.write(".at-lock #code", "nonsense")
    owner.follow(".at-lock button.main")
    owner.sees(owner.says("approve.wrong_form"))
    owner.write(".at-lock #code", owner.code(secret))
    owner.follow(".at-lock button.main")
    owner.reads(owner.says("overview.well_title"))
    [hold] = owner.served.run(owner.served.world.rows(account_holds))
    assert hold["released_by"] == "owner"


def confirms_a_held_payment(owner: Owner) -> None:
    """ "It was me", with a code: the money goes."""
    secret = finds_a_held_payment(owner)
    owner.follow(".at-state .second")
    owner.reads(owner.says("confirm_event.title"))
    owner.write("#code", owner.code(secret))
    owner.follow("main form button.main")
    owner.reads(owner.says("overview.well_title"))
    [payment] = owner.served.run(owner.served.world.rows(held_payments))
    assert payment["state"] == "released"


def refuses_a_held_payment(owner: Owner) -> None:
    """ "It wasn't me": money is stopped, confirmed, and the answer stays to be seen."""
    finds_a_held_payment(owner)
    owner.follow(".at-state .main")
    owner.reads(owner.says("wrong.title_transaction"))
    owner.follow("button.danger")
    owner.reads(owner.says("overview.stopping_title"))
    confirm_freeze(owner.served)
    owner.centre()
    owner.reads(owner.says("overview.locked_title"))
    owner.sees(owner.says("overview.answered"))


def looks_for_what_happened(owner: Owner) -> None:
    """Money alone, then one payee; "something wrong?" leads to a report with the payment filled in."""
    comes_in(owner)
    owner.follow(".at-recent .card-head a")
    owner.reads(owner.says("activity.title"))
    owner.follow(".filters a[href*='money']")
    owner.sees("hema-fresh")
    owner.write("input[name=q]", "no such payee")
    owner.follow(".search button")
    owner.sees(owner.says("activity.empty_title"))
    owner.write("input[name=q]", "hema")
    owner.follow(".search button")
    owner.sees("hema-fresh")
    owner.follow("a[href*='about=t1']")
    owner.reads(owner.says("report.title"))
    owner.follow("a[href*='/report/dispute']")
    owner.sees("hema-fresh", "86.40")


def gives_a_device_up(owner: Owner) -> None:
    """A stranger's device is removed, then every device is signed out; the wallet is told of both."""
    comes_in(owner)
    owner.centre("/devices")
    owner.sees("Kuala Lumpur" if owner.language == "en" else "吉隆坡")
    owner.follow(".acts-row button[value=forget]")
    owner.follow("button[value=everywhere]")
    told = owner.served.run(tell_wallet(owner.served.site))
    assert told == ["revoke_device", "forget_device", "revoke_sessions"]
    owner.centre("/devices")
    owner.sees(owner.says("devices.before"))
    owner.sees_not(owner.says("devices.open"))


def comes_in_by_the_wallets_sign_in(owner: Owner) -> None:
    """Out to the wallet's own sign-in and back into the centre; without its answer, a page says so."""
    with WalletSignIn(owner.served):
        owner.open("/my/sign-in")
        owner.browser.until_at(CENTRE_PREFIX)
        owner.reads(owner.says("overview.well_title"))
        owner.open("/my/signed-in?state=guessed")
        owner.reads(owner.says("sign_in_failed.title"))


def changes_the_language(owner: Owner) -> None:
    """The switch stays on the page, and the choice holds on the next ones."""
    comes_in(owner)
    other = "zh-CN" if owner.language == "en" else "en"
    owner.centre("/devices")
    owner.sees(NAMES[other])
    owner.follow("a.language")
    assert owner.browser.path == f"{CENTRE_PREFIX}/devices"
    owner.reads(wording(other)("devices.title"))
    owner.centre("/messages")
    owner.reads(wording(other)("messages.title"))
    owner.follow("a.language")
    owner.reads(owner.says("messages.title"))


STORIES = (
    Story("the wallet is locked, seen to be, and unlocked", locks_and_unlocks, (400,)),
    Story("a payment that waits is confirmed with a code", confirms_a_held_payment),
    Story("a payment that waits is refused, the money stopped", refuses_a_held_payment),
    Story("something wrong in the activity is found and reported", looks_for_what_happened),
    Story("a stranger’s device is removed, every device signed out", gives_a_device_up),
    Story("the wallet’s own sign-in leads in", comes_in_by_the_wallets_sign_in, (403,)),
    Story("the language is changed and stays", changes_the_language),
)
