"""For how long each table and topic is kept: one rule each, of which the page docs/retention.md is made."""

from __future__ import annotations

from sqlalchemy import or_

from services.activity.tables import activity  # noqa: F401 (a table is known once its module is read)
from services.audit.tables import audit  # noqa: F401
from services.cases.acts.tables import case_mentions, desk_acts
from services.cases.answer_tables import answer_links
from services.cases.hold_tables import account_holds, approvals, held_payments, owner_words
from services.cases.message_tables import inbox, messages
from services.cases.owner_tables import incidents, preferences
from services.cases.queue_tables import bulk_acts, presence
from services.cases.report_tables import case_files, case_reports
from services.cases.tables import (
    alerts,
    case_entries,
    cases,
    contact_points,
    notices,
    outbox,
    recorded_decisions,
)
from services.cases.work_tables import case_fields, case_steps
from services.desk.bulk_message_tables import bulk_messages
from services.help.tables import (
    faq,
    faq_drafts,
    faq_reads,
    faq_searches,
    faq_terms,  # noqa: F401
    faq_votes,
    security_notice_accounts,
    security_notices,
)
from services.http.api_keys import api_keys  # noqa: F401
from services.mfa.tables import challenges, factor_resets, factors, recovery_codes
from services.portal.tables import visits
from services.rights import which
from services.rights.attack_rules import ATTACK_RULES
from services.rights.desk_rules import OF_STAFF
from services.rights.rule import (
    Rule,
    help_days,
    identity_days,
    kept_topic_days,
    letters_days,
    of_case,
    of_nobody,
    once_past,
    one_day,
    records_days,
)
from services.rights.ticket_rules import TICKET_RULES
from services.wallet.tables import webhook_deliveries

#: In the order in which rows are taken: what points to others goes before them.
RULES: tuple[Rule, ...] = (
    Rule(
        table="inbox",
        of=which.of_account(inbox),
        since="what they tell happened",
        days=letters_days,
        over=lambda before: inbox.c.at < before,
    ),
    Rule(
        table="messages",
        of=which.of_account(messages),
        since="their notice has ended",
        days=letters_days,
        over=which.messages_past,
    ),
    Rule(
        table="notices",
        of=which.of_account(notices),
        since="they have ended",
        days=letters_days,
        over=lambda before: which.ended(notices, before),
    ),
    once_past(incidents.c.last_at, since="the last finding joined them", days=letters_days),
    Rule(
        table="preferences",
        of=which.of_account(preferences),
        since="until the account is erased",
        by="erase",
    ),
    once_past(
        contact_points.c.until,
        since="another address took their place; the one in use stays",
        days=letters_days,
    ),
    once_past(alerts.c.raised_at, since="they were raised", days=records_days),
    of_case(case_files),
    of_case(case_reports),
    of_case(case_steps),
    of_case(case_fields),
    of_case(case_mentions),
    of_case(desk_acts),
    of_case(bulk_messages),
    of_case(case_entries, which.entries_of),
    of_nobody(presence.c.seen_at, "a page of the desk showed the case", one_day),
    of_nobody(bulk_acts.c.at, "somebody did it to several cases at once", one_day),
    *TICKET_RULES,
    once_past(cases.c.resolved_at, since="they are resolved; open ones stay", days=records_days),
    once_past(held_payments.c.settled_at, since="they are settled", days=records_days),
    once_past(
        account_holds.c.released_at, since="they are released; those that stand stay", days=records_days
    ),
    Rule(
        table="approvals",
        of=which.of_account(approvals),
        since="they are decided, or over",
        days=records_days,
        over=lambda before: or_(approvals.c.decided_at < before, approvals.c.expires_at < before),
    ),
    once_past(owner_words.c.told_at, since="they were told", days=records_days),
    once_past(answer_links.c.answered_at, since="they were answered", days=records_days),
    Rule(
        table="recorded_decisions",
        of=which.of_account(recorded_decisions),
        since="they were recorded, and no alert, case, freeze or held payment speaks of them",
        days=records_days,
        over=which.decisions_past,
    ),
    once_past(webhook_deliveries.c.ended_at, since="they have ended", days=kept_topic_days, of=which.told_of),
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
    once_past(challenges.c.closed_at, since="they are closed", days=letters_days),
    once_past(factor_resets.c.ended_at, since="they have ended", days=records_days),
    of_nobody(faq.c.replaced_at, "another version took their place; the current one stays", records_days),
    of_nobody(faq_searches.c.at, "they were asked", help_days),
    of_nobody(faq_reads.c.day, "that day", help_days),
    of_nobody(faq_votes.c.at, "they were given", help_days),
    of_nobody(
        faq_drafts.c.ended_at, "they were taken into the help, or dropped; those that wait stay", help_days
    ),
    Rule(
        table="security_notice_accounts",
        of=which.of_account(security_notice_accounts),
        since="their notice is over",
        days=help_days,
        over=which.told_past,
    ),
    of_nobody(security_notices.c.until, "they are over", help_days),
    Rule(
        table="faq_terms",
        erased="nothing of accounts",
        since="while their answer is shown",
        by="whoever writes the answer",
    ),
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
    *OF_STAFF,
    *ATTACK_RULES,
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
        table="connections",
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
