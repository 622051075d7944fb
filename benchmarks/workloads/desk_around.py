"""What stands around the open cases of `desk_rows`: contacts, the cases' own events, letters, freezes, answers, codes, reports.

Of ten cases of risk two were denied by their owners, whose accounts are frozen since; a quarter was asked for a code. Subjects of
cases about top-ups and failed payments are such, at a channel.
"""

from __future__ import annotations

from msgspec import json
from sqlalchemy import text

from benchmarks.workloads.desk_rows import UNCHECKED
from services.platform.database import Database
from services.wallet.actions import WalletAction

_ACTION = json.encode(
    WalletAction(
        action_id="THE-ACTION",
        kind="freeze",
        account_id="THE-ACCOUNT",
        event_id="THE-EVENT",
        at=1_700_000_000.0,
    )
).decode()
_STATEMENTS = (
    """
CREATE TEMPORARY TABLE risky ON COMMIT DROP AS SELECT case_id, account_id, opened_at, CAST(substr(account_id, 9) AS int) AS number
FROM cases WHERE kind = 'risk' AND state <> 'resolved'
""",
    "CREATE TEMPORARY TABLE denied ON COMMIT DROP AS SELECT * FROM risky WHERE number % 5 = 0",
    """
INSERT INTO contact_points (point_id, account_id, channel, address, locale, time_zone, since)
SELECT md5('point' || account_id), account_id, 'mail', account_id || '@example.com', 'zh-CN', 'Asia/Shanghai',
  min(opened_at) - 86400
FROM cases WHERE state <> 'resolved' GROUP BY account_id
""",
    """
INSERT INTO activity (section, day, account_id, event_id, at, type, kind, outcome, amount, currency, payee_id, payee_key,
  device_key, network_key, device, country, city, network_kind, session_id)
SELECT 'money', CAST(to_timestamp(opened_at) AT TIME ZONE 'UTC' AS date), account_id, 'decided-' || case_id, opened_at,
  'transaction', 'transfer', 'requested', '18000.00', 'CNY', 'payee-7', :payee_key, decode(substr(case_id, 1, 16), 'hex'),
  decode(lpad(to_hex(number), 16, '0'), 'hex'), 'Android, Chrome', 'PH', 'Manila', 'vpn', 'theirs'
FROM risky
""",
    """
UPDATE activity SET kind = CASE WHEN cases.kind = 'top_up_missing' THEN 'top_up' ELSE 'payment' END,
  outcome = CASE WHEN cases.kind = 'top_up_missing' THEN 'requested' ELSE 'failed' END,
  reason = CASE WHEN cases.kind = 'payment_failed' THEN 'insufficient_funds' END,
  channel = 'bank-' || CAST(substr(cases.account_id, 9) AS int) % 5, reference = 'money-' || activity.event_id
FROM cases WHERE cases.state <> 'resolved' AND cases.kind IN ('top_up_missing', 'payment_failed') AND activity.section = 'money'
  AND activity.day >= CURRENT_DATE - 4 AND activity.account_id = cases.account_id AND activity.event_id = cases.subject_event_id
""",
    """
INSERT INTO notices (notice_id, event_id, account_id, template, recorded_at, state, next_at, ended_at)
SELECT 'letter-' || case_id, 'decided-' || case_id, account_id, 'account_locked', opened_at, 'delivered', opened_at, opened_at + 3
FROM risky
""",
    """
INSERT INTO messages (message_id, notice_id, account_id, channel, address_key, message_class, template, locale, time_zone, state,
  planned_at, next_at, ended_at, delivered_at)
SELECT 'letter-' || case_id, 'letter-' || case_id, account_id, 'mail', md5(account_id), 'security', 'account_locked', 'zh-CN',
  'Asia/Shanghai', 'delivered', opened_at, opened_at, opened_at + 3, opened_at + 3
FROM risky
""",
    """
INSERT INTO owner_words (account_id, event_id, about_event_id, verdict, proof, told_at, told_by)
SELECT account_id, 'word-' || case_id, 'decided-' || case_id, 'not_me', 'link', opened_at + 60, 'owner' FROM denied
""",
    """
INSERT INTO account_holds (hold_id, account_id, event_id, placed_at, placed_by)
SELECT 'hold-' || case_id, account_id, 'word-' || case_id, opened_at + 60, 'owner' FROM denied
""",
    """
INSERT INTO outbox (identity, kind, key, payload, created_at, sent_at)
SELECT 'hold-' || case_id, 'action', account_id, replace(replace(replace(CAST(:action AS text), 'THE-ACTION', 'hold-' || case_id),
  'THE-ACCOUNT', account_id), 'THE-EVENT', 'word-' || case_id), opened_at + 60, opened_at + 60
FROM denied
""",
    """
INSERT INTO wallet_actions (action_id, kind, account_id, event_id, at, published_at, result, result_at, result_by)
SELECT 'hold-' || case_id, 'freeze', account_id, 'word-' || case_id, opened_at + 60, opened_at + 60, 'done', opened_at + 61,
  'bench'
FROM denied
""",
    """
INSERT INTO challenges (challenge_id, account_id, event_id, purpose, digest, state, issued_at, expires_at, attempts_left,
  closed_at)
SELECT 'code-' || case_id, account_id, 'decided-' || case_id, 'transaction', md5(case_id), 'failed', opened_at, opened_at + 300,
  0, opened_at + 90
FROM risky WHERE number % 4 = 1
""",
    """
INSERT INTO case_reports (case_id, account_id, answers, text, through, made_at)
SELECT case_id, account_id, '{}', 'I paid and nothing came. What can I do?', 'page', opened_at
FROM cases WHERE kind <> 'risk' AND state <> 'resolved'
""",
)


async def fill_around(database: Database, payee_key: bytes) -> None:
    """All of it, and what the database knows of its tables brought up to date. `payee_key` is that of payee-7."""
    given = {"payee_key": payee_key, "action": _ACTION}
    async with database.begin() as connection:
        await connection.execute(text(UNCHECKED))
        for statement in _STATEMENTS:
            named = {name: value for name, value in given.items() if f":{name}" in statement}
            await connection.execute(text(statement), named)
    async with database.engine.connect() as connection:
        await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(
            text("VACUUM ANALYZE")
        )
