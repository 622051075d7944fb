"""For how long each table and topic is kept: one rule each, of which the page docs/retention.md is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from services.activity.tables import activity  # noqa: F401 (a table is known once its module is read)
from services.audit.tables import audit  # noqa: F401
from services.cases.hold_tables import account_holds, approvals, held_payments, owner_words
from services.cases.tables import (
    alerts,
    case_entries,
    cases,
    contact_points,
    deliveries,
    notices,
    outbox,
    recorded_decisions,
)
from services.http.api_keys import api_keys  # noqa: F401
from services.mfa.limit_tables import code_networks  # noqa: F401
from services.mfa.tables import challenges, factor_resets
from services.platform.settings import Settings
from services.portal.tables import visits  # noqa: F401
from services.wallet.tables import wallet_actions, webhook_deliveries

#: Beyond the topics' own retention, which goes by whole segments.
_MARGIN_DAYS = 7
Days = Callable[[Settings], int]


class Rule(Struct, frozen=True, kw_only=True):
    """How long the rows of a table are kept: `days` after what `since` says, and then taken by `by`.

    `over` says which rows are past keeping, given the time (epoch seconds) before which they must have ended; None where another
    task or an administrator takes them. `days` is None for what has no end of its own.
    """

    table: str
    since: str
    by: str = "retention"
    days: Days | None = None
    over: Callable[[float], ColumnElement[bool]] | None = None


def identity_days(settings: Settings) -> int:
    """So long are derived ids remembered: while a topic may hand out their event, or its decision, again."""
    return max(settings.events_days, settings.topic_days) + _MARGIN_DAYS


def records_days(settings: Settings) -> int:
    """Of what was decided and done."""
    return max(settings.records_days, identity_days(settings))


def letters_days(settings: Settings) -> int:
    """Of what was written to owners."""
    return max(settings.letters_days, identity_days(settings))


def _topic_days(settings: Settings) -> int:
    return settings.topic_days


def _ended(notice: Any, before: float) -> ColumnElement[bool]:
    return and_(notice.c.state != "waiting", notice.c.ended_at < before)


def _delivery(before: float) -> ColumnElement[bool]:
    return deliveries.c.notice_id.in_(select(notices.c.notice_id).where(_ended(notices, before)))


def _entry(before: float) -> ColumnElement[bool]:
    return case_entries.c.case_id.in_(select(cases.c.case_id).where(cases.c.resolved_at < before))


def _decision(before: float) -> ColumnElement[bool]:
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


def _action(before: float) -> ColumnElement[bool]:
    """Not the newest: its place must not be given again."""
    newest = select(func.max(wallet_actions.c.sequence)).scalar_subquery()
    return and_(wallet_actions.c.published_at < before, wallet_actions.c.sequence < newest)


#: In the order in which rows are taken: what points to others goes before them.
RULES: tuple[Rule, ...] = (
    Rule(table="deliveries", since="their notice has ended", days=letters_days, over=_delivery),
    Rule(
        table="notices",
        since="they have ended",
        days=letters_days,
        over=lambda before: _ended(notices, before),
    ),
    Rule(
        table="contact_points",
        since="another address took their place; the one in use stays",
        days=letters_days,
        over=lambda before: contact_points.c.until < before,
    ),
    Rule(
        table="alerts",
        since="they were raised",
        days=records_days,
        over=lambda before: alerts.c.raised_at < before,
    ),
    Rule(table="case_entries", since="their case is resolved", days=records_days, over=_entry),
    Rule(
        table="cases",
        since="they are resolved; open ones stay",
        days=records_days,
        over=lambda before: cases.c.resolved_at < before,
    ),
    Rule(
        table="held_payments",
        since="they are settled",
        days=records_days,
        over=lambda before: held_payments.c.settled_at < before,
    ),
    Rule(
        table="account_holds",
        since="they are released; those that stand stay",
        days=records_days,
        over=lambda before: account_holds.c.released_at < before,
    ),
    Rule(
        table="approvals",
        since="they are decided, or over",
        days=records_days,
        over=lambda before: or_(approvals.c.decided_at < before, approvals.c.expires_at < before),
    ),
    Rule(
        table="owner_words",
        since="they were told",
        days=records_days,
        over=lambda before: owner_words.c.told_at < before,
    ),
    Rule(
        table="recorded_decisions",
        since="they were recorded, and no alert, case, freeze or held payment speaks of them",
        days=records_days,
        over=_decision,
    ),
    Rule(table="wallet_actions", since="the wallet could hear of them", days=records_days, over=_action),
    Rule(
        table="webhook_deliveries",
        since="they have ended",
        days=_topic_days,
        over=lambda before: webhook_deliveries.c.ended_at < before,
    ),
    Rule(
        table="outbox",
        since="they were sent; their ids keep an action from being sent twice",
        days=identity_days,
        over=lambda before: outbox.c.sent_at < before,
    ),
    Rule(
        table="challenges",
        since="they are closed",
        days=letters_days,
        over=lambda before: challenges.c.closed_at < before,
    ),
    Rule(
        table="factor_resets",
        since="they have ended",
        days=records_days,
        over=lambda before: factor_resets.c.ended_at < before,
    ),
    Rule(
        table="activity",
        since="the event's day, of transactions; all else for `PAYGUARD_ACTIVITY_ACCESS_DAYS`",
        by="activity-retention",
        days=lambda settings: settings.activity_money_days,
    ),
    Rule(table="factors", since="until the account is erased; a removed one keeps no secret", by="erase"),
    Rule(table="recovery_codes", since="until new ones are made, or the account is erased", by="erase"),
    Rule(table="factor_devices", since="90 days after the last pass on them", by="challenge-expiry"),
    Rule(table="code_networks", since="90 days after the last pass from them", by="challenge-expiry"),
    Rule(table="code_minutes", since="one hour", by="challenge-expiry"),
    Rule(table="portal_visits", since="one hour after their end, when the next link is made", by="links"),
    Rule(table="letter_rates", since="always: one row a reason, nothing of accounts", by="nobody"),
    Rule(table="api_keys", since="always: a revoked key keeps its name", by="nobody"),
    Rule(table="webhooks", since="until an administrator removes them", by="an administrator"),
    Rule(table="audit", since="always: it is a chain; see below", by="nobody"),
    Rule(table="audit_heads", since="always: one row a partition of the audit", by="nobody"),
)
