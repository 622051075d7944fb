"""For how long each table and topic is kept: one rule each, of which the page docs/retention.md is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct
from sqlalchemy import Column, ColumnElement, or_

from services.activity.tables import activity  # noqa: F401 (a table is known once its module is read)
from services.audit.tables import audit  # noqa: F401
from services.cases.hold_tables import account_holds, approvals, held_payments, owner_words
from services.cases.tables import (
    alerts,
    cases,
    contact_points,
    notices,
    outbox,
    recorded_decisions,
)
from services.http.api_keys import api_keys  # noqa: F401
from services.mfa.tables import challenges, factor_resets, factors, recovery_codes
from services.platform.settings import Settings
from services.portal.tables import visits
from services.rights import which
from services.wallet.tables import webhook_deliveries

#: Beyond the topics' own retention, which goes by whole segments.
_MARGIN_DAYS = 7
Days = Callable[[Settings], int]


class Rule(Struct, frozen=True, kw_only=True):
    """How long the rows of a table are kept: `days` after what `since` says, and then taken by `by`.

    `over` says which rows are past keeping, given the time (epoch seconds) before which they must have ended; None where another
    task or an administrator takes them. `days` is None for what has no end of its own.

    `of` says which rows an erasure of an account deletes, None for none; `erased` what it does, in words.
    """

    table: str
    since: str
    by: str = "retention"
    days: Days | None = None
    over: Callable[[float], ColumnElement[bool]] | None = None
    of: Callable[[str], ColumnElement[bool]] | None = None
    erased: str = "deleted"


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


def _once_past(
    ended: Column[Any],
    since: str,
    days: Days,
    of: Callable[[str], ColumnElement[bool]] | None = None,
) -> Rule:
    """The rule of a table whose rows end at the time in `ended`, and are of the account that they name unless `of` says more."""
    return Rule(
        table=ended.table.name,
        of=of or which.of_account(ended.table),
        since=since,
        days=days,
        over=lambda before: ended < before,
    )


#: In the order in which rows are taken: what points to others goes before them.
RULES: tuple[Rule, ...] = (
    Rule(
        table="deliveries",
        of=which.deliveries_of,
        since="their notice has ended",
        days=letters_days,
        over=which.deliveries_past,
    ),
    Rule(
        table="notices",
        of=which.of_account(notices),
        since="they have ended",
        days=letters_days,
        over=lambda before: which.ended(notices, before),
    ),
    _once_past(
        contact_points.c.until,
        since="another address took their place; the one in use stays",
        days=letters_days,
    ),
    _once_past(alerts.c.raised_at, since="they were raised", days=records_days),
    Rule(
        table="case_entries",
        of=which.entries_of,
        since="their case is resolved",
        days=records_days,
        over=which.entries_past,
    ),
    _once_past(cases.c.resolved_at, since="they are resolved; open ones stay", days=records_days),
    _once_past(held_payments.c.settled_at, since="they are settled", days=records_days),
    _once_past(
        account_holds.c.released_at, since="they are released; those that stand stay", days=records_days
    ),
    Rule(
        table="approvals",
        of=which.of_account(approvals),
        since="they are decided, or over",
        days=records_days,
        over=lambda before: or_(approvals.c.decided_at < before, approvals.c.expires_at < before),
    ),
    _once_past(owner_words.c.told_at, since="they were told", days=records_days),
    Rule(
        table="recorded_decisions",
        of=which.of_account(recorded_decisions),
        since="they were recorded, and no alert, case, freeze or held payment speaks of them",
        days=records_days,
        over=which.decisions_past,
    ),
    _once_past(webhook_deliveries.c.ended_at, since="they have ended", days=_topic_days, of=which.told_of),
    Rule(
        table="wallet_actions",
        of=which.done_of,
        erased="deleted once the wallet has done them; others lose the wallet's own words",
        since="the wallet could hear of them",
        days=records_days,
        over=which.actions_past,
    ),
    Rule(
        table="outbox",
        erased="sent records lose what they held, and keep their ids",
        since="they were sent; their ids keep an action from being sent twice",
        days=identity_days,
        over=lambda before: outbox.c.sent_at < before,
    ),
    _once_past(challenges.c.closed_at, since="they are closed", days=letters_days),
    _once_past(factor_resets.c.ended_at, since="they have ended", days=records_days),
    Rule(
        table="activity",
        erased="deleted, but for transactions of `PAYGUARD_ERASE_KEEPS_MONEY_DAYS`",
        since="the event's day, of transactions; all else for `PAYGUARD_ACTIVITY_ACCESS_DAYS`",
        by="activity-retention",
        days=lambda settings: settings.activity_money_days,
    ),
    Rule(
        table="factor_devices",
        of=which.devices_of,
        since="90 days after the last pass on them",
        by="challenge-expiry",
    ),
    Rule(
        table="factors",
        of=which.of_account(factors),
        since="until the account is erased; a removed one keeps no secret",
        by="erase",
    ),
    Rule(
        table="recovery_codes",
        of=which.of_account(recovery_codes),
        since="until new ones are made, or the account is erased",
        by="erase",
    ),
    Rule(
        table="code_networks",
        erased="nothing of accounts",
        since="90 days after the last pass from them",
        by="challenge-expiry",
    ),
    Rule(table="code_minutes", erased="nothing of accounts", since="one hour", by="challenge-expiry"),
    Rule(
        table="portal_visits",
        of=which.of_account(visits),
        since="one hour after their end, when the next link is made",
        by="links",
    ),
    Rule(
        table="letter_rates",
        erased="nothing of accounts",
        since="always: one row a reason, nothing of accounts",
        by="nobody",
    ),
    Rule(
        table="api_keys",
        erased="nothing of accounts",
        since="always: a revoked key keeps its name",
        by="nobody",
    ),
    Rule(
        table="webhooks",
        erased="nothing of accounts",
        since="until an administrator removes them",
        by="an administrator",
    ),
    Rule(
        table="audit",
        erased="rows stay, without networks and reasons",
        since="always: it is a chain; see below",
        by="nobody",
    ),
    Rule(
        table="audit_heads",
        erased="nothing of accounts",
        since="always: one row a partition of the audit",
        by="nobody",
    ),
)
