"""What a user does on one page after another, as several stories need it."""

from __future__ import annotations

from datetime import UTC, datetime

import pyotp

from services.activity.repository import ActivityStore
from services.activity.rows import Row
from services.cases.hold_tables import account_holds
from services.wallet.actions import WalletAction
from services.wallet.feed import ActionFeed, publish
from tests.browser.chromium import Browser
from tests.browser.served import Served


def type_code(browser: Browser, code: str) -> None:
    """Type the code, send it, and wait for the answer."""
    browser.find("#code").send_keys(code)
    browser.follow("button.main")


def keep_codes(browser: Browser) -> None:
    """Say that the recovery codes are kept, and go on."""
    browser.find("#kept").click()
    browser.follow("button.main")


def secret_on_page(browser: Browser) -> str:
    """The secret in the page's link to an authenticator on the same phone."""
    return pyotp.parse_uri(str(browser.find("a[href^=otpauth]").get_attribute("href"))).secret


def confirm_freeze(served: Served) -> None:
    """The wallet hears of the newest freeze, and says that it keeps it."""

    async def confirm() -> None:
        database, now = served.world.database, served.clock()
        standing = [each for each in await served.world.rows(account_holds) if each["released_at"] is None]
        hold = max(standing, key=lambda each: each["placed_at"])
        told = WalletAction(
            action_id=hold["hold_id"],
            kind="freeze",
            account_id=hold["account_id"],
            event_id=hold["event_id"],
            at=now,
        )
        async with database.begin() as connection:
            await publish(connection, [told], now)
        await ActionFeed(database, served.clock).acknowledge(hold["hold_id"], "done", "key:wallet")

    served.run(confirm())


def paid(served: Served) -> None:
    """A payment of Li's that was made three days ago."""
    at = served.clock() - 3 * 86_400.0
    day = datetime.fromtimestamp(at, UTC).date()
    row = Row(
        section="money",
        day=day,
        account_id="li",
        event_id="pay-7",
        at=at,
        type="transaction",
        kind="payment",
        outcome="completed",
        amount="2600.00",
        currency="CNY",
        payee_id="blue-lotus-rentals",
        device="iOS, Mobile Safari",
        country="CN",
        city="Shanghai",
    )
    store = ActivityStore(served.world.database, {"money": 400, "access": 180}, served.clock)
    served.run(store.write([row]))
