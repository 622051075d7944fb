"""How an account stands, for its owner: what is stopped and by whose word, what waits for them, what they answered lately."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.activity.repository import lately
from services.attacks.acts import held_until
from services.cases import held_payments, holds, locks
from services.cases.contact_points import Point, points_of
from services.cases.held_payments import HeldPayment
from services.cases.hold_tables import owner_words
from services.cases.holds import AccountHold
from services.cases.owner_words import OwnerWord, word_of
from services.cases.preferences import Preferences, preferences_of
from services.cases.subjects import Known, known_events
from services.cases.unfreezing import StepState, Unfreezing
from services.centre.questions import OpenQuestion, one_each, open_questions
from services.centre.waiting import Waiting, waiting_of
from services.mfa import repository as challenges
from services.mfa.records import Challenge
from services.wallet.tables import wallet_actions

DAY_S = 86_400.0
#: An answer stays in sight so long, whoever gave it.
KEPT_S = 14 * DAY_S
_LOOKED_S = 30 * DAY_S
_DEVICES_S = 90 * DAY_S
_MOST_ANSWERS = 5
#: Why a freeze stands: the owner's lock, the owner's "not me", PayGuard's own decision, or an attack on many accounts.
By = Literal["lock", "report", "decision", "attack"]


class Frozen(Struct, frozen=True, kw_only=True):
    """A freeze that stands. `confirmed_at` is when the wallet said it keeps it (epoch seconds); None: not yet.

    `unlockable`: its owner may end it. `word` is the report that it followed from, `steps` what support waits for, `until` when
    it ends by itself.
    """

    hold: AccountHold
    by: By
    confirmed_at: float | None
    unlockable: bool
    word: OwnerWord | None
    steps: Sequence[StepState]
    until: float | None = None


class Answered(Struct, frozen=True):
    """What the owner said of an event, and that event as far as it is known."""

    word: OwnerWord
    known: Known | None


class Standing(Struct, frozen=True, kw_only=True):
    """All of it, as of one moment. `looked` is how many events of 30 days were looked at, `last_at` when the last one was.

    `questions` are the open incidents' gravest, the gravest first; `besides` is what waits that is no question.
    """

    frozen: Frozen | None
    waiting: Sequence[HeldPayment]
    asked: Sequence[Challenge]
    questions: Sequence[tuple[OpenQuestion, Known]]
    besides: Waiting
    answered: Sequence[Answered]
    looked: int
    last_at: float | None
    devices: int
    points: list[Point]
    chosen: Preferences


async def standing_of(
    connection: AsyncConnection, account_id: str, unfreezing: Unfreezing, now: float
) -> Standing:
    """How the account stands at epoch seconds `now`."""
    waiting = await held_payments.waiting(connection, account_id)
    happened = await lately(connection, account_id, now - _LOOKED_S, now - _DEVICES_S)
    return Standing(
        frozen=await _frozen(connection, account_id, unfreezing),
        waiting=waiting,
        asked=await challenges.open_of(connection, account_id, now),
        questions=await one_each(connection, account_id, await open_questions(connection, account_id, now)),
        besides=await waiting_of(connection, account_id, now),
        answered=await _answered(connection, account_id, now),
        looked=happened.looked,
        last_at=happened.last_at,
        devices=happened.devices,
        points=(await points_of(connection, [account_id], now)).get(account_id, []),
        chosen=await preferences_of(connection, account_id),
    )


async def _frozen(connection: AsyncConnection, account_id: str, unfreezing: Unfreezing) -> Frozen | None:
    hold = await holds.standing(connection, account_id)
    if hold is None:
        return None
    told = select(wallet_actions.c.result_at).where(
        wallet_actions.c.action_id == hold.hold_id, wallet_actions.c.result.in_(("done", "already"))
    )
    word = await word_of(connection, account_id, hold.event_id)
    lock = await locks.is_lock(connection, hold)
    until = await held_until(connection, hold)
    by: By = "lock" if lock else "report" if word is not None else "decision" if until is None else "attack"
    return Frozen(
        hold=hold,
        by=by,
        until=until,
        confirmed_at=await connection.scalar(told),
        unlockable=lock and not await locks.is_supports(connection, hold),
        word=word,
        steps=await unfreezing.steps(connection, hold),
    )


async def _answered(connection: AsyncConnection, account_id: str, now: float) -> list[Answered]:
    """The latest answers, newest first; one that was taken back is none."""
    query = (
        select(owner_words)
        .where(
            owner_words.c.account_id == account_id,
            owner_words.c.told_at > now - KEPT_S,
            owner_words.c.undone_at.is_(None),
        )
        .order_by(owner_words.c.told_at.desc())
        .limit(_MOST_ANSWERS)
    )
    words = [OwnerWord(**row) for row in (await connection.execute(query)).mappings()]
    known = await known_events(connection, {(account_id, word.about_event_id) for word in words})
    return [Answered(word, known.get((account_id, word.about_event_id))) for word in words]
