"""A desk in PostgreSQL: cases by the million, most of them over, written by the database itself; and people with sessions.

Of `cases` one in twenty is open: six of ten of risk, each with its decision, the others reported; a third are held by somebody,
one in twenty waits and one in twenty is snoozed. The others ended within a year, of the same kinds; those of the last RECENT_DAYS
have their decisions too. Their owners are the accounts of `centre_rows`; `desk_around` adds what stands around the open ones.
"""

from __future__ import annotations

import contextlib

from msgspec import json
from sqlalchemy import text

from contracts.decisions import Contribution, Decision
from contracts.shown import Shown, Usual
from services.platform.database import Database
from services.staff import members
from services.staff.sessions import Seen, Sessions

OPEN_SHARE, RECENT_DAYS = 20, 40
_KINDS = "(ARRAY['dispute', 'unauthorised', 'top_up_missing', 'payment_failed'])[1 + number % 4]"
_SEVERITIES = "(ARRAY['low', 'medium', 'high', 'critical'])[1 + (number / 7) % 4]"
#: Foreign keys are right by the way in which rows are made; checking each of millions takes longer than to write them.
UNCHECKED = "SET LOCAL session_replication_role = replica"
_OPEN = f"""
INSERT INTO cases (case_id, account_id, state, severity, verdict, assignee, opened_at, changed_at, resolved_at, version, kind,
  subject_event_id, first_response_due_at, due_at, decide_by, snoozed_until, waiting_for, waiting_since, at_stake, stake_currency,
  next_due_at)
SELECT md5('case' || number), 'account-' || number, CASE WHEN held THEN 'in_review' ELSE 'open' END, severity, NULL,
  CASE WHEN held THEN 'agent-' || number % 20 END, due - 435000, due - 435000, NULL, 1, kind,
  CASE WHEN kind <> 'risk' THEN 'event-' || number END, CASE WHEN kind <> 'risk' THEN due END,
  CASE WHEN kind <> 'risk' THEN due + 864000 END, CASE WHEN kind = 'risk' THEN due END,
  CASE WHEN number % 20 = 7 THEN CAST(:now AS float8) + 86400 END, CASE WHEN number % 20 = 9 THEN 'owner' END,
  CASE WHEN number % 20 = 9 THEN due - 3600 END, '412.00', 'CNY', due
FROM (
  SELECT number, number % 3 = 0 AS held, CASE WHEN number % 10 < 6 THEN 'risk' ELSE {_KINDS} END AS kind,
    {_SEVERITIES} AS severity, CAST(:now AS float8) - 600 + ((number * 7919) % 432000) AS due
  FROM generate_series(1, :open) AS number
) AS made
"""  # noqa: S608 (all of it is ours)
_OVER = f"""
INSERT INTO cases (case_id, account_id, state, severity, verdict, assignee, opened_at, changed_at, resolved_at, version, kind,
  subject_event_id, first_response_due_at, due_at, first_answered_at)
SELECT md5('case' || number), 'account-' || number % 100000, 'resolved', {_SEVERITIES},
  CASE WHEN kind = 'risk' THEN CASE WHEN number % 4 = 0 THEN 'legitimate' ELSE 'fraud' END ELSE 'explained' END,
  'agent-' || number % 20, at, at + took, at + took, 3, kind, CASE WHEN kind <> 'risk' THEN 'event-' || number END,
  CASE WHEN kind <> 'risk' THEN at + 86400 END, CASE WHEN kind <> 'risk' THEN at + 864000 END,
  CASE WHEN kind <> 'risk' THEN at + took / 2 END
FROM (
  SELECT number, CASE WHEN number % 10 < 6 THEN 'risk' ELSE {_KINDS} END AS kind, 300 + (number % 10000 * 7919) % 86400 AS took,
    CAST(:now AS float8) - 90000 - (number * 31) % 31536000 AS at
  FROM generate_series(:open + 1, :cases) AS number
) AS made
"""  # noqa: S608
_ENTRIES = """
INSERT INTO case_entries (case_id, kind, at, actor, note, severity, effect_id, event_id)
SELECT case_id, 'opened', opened_at, NULL, NULL, severity, 'opened' || case_id,
  CASE WHEN kind = 'risk' THEN 'decided-' || case_id END
FROM cases
UNION ALL
SELECT case_id, 'assigned', changed_at - 200, 'staff:' || assignee, assignee, NULL, NULL, NULL FROM cases
WHERE assignee IS NOT NULL
UNION ALL
SELECT case_id, 'resolved', resolved_at, 'staff:' || assignee, NULL, NULL, NULL, NULL FROM cases WHERE resolved_at IS NOT NULL
"""
_DECISIONS = """
INSERT INTO recorded_decisions (account_id, event_id, at, recorded_at, body)
SELECT account_id, 'decided-' || case_id, opened_at, opened_at,
  replace(replace(CAST(:body AS text), 'THE-ACCOUNT', account_id), 'THE-EVENT', 'decided-' || case_id)
FROM cases WHERE kind = 'risk' AND (state <> 'resolved' OR resolved_at > CAST(:since AS float8))
"""
_ALERTS = """
INSERT INTO alerts (effect_id, event_id, account_id, severity, raised_at)
SELECT 'alert' || event_id, event_id, account_id, 'high', recorded_at FROM recorded_decisions
"""
_HELD = """
INSERT INTO held_payments (account_id, event_id, effect_id, amount, currency, payee_id, state, placed_at, due_at)
SELECT account_id, 'decided-' || case_id, 'held' || case_id, '18000.00', 'CNY', 'payee-7', 'held', opened_at, opened_at + 864000
FROM cases WHERE kind = 'risk' AND state <> 'resolved' AND severity = 'critical'
"""


def decision_body(now: float) -> str:
    """A decision as the worker writes it, of THE-ACCOUNT and THE-EVENT."""
    finding = Contribution(
        detector="new_device",
        reason="new_device",
        weight=2.0,
        share=60,
        value="Android 14",
        baseline=2,
        threshold=0,
    )
    usual = Usual(country="CN", city="Shanghai", amount="118.40", currency="CNY", payee_known=False)
    shown = Shown(
        device="Android, Chrome",
        country="PH",
        city="Manila",
        network_kind="vpn",
        amount="18000.00",
        currency="CNY",
        payee_id="payee-7",
        kind="transfer",
        status="requested",
        usual=usual,
    )
    decision = Decision(
        event_id="THE-EVENT",
        account_id="THE-ACCOUNT",
        type="transaction",
        at=now,
        risk=0.97,
        score=91,
        action="hold",
        policy_version="default-1",
        findings=(finding,) * 4,
        shown=shown,
        held=True,
    )
    return json.encode(decision).decode()


async def fill_cases(database: Database, cases: int, now: float) -> None:
    """So many cases, one in OPEN_SHARE of them open at `now` (epoch seconds), in tables that are there and empty."""
    given = {"now": now, "cases": cases, "open": max(1, cases // OPEN_SHARE)}
    for statement, values in (
        (_OPEN, {"now": now, "open": given["open"]}),
        (_OVER, given),
        (_ENTRIES, {}),
        (_DECISIONS, {"body": decision_body(now), "since": now - RECENT_DAYS * 86_400.0}),
        (_ALERTS, {}),
        (_HELD, {}),
    ):
        async with database.begin() as connection:
            await connection.execute(text(UNCHECKED))
            await connection.execute(text(statement), values)


async def agents(database: Database, count: int, now: float) -> list[str]:
    """The cookies' texts of so many agents who are signed in, and of a senior, who is the last."""
    sessions = Sessions(database, lambda: now)
    found: list[str] = []
    for name, role in (*((f"agent-{number}", "agent") for number in range(count)), ("senior", "senior")):
        member = members.made(name, role, time_zone="Asia/Shanghai")
        async with database.begin() as connection:
            with contextlib.suppress(members.NameTaken):
                await members.add(connection, member, "bench", now)
            found.append(await sessions.begin(connection, member, "password", Seen()))
    return found
