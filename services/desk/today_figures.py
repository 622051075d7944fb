"""What the page of today says, from SQL: bounded queries, each by an index, the same on both databases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import ceil

from msgspec import Struct
from sqlalchemy import and_, case, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.cases.answer_tables import answer_links
from services.cases.case_measures import DAY_S
from services.cases.hold_tables import account_holds, approvals, owner_words
from services.cases.message_tables import ACCOUNT, TAKEN, messages
from services.cases.tables import cases, notices, outbox
from services.desk.precision import Right, precision_of
from services.desk.report_figures import OfKind, Spread, kinds_of, spreads
from services.desk.report_window import Window
from services.desk.reveal_figures import Shown, shown_of
from services.desk.today_attack import BUCKETS
from services.wallet.tables import wallet_actions

#: So many letters and answers are looked at, the newest first.
MOST_LETTERS, MOST_WORDS = 20_000, 5000
BREACH_S = 900.0


class Heard(Struct, frozen=True, kw_only=True):
    """Messages that reached owners and those that could not; their time by channel, p95 a bucket; answers; and the stop."""

    sent: int
    unreachable: int
    median_s: float | None
    p95: Mapping[str, Sequence[float | None]]
    answers: int
    not_me: int
    right: int
    stop_median_s: float | None
    stop_p95_s: float | None
    stop_slowest_s: float | None
    whole: bool


class Keeping(Struct, frozen=True, kw_only=True):
    """The desk: kinds with what is open, first answers, what breaches soon and has, what nobody has, approvals, precision, and
    fields that were shown in clear."""

    kinds: Sequence[OfKind]
    first_answer: Spread
    breached: int
    soon: int
    unassigned: int
    approvals: int
    detectors: Sequence[Right]
    shown: Shown = Shown()

    @property
    def open(self) -> int:
        """How many cases are open."""
        return sum(each.waiting for each in self.kinds)


class Wallet(Struct, frozen=True, kw_only=True):
    """Actions that the wallet has not confirmed and the age of the oldest, what is not sent yet, and how long each kind took."""

    waiting: int
    oldest_s: float
    unsent: int
    unsent_oldest_s: float
    took: Mapping[str, Spread]


async def heard_of(connection: AsyncConnection, window: Window) -> Heard:
    """Whether messages reach people, and what they answer."""
    recent = (
        select(notices.c.notice_id, notices.c.recorded_at, notices.c.state)
        .where(window.of(notices.c.ended_at))
        .order_by(notices.c.ended_at.desc())
        .limit(MOST_LETTERS)
        .subquery()
    )
    counted = select(func.count(), func.count(case((recent.c.state.in_(["failed", "undeliverable"]), 1))))
    letters, unreachable = (await connection.execute(counted.select_from(recent))).one()
    reached = func.coalesce(messages.c.delivered_at, messages.c.ended_at)
    taken = and_(
        messages.c.notice_id == recent.c.notice_id,
        messages.c.state.in_(TAKEN),
        messages.c.address_key != ACCOUNT,
    )
    query = select(messages.c.channel, reached, reached - recent.c.recorded_at).select_from(
        recent.join(messages, taken)
    )
    rows = [
        (str(name), float(at), max(0.0, float(took))) for name, at, took in await connection.execute(query)
    ]
    stop = await _stop(connection, window)
    not_me, right = await _right(connection, window)
    answered = select(func.count()).select_from(answer_links).where(window.of(answer_links.c.answered_at))
    return Heard(
        sent=len(rows),
        unreachable=unreachable,
        median_s=nearest([took for _, _, took in rows], 0.5),
        p95=_by_channel(rows, window),
        answers=int(await connection.scalar(answered) or 0),
        not_me=not_me,
        right=right,
        stop_median_s=nearest(stop, 0.5),
        stop_p95_s=nearest(stop, 0.95),
        stop_slowest_s=max(stop, default=None),
        whole=letters < MOST_LETTERS,
    )


def _by_channel(
    rows: Sequence[tuple[str, float, float]], window: Window
) -> Mapping[str, Sequence[float | None]]:
    width = (window.until - window.since) / BUCKETS
    found: dict[str, list[list[float]]] = {}
    for channel, at, took in rows:
        bucket = min(BUCKETS - 1, max(0, int((at - window.since) / width)))
        found.setdefault(channel, [[] for _ in range(BUCKETS)])[bucket].append(took)
    most = sorted(found, key=lambda name: -sum(map(len, found[name])))[:3]
    return {name: [nearest(each, 0.95) for each in found[name]] for name in sorted(most)}


def nearest(values: Sequence[float], part: float) -> float | None:
    """The value that `part` of them do not pass (nearest rank); None of none."""
    return sorted(values)[max(1, ceil(part * len(values))) - 1] if values else None


async def _stop(connection: AsyncConnection, window: Window) -> list[float]:
    """Seconds from each owner's "not me" to the wallet's word that money is stopped."""
    said = owner_words.c
    frozen = and_(account_holds.c.account_id == said.account_id, account_holds.c.event_id == said.event_id)
    query = (
        select(wallet_actions.c.result_at - said.told_at)
        .select_from(
            owner_words.join(account_holds, frozen).join(
                wallet_actions, wallet_actions.c.action_id == account_holds.c.hold_id
            )
        )
        .where(window.of(said.told_at), said.verdict == "not_me", wallet_actions.c.result_at.is_not(None))
        .limit(MOST_WORDS)
    )
    return [max(0.0, float(each)) for each in (await connection.execute(query)).scalars()]


async def _right(connection: AsyncConnection, window: Window) -> tuple[int, int]:
    """How many accounts said "not me", and of how many of these support said fraud since."""
    said = owner_words.c
    fraud = and_(
        cases.c.account_id == said.account_id, cases.c.verdict == "fraud", cases.c.resolved_at >= said.told_at
    )
    query = (
        select(func.count(said.account_id.distinct()), func.count(cases.c.account_id.distinct()))
        .select_from(owner_words.outerjoin(cases, fraud))
        .where(window.of(said.told_at), said.verdict == "not_me", said.undone_at.is_(None))
    )
    not_me, right = (await connection.execute(query)).one()
    return int(not_me), int(right)


async def keeping_of(connection: AsyncConnection, window: Window) -> Keeping:
    """Whether the desk keeps up."""
    now = window.now
    running = cases.c.waiting_for.is_(None)
    due = cases.c.next_due_at
    query = select(
        func.count(case((and_(running, due < now), 1))),
        func.count(case((and_(running, due >= now, due < now + BREACH_S), 1))),
        func.count(case((cases.c.assignee.is_(None), 1))),
    ).where(cases.c.state != "resolved")
    breached, soon, unassigned = (await connection.execute(query)).one()
    asked = select(func.count()).select_from(approvals)
    waiting = asked.where(approvals.c.decision.is_(None), approvals.c.expires_at > now)
    everything = literal("all")
    took = await spreads(
        connection, everything, cases.c.first_answered_at - cases.c.opened_at, window.of(cases.c.opened_at)
    )
    month = Window(now - 30 * DAY_S, now + 1.0, now)
    return Keeping(
        kinds=await kinds_of(connection, window),
        first_answer=took.get("all", Spread()),
        breached=int(breached),
        soon=int(soon),
        unassigned=int(unassigned),
        approvals=int(await connection.scalar(waiting) or 0),
        detectors=await precision_of(connection, month),
        shown=await shown_of(connection, window),
    )


async def wallet_of(connection: AsyncConnection, window: Window) -> Wallet:
    """What the wallet has not confirmed, and how long it took to confirm the rest."""
    told = wallet_actions.c
    waiting = select(func.count(), func.min(told.published_at)).where(told.result.is_(None))
    count, oldest = (await connection.execute(waiting)).one()
    unsent = select(func.count(), func.min(outbox.c.created_at)).where(outbox.c.sent_at.is_(None))
    left, first = (await connection.execute(unsent)).one()
    confirmed = and_(window.of(told.published_at), told.result_at.is_not(None))
    took = await spreads(connection, told.kind, told.result_at - told.published_at, confirmed)
    return Wallet(
        waiting=count,
        oldest_s=0.0 if oldest is None else max(0.0, window.now - oldest),
        unsent=left,
        unsent_oldest_s=0.0 if first is None else max(0.0, window.now - first),
        took=took,
    )


def most_open(kinds: Sequence[OfKind], most: int = 5) -> list[tuple[str, int]]:
    """The kinds with the most open cases; those beyond `most` are one, called `others`."""
    counted = Counter({each.kind: each.waiting for each in kinds if each.waiting}).most_common()
    if len(counted) <= most:
        return counted
    return [*counted[: most - 1], ("others", sum(count for _, count in counted[most - 1 :]))]
