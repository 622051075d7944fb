"""The two statements of `quick_judge`, for PostgreSQL: all that a pass writes, and all that a refusal does.

Each checks again whatever the verdict rests on, and writes nothing where that has changed. Rows are locked in the order that
`limits` names: each part waits for those that it counts. A step that was burnt or a failure that was counted without its entry
in the audit ends the statement with an error, and nothing has happened.
"""

from __future__ import annotations

from services.audit import audit_log
from services.platform.statement_pool import Statement

#: Locks the challenge if it is open and has more attempts left than `spared`.
_JUDGED = """
WITH judged AS MATERIALIZED (
  SELECT challenge_id FROM challenges
  WHERE challenge_id = %(challenge_id)s AND state = 'open' AND attempts_left > {spared} AND expires_at > %(at)s
  FOR UPDATE
), """
_PASSING = """
burnt AS (
  UPDATE factors SET last_step = %(step)s, failures_in_row = 0, failures_total = 0 FROM judged
  WHERE id = %(factor_id)s AND state = 'active' AND last_step < %(step)s AND hinted_step <> %(step)s
    AND locked_until <= %(at)s AND failures_total < %(stranger_failures)s
  RETURNING id
), closed AS (
  UPDATE challenges SET state = 'passed', closed_at = %(at)s, passed_step = %(step)s FROM burnt
  WHERE challenges.challenge_id = %(challenge_id)s
  RETURNING attempts_left
), told AS (
  INSERT INTO outbox (identity, kind, key, payload, created_at)
  SELECT %(identity)s, 'event', %(account_id)s, %(payload)s, %(at)s FROM closed
  ON CONFLICT DO NOTHING
), from_network AS (
  INSERT INTO code_networks (network, spent_until, passed_at)
  SELECT %(network_to_note)s::text, 0, %(at)s FROM closed WHERE %(network_to_note)s::text IS NOT NULL
  ON CONFLICT (network) DO UPDATE
  SET passed_at = excluded.passed_at, spent_until = code_networks.spent_until - %(given_back_s)s::float8
  RETURNING 1
), from_device AS (
  INSERT INTO factor_devices (factor_id, device, passed_at, tries, tries_since, failures)
  SELECT %(factor_id)s, %(device_to_note)s::text, %(at)s, 0, 0, 0
  FROM closed, (SELECT count(*) FROM from_network) AS noted WHERE %(device_to_note)s::text IS NOT NULL
  ON CONFLICT (factor_id, device) DO UPDATE SET passed_at = excluded.passed_at, failures = 0
  RETURNING factor_id
), surplus AS (
  DELETE FROM factor_devices USING from_device
  WHERE factor_devices.factor_id = from_device.factor_id AND device IN (
    SELECT device FROM factor_devices WHERE factor_id = %(factor_id)s AND device <> %(device_to_note)s::text
    ORDER BY passed_at DESC, device OFFSET %(others_kept)s
  )
  RETURNING 1
), """
_ALL_NOTED = "closed, (SELECT count(*) FROM from_network) AS noted, (SELECT count(*) FROM surplus) AS gone"
_AUDITED = " SELECT attempts_left, 1 / (SELECT count(*) FROM written) FROM "
#: By `audit.parameters` and: step, identity and payload of the outcome, what is noted of network and device, others_kept,
#: stranger_failures.
PASS = Statement(
    _JUDGED.format(spared=0) + _PASSING + audit_log.appended_after(_ALL_NOTED) + _AUDITED + "closed"
)

_REFUSING = """
counted AS (
  UPDATE factors SET failures_in_row = failures_in_row + 1, failures_total = failures_total + %(strange)s FROM judged
  WHERE id = %(factor_id)s AND state = 'active' AND locked_until <= %(at)s
    AND failures_in_row + 1 < %(lock_after)s AND failures_total + %(strange)s < %(stranger_failures)s
  RETURNING id
), spent AS (
  UPDATE challenges SET attempts_left = attempts_left - 1 FROM counted
  WHERE challenges.challenge_id = %(challenge_id)s
  RETURNING attempts_left
), charged AS (
  INSERT INTO code_networks (network, spent_until)
  SELECT %(network_to_charge)s::text, %(at)s + %(refill_s)s FROM spent WHERE %(network_to_charge)s::text IS NOT NULL
  ON CONFLICT (network) DO UPDATE
  SET spent_until = greatest(code_networks.spent_until, %(at)s) + %(refill_s)s
  RETURNING 1
), from_device AS (
  UPDATE factor_devices SET failures = failures + 1 FROM spent, (SELECT count(*) FROM charged) AS noted
  WHERE factor_id = %(factor_id)s AND device = %(device_to_charge)s::text
  RETURNING 1
), fleet AS (
  INSERT INTO code_minutes (minute, lane, refused)
  SELECT %(minute)s, %(fleet_lane)s, 1 FROM spent, (SELECT count(*) FROM from_device) AS noted
  ON CONFLICT (minute, lane) DO UPDATE SET refused = code_minutes.refused + 1
  RETURNING 1
), """
_ALL_COUNTED = "spent, (SELECT count(*) FROM fleet) AS borne"
#: By `audit.parameters` and: lock_after, stranger_failures, strange, device_to_charge, network_to_charge, refill_s, minute,
#: fleet_lane.
REFUSAL = Statement(
    _JUDGED.format(spared=1) + _REFUSING + audit_log.appended_after(_ALL_COUNTED) + _AUDITED + "spent"
)
