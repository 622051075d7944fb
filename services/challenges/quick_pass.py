"""The short way for most codes: a right one for an open challenge, in two or three round trips on PostgreSQL.

It reads without locking and then writes all that `verification` writes for a pass as one statement, its own transaction,
which checks again whatever the decision rests on. Where anything stands in the way that statement writes nothing, and
`verification` judges the code. SQLite has no statements that write several tables.
"""

from __future__ import annotations

import dataclasses

from msgspec.structs import replace

from contracts.errors import Unavailable
from services.challenges import audit, situation, totp
from services.challenges.limit_records import Visitor
from services.challenges.limits import DEVICES_KEPT, Limits, is_of_today
from services.challenges.records import Check, Verdict
from services.challenges.repository import outcome
from services.challenges.situation import Situation
from services.challenges.vault import Vault
from services.challenges.verification import Offer
from services.database import Database
from services.statements import Lent, Statement

#: Rows are locked in the order that `limits` names: each part waits for those that it counts. A step that was burnt without
#: its entry in the audit ends the statement with an error, and nothing has happened.
_DECIDE = """
WITH judged AS MATERIALIZED (
  SELECT challenge_id FROM challenges
  WHERE challenge_id = %(challenge_id)s AND state = 'open' AND attempts_left > 0 AND expires_at > %(at)s
  FOR UPDATE
), burnt AS (
  UPDATE factors SET last_step = %(step)s, failures_in_row = 0, failures_total = 0 FROM judged
  WHERE id = %(factor_id)s AND state = 'active' AND last_step < %(step)s AND locked_until <= %(at)s
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
  INSERT INTO factor_devices (factor_id, device, passed_at, tries, tries_since)
  SELECT %(factor_id)s, %(device_to_note)s::text, %(at)s, 0, 0
  FROM closed, (SELECT count(*) FROM from_network) AS noted WHERE %(device_to_note)s::text IS NOT NULL
  ON CONFLICT (factor_id, device) DO UPDATE SET passed_at = excluded.passed_at
  RETURNING factor_id
), surplus AS (
  DELETE FROM factor_devices USING from_device
  WHERE factor_devices.factor_id = from_device.factor_id AND device IN (
    SELECT device FROM factor_devices WHERE factor_id = %(factor_id)s AND device <> %(device_to_note)s::text
    ORDER BY passed_at DESC, device OFFSET %(others_kept)s
  )
  RETURNING 1
), """
_BEFORE_THE_AUDIT = (
    "closed, (SELECT count(*) FROM from_network) AS noted, (SELECT count(*) FROM surplus) AS gone"
)
_ANSWER = " SELECT attempts_left, 1 / (SELECT count(*) FROM written) FROM closed"
_PASS = Statement(_DECIDE + audit.appended_after(_BEFORE_THE_AUDIT) + _ANSWER)


class QuickPass:
    """Passes what it can without a doubt. `vault` and `limits` are those of everybody who judges codes."""

    def __init__(self, database: Database, vault: Vault, limits: Limits) -> None:
        self._database = database
        self._vault = vault
        self._limits = limits
        self._read = Statement(str(situation.QUERY.compile(dialect=database.engine.dialect)))

    async def judge(self, offer: Offer) -> Verdict | Offer:
        """The verdict on a code that passes; or the offer, to be judged with more care, and with what its network has paid.

        A connection that broke is no answer either: nothing is lost by judging again. Raises VaultClosed when the secret does
        not open.
        """
        statements = self._database.statements
        if statements is None or not totp.is_code(offer.code):
            return offer
        try:
            async with statements.borrow() as connection:
                return await self._judged(connection, offer)
        except Unavailable:
            return offer

    async def _judged(self, connection: Lent, offer: Offer) -> Verdict | Offer:
        visitor = self._limits.visitor(None, offer.context)
        found = await self._situation(connection, offer, visitor)
        if found is None or not _is_plain(found, offer.at):
            return offer
        if not self._limits.is_clear(visitor, found.seen, offer.at):
            booking = await self._limits.book_at_once(connection, visitor, found.seen, offer.at)
            offer = dataclasses.replace(offer, booking=booking)
            if booking is None:
                return offer
        factor = found.factor
        assert factor is not None
        step = totp.matched_step(self._vault.open(factor.account_id, factor.sealed), offer.code, offer.at)
        if step is None or step <= factor.last_step:
            return offer
        return await self._passed(connection, offer, found, visitor, step) or offer

    async def _situation(self, connection: Lent, offer: Offer, visitor: Visitor) -> Situation | None:
        row = await connection.first(self._read, situation.parameters(offer.challenge_id, visitor))
        return None if row is None else situation.situation_of(row)

    async def _passed(
        self, connection: Lent, offer: Offer, found: Situation, visitor: Visitor, step: int
    ) -> Verdict | None:
        challenge, factor, (network, device), at = found.challenge, found.factor, found.seen, offer.at
        assert factor is not None
        told = outcome(challenge, "passed", at)
        entry = audit.Entry(
            at=at,
            action="verify",
            result="passed",
            actor=offer.context.actor,
            account_id=challenge.account_id,
            factor_id=factor.id,
            challenge_id=challenge.challenge_id,
            network=visitor.network,
        )
        paid = offer.booking is not None and offer.booking.charged
        note_network = paid or network is None or not is_of_today(network.passed_at, at)
        note_device = device is None or not is_of_today(device.passed_at, at)
        values = {
            **audit.parameters(entry),
            "step": step,
            "identity": told.identity,
            "payload": told.payload.decode(),
            "network_to_note": visitor.network if note_network else None,
            "given_back_s": self._limits.refill_s if paid else 0.0,
            "device_to_note": visitor.device if note_device else None,
            "others_kept": DEVICES_KEPT - 1,
        }
        row = await connection.first(_PASS, values)
        if row is None:
            return None
        passed = replace(
            challenge, state="passed", closed_at=at, passed_step=step, attempts_left=row["attempts_left"]
        )
        return Verdict(Check("passed", factor.id, step), passed.attempts_left, passed, closed_as="passed")


def _is_plain(found: Situation, at: float) -> bool:
    """Whether the challenge waits for its first pass and the account has a factor that is not locked."""
    waits = found.challenge.state == "open" and found.challenge.takes_codes(at)
    return waits and found.factor is not None and found.factor.locked_until <= at
