"""All that an attempt writes, as steps that run in one statement on PostgreSQL and one after the other on SQLite.

The first steps find challenge and factor as the judgement saw them and change them; where either has changed since, nothing is
written. The others count and tell. Rows are locked in the order that `limits` names: each step waits for the one before it.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from services.audit import audit_log
from services.mfa.code_rules import FactorAttempt, Judgement
from services.mfa.limits import (
    CHARGE,
    DEVICE_PERIOD_S,
    DEVICES_KEPT,
    MINUTE_S,
    Limits,
    is_of_today,
    is_to_note,
    knows,
)
from services.mfa.records import Challenge, Factor
from services.mfa.repository import outcome
from services.platform.database import Database
from services.platform.statements import InTransaction, Statement, Statements

_BEGUN = "(SELECT 1) AS begun"
_WAITING = "{after}, (SELECT count(*) FROM {last}) AS waited"
_IN_ONE = "WITH {parts} SELECT {done} AS done FROM {held}"


class Step(NamedTuple):
    """SQL that answers a row for each that it writes. `must`: without one the steps after it do not run; `after` names the
    step without whose row this one does not run, by default the last that must write one."""

    name: str
    text: str
    must: bool = False
    after: str | None = None


_HELD = Step(
    "held",
    """
SELECT 1 AS done FROM challenges
WHERE challenge_id = %(challenge_id)s AND state = %(was_state)s AND attempts_left = %(was_attempts_left)s FOR UPDATE
""",
    must=True,
)
_COUNTED = Step(
    "counted",
    """
UPDATE factors SET last_step = %(last_step)s, hinted_step = %(hinted_step)s, failures_in_row = %(failures_in_row)s,
  failures_total = %(failures_total)s, locked_until = %(locked_until)s
FROM {after}
WHERE id = %(factor_id)s AND state = %(stage)s AND last_step = %(was_last_step)s AND hinted_step = %(was_hinted_step)s
  AND failures_in_row = %(was_failures_in_row)s AND failures_total = %(was_failures_total)s
  AND locked_until = %(was_locked_until)s
RETURNING 1 AS done
""",
    must=True,
)
_ANSWERED = Step(
    "answered",
    """
UPDATE challenges SET state = %(state)s, attempts_left = %(attempts_left)s, closed_at = %(closed_at)s,
  passed_step = %(passed_step)s, passed_code = %(passed_code)s
FROM {after} WHERE challenge_id = %(challenge_id)s
RETURNING 1 AS done
""",
    must=True,
)
_TOLD = Step(
    "told",
    """
INSERT INTO outbox (identity, kind, key, payload, created_at)
SELECT %(identity)s, 'event', %(account_id)s, %(payload)s, %(at)s FROM {after} WHERE true
ON CONFLICT DO NOTHING RETURNING 1 AS done
""",
)
_DEVICE_NOTED = Step(
    "noted",
    """
INSERT INTO factor_devices (factor_id, device, passed_at, tries, tries_since, failures)
SELECT %(factor_id)s, CAST(%(device)s AS text), %(at)s, 0, 0, 0 FROM {after} WHERE CAST(%(device)s AS text) IS NOT NULL
ON CONFLICT (factor_id, device) DO UPDATE SET passed_at = excluded.passed_at, failures = 0
RETURNING 1 AS done
""",
)
_SURPLUS = Step(
    "surplus",
    """
DELETE FROM factor_devices
WHERE EXISTS (SELECT 1 FROM {after}) AND factor_id = %(factor_id)s AND device <> %(device)s AND device NOT IN (
  SELECT device FROM factor_devices WHERE factor_id = %(factor_id)s AND device <> %(device)s
  ORDER BY passed_at DESC, device LIMIT %(others_kept)s
)
RETURNING 1 AS done
""",
)
_DEVICE_TRIED = Step(
    "tried",
    """
UPDATE factor_devices SET failures = failures + %(failed)s,
  tries = CASE WHEN %(let_in)s = 0 THEN tries WHEN tries_since <= %(tries_over)s THEN 1 ELSE tries + 1 END,
  tries_since = CASE WHEN %(let_in)s = 1 AND tries_since <= %(tries_over)s THEN %(at)s ELSE tries_since END
FROM {after} WHERE factor_id = %(factor_id)s AND device = %(device)s
RETURNING 1 AS done
""",
)
_NETWORK_SETTLED = Step(
    "settled",
    """
INSERT INTO code_networks (network, spent_until, passed_at)
SELECT CAST(%(network_settled)s AS text), 0, CAST(%(network_passed_at)s AS double precision)
FROM {after} WHERE CAST(%(network_settled)s AS text) IS NOT NULL
ON CONFLICT (network) DO UPDATE SET passed_at = coalesce(excluded.passed_at, code_networks.passed_at),
  spent_until = code_networks.spent_until - CAST(%(given_back_s)s AS double precision)
RETURNING 1 AS done
""",
)
_CHARGED = Step("charged", CHARGE.format(after="{after}", condition="true"))
_FLEET = Step(
    "fleet",
    """
INSERT INTO code_minutes (minute, lane, refused)
SELECT CAST(%(minute)s AS bigint), CAST(%(fleet_partition)s AS integer), 1 FROM {after} WHERE true
ON CONFLICT (minute, lane) DO UPDATE SET refused = code_minutes.refused + 1
RETURNING 1 AS done
""",
)
#: A network at its limit owes no more, and adds nothing to the fleet's: else those who are let in beside the limits, and
#: whoever pretends to be, could make it last, or bring everybody's about.
_FLEET_OF_NETWORK = _FLEET._replace(after="charged")


class Writes(NamedTuple):
    """Steps and what they are run with."""

    steps: tuple[Step, ...]
    values: dict[str, Any]


def writes_of(attempt: FactorAttempt, judged: Judgement, limits: Limits) -> Writes:
    """What an attempt that was judged so writes, but for its audit and for news of a lock."""
    factor, challenge, was = judged.factor, judged.challenge, judged.was
    steps, values = list[Step](), dict[str, Any]({"at": attempt.at})
    changed = factor is not None and factor != was.factor
    if challenge is not None and was.challenge is not None and (changed or challenge != was.challenge):
        steps.append(_HELD)
        values |= _held(was.challenge)
    if changed and factor is not None and was.factor is not None:
        steps.append(_COUNTED)
        values |= _counted(attempt, was.factor, factor)
    if challenge is not None and was.challenge is not None and challenge != was.challenge:
        steps.append(_ANSWERED)
        values |= _answered(challenge)
        if challenge.state != was.challenge.state:
            steps.append(_TOLD)
            told = outcome(challenge, challenge.state, attempt.at)
            values |= {"identity": told.identity, "account_id": told.key, "payload": told.payload.decode()}
    for more in (_of_device(attempt, judged), _of_network(attempt, judged, limits)):
        steps += more.steps
        values |= more.values
    return Writes(tuple(steps), values)


async def write(connection: AsyncConnection, writes: Writes) -> bool:
    """Write all of it inside the caller's transaction; nothing, and False, where challenge or factor have changed."""
    asked = InTransaction(connection)
    if not asked.is_sqlite:
        return not writes.steps or await asked.first(_in_one(writes.steps, False), writes.values) is not None
    wrote = set[str]()
    for step in writes.steps:
        if step.after is not None and step.after not in wrote:
            continue
        if await asked.first(_alone(step), writes.values) is not None:
            wrote.add(step.name)
        elif step.must:
            return False
    return True


async def write_audited(
    database: Database, asked: Statements, writes: Writes, entry: audit_log.Entry
) -> bool:
    """As `write`, with the audit's entry, as a transaction of its own."""
    if not database.is_sqlite:
        values = {**writes.values, **audit_log.parameters(entry)}
        return await asked.first(_in_one(writes.steps, True), values) is not None
    async with database.begin() as connection:
        written = await write(connection, writes)
        if written:
            await audit_log.record(connection, entry)
        return written


def _held(was: Challenge) -> dict[str, Any]:
    return {
        "challenge_id": was.challenge_id,
        "was_state": was.state,
        "was_attempts_left": was.attempts_left,
    }


def _counted(attempt: FactorAttempt, was: Factor, factor: Factor) -> dict[str, Any]:
    names = ("last_step", "hinted_step", "failures_in_row", "failures_total", "locked_until")
    return {
        "factor_id": factor.id,
        "stage": attempt.stage,
        **{name: getattr(factor, name) for name in names},
        **{f"was_{name}": getattr(was, name) for name in names},
    }


def _answered(challenge: Challenge) -> dict[str, Any]:
    names = ("challenge_id", "state", "attempts_left", "closed_at", "passed_step", "passed_code")
    return {name: getattr(challenge, name) for name in names}


def _of_device(attempt: FactorAttempt, judged: Judgement) -> Writes:
    """A pass is noted once a day at most. A refused code of a known device is a try if the device alone let it in, and a failure
    if it was wrong. The step runs in any case and finds no device then: so there are few statements to prepare."""
    seen, device, factor, check = judged.was.seen, attempt.visitor.device, judged.factor, judged.check
    if factor is None or not judged.compared:
        return Writes((), {})
    if judged.burnt:
        noted = device if is_to_note(seen.device, attempt.at) else None
        about = {"factor_id": factor.id, "device": noted, "others_kept": DEVICES_KEPT - 1}
        return Writes((_DEVICE_NOTED, _SURPLUS), about)
    failed, let_in = check.result in ("wrong", "replayed"), check.known_device
    tried = {
        "factor_id": factor.id,
        "device": device if knows(seen, attempt.at) and (failed or let_in) else None,
        "failed": int(failed),
        "let_in": int(let_in),
        "tries_over": attempt.at - DEVICE_PERIOD_S,
    }
    return Writes((_DEVICE_TRIED,), tried)


def _of_network(attempt: FactorAttempt, judged: Judgement, limits: Limits) -> Writes:
    """A refused code is charged to the network, unless that paid before, and to the fleet; another gets its payment back, and a
    pass is noted once a day at most."""
    visitor, paid, at = attempt.visitor, attempt.booking.charged, attempt.at
    if judged.check.result not in ("passed", "repeated", "skewed"):
        fleet = {"minute": int(at) // MINUTE_S, "fleet_partition": visitor.partition}
        if paid or visitor.network is None:
            return Writes((_FLEET,), fleet)
        return Writes((_CHARGED, _FLEET_OF_NETWORK), {**fleet, **limits.charge(visitor, at)})
    if not (paid or judged.burnt):
        return Writes((), {})
    network = judged.was.seen.network
    notes = judged.burnt and (network is None or not is_of_today(network.passed_at, at))
    settled = {
        "network_settled": visitor.network if paid or notes else None,
        "network_passed_at": at if notes else None,
        "given_back_s": limits.refill_s if paid else 0.0,
    }
    return Writes((_NETWORK_SETTLED,), settled)


@cache
def _alone(step: Step) -> Statement:
    return Statement(step.text.format(after=_BEGUN))


@cache
def _in_one(steps: tuple[Step, ...], audited: bool) -> Statement:
    """The steps as one statement of PostgreSQL that answers a row when all that must be written was.

    A step that was burnt or a failure that was counted without its entry in the audit ends it with an error, and nothing has
    happened.
    """
    parts, held, last = list[str](), _BEGUN, _BEGUN
    for step in steps:
        after = step.after or held
        parts.append(f"{step.name} AS ({step.text.format(after=_waiting(after, last))})")
        held, last = step.name if step.must else held, step.name
    done = "1"
    if audited:
        parts.append(audit_log.appended_after(_waiting(held, last)))
        done = "1 / (SELECT count(*) FROM written)"
    return Statement(_IN_ONE.format(parts=", ".join(parts), done=done, held=held))


def _waiting(after: str, last: str) -> str:
    """A FROM list with the rows of `after`, once the step `last` is done."""
    return after if last in (after, _BEGUN) else _WAITING.format(after=after, last=last)
