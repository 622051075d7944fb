"""A past that fills every section of the centre: what happened, letters that were sent, and a case of support's own."""

from __future__ import annotations

from services.activity.repository import ActivityStore
from services.cases.preferences import Wanted
from tests.browser.served import Served
from tests.services.answers.asking import LOGIN, asks
from tests.services.centre.lived import DAY_S, HOUR_S, LAPTOP, live, row


async def ordinary_past(served: Served, language: str) -> None:
    """Keep it for the account li."""
    database, now = served.world.database, served.clock()
    await live(database, now)
    at = now - 3 * DAY_S
    money = {"kind": "payment", "outcome": "completed", "currency": "CNY"}
    more = [
        row("pay-7", at, "transaction", amount="2600.00", payee_id="blue-lotus-rentals", **money),
        row("pay-6", at - HOUR_S, "transaction", LAPTOP, amount="19.90", payee_id="metro-card", **money),
        row("l5", at - 2 * HOUR_S, "login", kind="password", outcome="success"),
    ]
    await ActivityStore(database, {"money": 400, "access": 400}, served.clock).write(more)
    for event_id in ("l1", "l2"):
        await asks(
            served.site,
            event_id,
            template="login_notice",
            type="login",
            shown=LOGIN,
            account_id="li",
            locale=language,
            happened_at=now - HOUR_S,
        )
    phrase = {"en": "pomegranate on the balcony", "zh-CN": "外婆家的石榴树"}[language]
    chosen = await served.site.app.state.cases.preferences("li")
    wanted = Wanted(
        alerts=chosen.alerts, quiet_from=1350, quiet_to=420, time_zone="Asia/Shanghai", phrase=phrase
    )
    await served.site.app.state.cases.set_preferences("li", wanted, "page")
