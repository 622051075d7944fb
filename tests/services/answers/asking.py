"""Letters that ask "was this you?", as the product writes them, and their links."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from contracts.decisions import AnyEffect, HoldPayment, IssueChallenge, Notify, approval_digest, effect_id
from contracts.shown import Shown, Usual
from services.cases.contact_points import Contact, change_contact
from services.cases.repository import keep
from services.cases.tables import outbox as rows
from services.mfa.repository import record_issued
from services.wallet.actions import read_action
from services.wallet.feed import publish
from services.wallet.tables import wallet_actions
from tests.services.cases.decided import recorded
from tests.services.portal.site import Site

ACCOUNT = "linxiaoyu"
MONEY = Shown(
    device="Android, Chrome Mobile",
    country="MY",
    city="Kuala Lumpur",
    accuracy_km=50.0,
    amount="18000.00",
    currency="CNY",
    payee_id="chen-wei-4471",
    kind="payment",
    status="requested",
    usual=Usual(device="iOS, Mobile Safari", country="CN", city="Shanghai", at=1.7e9, payee_known=False),
)
LOGIN = Shown(device="Windows, Edge", country="CN", city="Suzhou", accuracy_km=25.0, kind="password")


def held(event_id: str, account_id: str = ACCOUNT) -> HoldPayment:
    """The effect that holds a payment."""
    return HoldPayment(
        effect_id=effect_id(account_id, event_id, "hold_payment"),
        due_s=259_200,
        amount="18000.00",
        currency="CNY",
        payee_id="chen-wei-4471",
    )


def challenged(event_id: str, account_id: str = ACCOUNT) -> IssueChallenge:
    """The effect that asks for a code."""
    return IssueChallenge(
        effect_id=effect_id(account_id, event_id, "issue_challenge"),
        challenge_id=effect_id(account_id, event_id, "challenge"),
        purpose="transaction",
        digest=approval_digest(event_id, "transaction", "18000.00", "CNY", "chen-wei-4471"),
        lifetime_s=300,
        amount="18000.00",
        currency="CNY",
        payee_id="chen-wei-4471",
    )


async def asks(
    site: Site,
    event_id: str = "e1",
    *,
    template: str = "hold_notice",
    type: str = "transaction",
    shown: Shown = MONEY,
    effects: tuple[AnyEffect, ...] = (),
    account_id: str = ACCOUNT,
    locale: str = "en",
    **changes: Any,
) -> str:
    """The path of the link of a letter about a new decision."""
    notify = Notify(effect_id=effect_id(account_id, event_id, "notify"), template=template)
    decision = recorded(
        event_id,
        account_id,
        (*effects, notify),
        at=site.world.clock.at,
        type=type,
        shown=shown,
        **changes,
    )
    async with site.world.database.begin() as connection:
        await keep(connection, [decision], record_issued)
        await change_contact(
            connection,
            account_id,
            Contact(f"{account_id}@example.com", locale, "Asia/Shanghai"),
            site.world.clock.at,
            f"point-{account_id}",
        )
    return path_of(site, notify.effect_id, account_id)


def path_of(site: Site, notice_id: str, account_id: str = ACCOUNT) -> str:
    """The path of the link of a notice."""
    text = site.app.state.answers.links.text(notice_id, account_id)
    assert text is not None
    return f"/my/answer/{text}"


async def tell_wallet(site: Site) -> list[str]:
    """Tell the wallet what waits for it; the kinds, in order."""
    async with site.world.database.begin() as connection:
        query = select(rows.c.payload).where(rows.c.kind == "action").order_by(rows.c.id)
        actions = [read_action(payload) for payload in (await connection.execute(query)).scalars()]
        await publish(connection, actions, site.world.clock.at)
    return [action.kind for action in actions]


async def confirm(site: Site) -> None:
    """Have the wallet do all that it was told."""
    await tell_wallet(site)
    for action in await site.world.rows(wallet_actions):
        await site.app.state.actions.acknowledge(action["action_id"], "done", "key:wallet")
