"""Which rows are past keeping, and which are of an account, where a column alone does not say it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, exists, func, select

from services.cases.hold_tables import account_holds, held_payments
from services.cases.message_tables import messages
from services.cases.tables import alerts, case_entries, cases, notices, recorded_decisions
from services.help.tables import security_notice_accounts, security_notices
from services.mfa.limit_tables import factor_devices
from services.mfa.tables import factors
from services.wallet.tables import wallet_actions, webhook_deliveries


def of_account(table: Table) -> Callable[[str], ColumnElement[bool]]:
    """Whose account it is."""
    return lambda account_id: table.c.account_id == account_id


def by_case(table: Table) -> Callable[[str], ColumnElement[bool]]:
    """Of the cases of the account."""
    mine = select(cases.c.case_id)
    return lambda account_id: table.c.case_id.in_(mine.where(cases.c.account_id == account_id))


def entries_of(account_id: str) -> ColumnElement[bool]:
    """Of the cases of the account."""
    return case_entries.c.case_id.in_(select(cases.c.case_id).where(cases.c.account_id == account_id))


def devices_of(account_id: str) -> ColumnElement[bool]:
    """Of the factors of the account."""
    return factor_devices.c.factor_id.in_(select(factors.c.id).where(factors.c.account_id == account_id))


def told_of(account_id: str) -> ColumnElement[bool]:
    """Deliveries of actions that are deleted below."""
    return webhook_deliveries.c.action_id.in_(select(wallet_actions.c.action_id).where(done_of(account_id)))


def done_of(account_id: str) -> ColumnElement[bool]:
    """Actions that the wallet has done. Not the newest of all: its place must not be given again."""
    newest = select(func.max(wallet_actions.c.sequence)).scalar_subquery()
    return and_(
        wallet_actions.c.account_id == account_id,
        wallet_actions.c.result.in_(["done", "already"]),
        wallet_actions.c.sequence < newest,
    )


def ended(notice: Any, before: float) -> ColumnElement[bool]:
    """Notices that ended before that time."""
    return and_(notice.c.state.not_in(("waiting", "planned")), notice.c.ended_at < before)


def messages_past(before: float) -> ColumnElement[bool]:
    """Of such notices."""
    return messages.c.notice_id.in_(select(notices.c.notice_id).where(ended(notices, before)))


def of_resolved(table: Table, before: float) -> ColumnElement[bool]:
    """Of cases that were resolved before that time."""
    return table.c.case_id.in_(select(cases.c.case_id).where(cases.c.resolved_at < before))


def decisions_past(before: float) -> ColumnElement[bool]:
    """Nobody speaks of it any more: no alert, no case, no freeze, no held payment."""
    this = recorded_decisions.c
    of_alert = exists().where(alerts.c.account_id == this.account_id, alerts.c.event_id == this.event_id)
    of_case = exists(
        select(cases.c.case_id)
        .join(case_entries)
        .where(cases.c.account_id == this.account_id, case_entries.c.event_id == this.event_id)
    )
    of_freeze = exists().where(
        account_holds.c.account_id == this.account_id, account_holds.c.event_id == this.event_id
    )
    of_payment = exists().where(
        held_payments.c.account_id == this.account_id, held_payments.c.event_id == this.event_id
    )
    return and_(this.recorded_at < before, ~of_alert, ~of_case, ~of_freeze, ~of_payment)


def actions_past(before: float) -> ColumnElement[bool]:
    """Not the newest: its place must not be given again."""
    newest = select(func.max(wallet_actions.c.sequence)).scalar_subquery()
    return and_(wallet_actions.c.published_at < before, wallet_actions.c.sequence < newest)


def told_past(before: float) -> ColumnElement[bool]:
    """Whom notices were for that were over before that time, or are gone."""
    standing = select(security_notices.c.notice_id).where(security_notices.c.until >= before)
    return security_notice_accounts.c.notice_id.not_in(standing)
