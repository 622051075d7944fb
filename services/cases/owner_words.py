"""What an owner said of an event: noted once, with what follows from it, in one transaction that waits for no worker."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Literal

from msgspec import Struct, structs
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import Severity, derived_id, effect_id
from contracts.events import Proof, UserReport, to_wire
from contracts.report_kinds import RULES
from services.audit import audit_log
from services.cases import forgotten_devices, held_payments, holds, outbox, states
from services.cases.hold_tables import owner_words
from services.cases.incident_rows import answer_incident
from services.cases.news import News, put_news
from services.cases.owner_cases import case_about, open_at_once
from services.cases.preferences import zone_of
from services.cases.repository import change_case
from services.cases.tables import case_entries, cases
from services.cases.unfreezing import Fact
from services.platform.database import Database, insert_new
from services.platform.metrics import ANSWERS

#: Who tells it where no wallet does: a link in a letter, a page.
PAYGUARDS_OWN = frozenset({"letter", "page"})
#: How old the code may be that bears a "was me" out.
CODE_S = 900.0


class OwnerWord(Struct, frozen=True, kw_only=True):
    """A report as it was told; `event_id` is the report's own. Times are epoch seconds; at `watched_at` its owner last looked at
    the page that waits for the wallet's word."""

    account_id: str
    event_id: str
    about_event_id: str
    verdict: Literal["was_me", "not_me"]
    proof: Proof | None
    told_at: float
    told_by: str
    undone_at: float | None = None
    watched_at: float | None = None


class Following(Struct, frozen=True):
    """What follows from an owner's word by the policy; see `services.policy.acts.Acts`.

    The case of a "not me" is of that `severity`, and its owner is answered within `first_answer_s`.
    """

    not_me: frozenset[str] = frozenset()
    was_me: frozenset[str] = frozenset()
    severity: Severity = RULES["unauthorised"].severity
    first_answer_s: float = RULES["unauthorised"].clock.first_answer_s


class Undone(Struct, frozen=True):
    """What taking a report back did; `frozen_still` by another freeze than that of the report."""

    unfrozen: bool
    case_withdrawn: bool
    frozen_still: bool


class OwnerWords:
    """Owners' words as they come over HTTP. Raises Unavailable when the database is away."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], float],
        following: Following | None = None,
        code_seen: Fact | None = None,
    ) -> None:
        """`code_seen` says when a code of an account was accepted; without it none ever was."""
        self._code_seen = code_seen
        self._database = database
        self._clock = clock
        self.following = following or Following()

    async def believe(self, report: UserReport, by: str) -> None:
        """Note the word and do what follows from it, once."""
        async with self._database.begin() as connection:
            now = self._clock()
            if await say(connection, self.following, report, by, now):
                await audit_log.record(connection, said(report, by, now))

    async def has_code(self, account_id: str) -> bool:
        """Whether a code of the account's factor was accepted within CODE_S."""
        if self._code_seen is None:
            return False
        async with self._database.read() as connection:
            return await self._code_seen(connection, account_id, self._clock() - CODE_S) is not None

    async def find(self, account_id: str, event_id: str) -> OwnerWord | None:
        """The report of that id."""
        async with self._database.read() as connection:
            return await word_of(connection, account_id, event_id)

    async def watched(self, word: OwnerWord) -> None:
        """The report's owner looks at the page that waits for the wallet's word, so no letter needs to tell them of it."""
        this = owner_words.c.account_id == word.account_id, owner_words.c.event_id == word.event_id
        async with self._database.begin() as connection:
            await connection.execute(update(owner_words).where(*this).values(watched_at=self._clock()))

    def now(self) -> float:
        """Epoch seconds."""
        return self._clock()

    async def zone_of(self, account_id: str) -> str:
        """The zone of the owner's clock: as they chose it, else of their contact, else UTC."""
        async with self._database.read() as connection:
            return await zone_of(connection, account_id)

    async def case_of(self, word: OwnerWord) -> states.Case | None:
        """The case that has the report in it; None where there is none."""
        async with self._database.read() as connection:
            return await case_about(connection, word.account_id, word.event_id)


async def say(
    connection: AsyncConnection, following: Following, report: UserReport, by: str, now: float
) -> bool:
    """Note the word and do what follows from it; False, and nothing, when it was noted before."""
    word = OwnerWord(
        account_id=report.account_id,
        event_id=report.event_id,
        about_event_id=report.about_event_id,
        verdict=report.verdict,
        proof=report.proof,
        told_at=now,
        told_by=by,
    )
    added = insert_new(owner_words).values(structs.asdict(word)).returning(owner_words.c.event_id)
    if (await connection.execute(added)).first() is None:
        return False
    if report.verdict == "not_me" and "case" in following.not_me:
        # Before all else, as decisions are carried out: who locks several things locks them in one order.
        wanted = following.severity, now + following.first_answer_s
        await open_at_once(connection, report.account_id, report.event_id, *wanted, now)
    await answer_incident(connection, report.account_id, report.about_event_id, report.verdict, now)
    ANSWERS.labels(report.verdict, report.proof or "none", by if by in PAYGUARDS_OWN else "wallet").inc()
    if report.verdict == "not_me":
        acts: Collection[str] = following.not_me
        await holds.stop_at_once(
            connection, acts, report.account_id, report.event_id, report.about_event_id, report.at, now
        )
        if forgotten_devices.ACT in acts:
            await forgotten_devices.forget_after(connection, report, now)
    elif "release_payment" in following.was_me and await _may_let_go(connection, report):
        about, why = report.about_event_id, f"the owner says so, by {report.proof}"
        await held_payments.settle(connection, report.account_id, about, "released", holds.OWNER, why, now)
    return True


async def tell(
    connection: AsyncConnection, following: Following, report: UserReport, by: str, now: float
) -> bool:
    """The same for a report that is made here: the stream is told of it, too, and the audit keeps it."""
    if not await say(connection, following, report, by, now):
        return False
    record = outbox.Outgoing(report.event_id, "event", report.account_id, to_wire(report))
    await outbox.put(connection, [record], now)
    await audit_log.record(connection, said(report, by, now))
    return True


async def _may_let_go(connection: AsyncConnection, report: UserReport) -> bool:
    """Whether the "was me" ends the hold: a code does, a session where nothing but its owner's word is waited for.

    A stolen session would vouch for its own payment. While the account is frozen, support settles what is held.
    """
    if await holds.standing(connection, report.account_id) is not None:
        return False
    if report.proof != "session":
        return report.proof == "code"
    payment = await held_payments.stands(connection, report.account_id, report.about_event_id)
    return payment is not None and payment.waits_for == "owner"


async def word_of(connection: AsyncConnection, account_id: str, event_id: str) -> OwnerWord | None:
    """The report of that id."""
    query = select(owner_words).where(
        owner_words.c.account_id == account_id, owner_words.c.event_id == event_id
    )
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else OwnerWord(**row)


async def last_word(connection: AsyncConnection, account_id: str, about_event_id: str) -> OwnerWord | None:
    """What the owner last said of the event, unless they took it back."""
    query = (
        select(owner_words)
        .where(
            owner_words.c.account_id == account_id,
            owner_words.c.about_event_id == about_event_id,
            owner_words.c.undone_at.is_(None),
        )
        .order_by(owner_words.c.told_at.desc())
        .limit(1)
    )
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else OwnerWord(**row)


async def take_back(connection: AsyncConnection, word: OwnerWord, now: float) -> Undone | None:
    """Undo the "not me": its freeze ends, its case is withdrawn if nobody has touched it, and stream and owner are told.

    None when it was taken back before. Sessions that it ended stay ended.
    """
    this = owner_words.c.account_id == word.account_id, owner_words.c.event_id == word.event_id
    marked = update(owner_words).where(*this, owner_words.c.undone_at.is_(None)).values(undone_at=now)
    if (await connection.execute(marked)).rowcount != 1:
        return None
    hold_id = effect_id(word.account_id, word.event_id, "freeze")
    unfrozen = await holds.unfreeze(connection, hold_id, holds.OWNER, "the report was taken back", now)
    withdrawn = await _withdraw(connection, word, now)
    event = UserReport(
        event_id=derived_id(f"{word.account_id}:{word.event_id}", "report_undone"),
        account_id=word.account_id,
        occurred_at=int(now * 1000),
        about_event_id=word.about_event_id,
        verdict="was_me",
        proof="code",
        undoes=word.event_id,
    )
    told = outbox.Outgoing(event.event_id, "event", word.account_id, to_wire(event))
    await outbox.put(connection, [told], now)
    notice = derived_id(event.event_id, "notice")
    await put_news(connection, notice, event.event_id, word.account_id, "report_undone", News(at=now))
    still = await holds.standing(connection, word.account_id)
    return Undone(unfrozen is not None, withdrawn, still is not None)


def said(report: UserReport, by: str, at: float) -> audit_log.Entry:
    """What the audit keeps of an owner's word."""
    about = f"event {report.about_event_id}"
    return _entry(report.verdict, report.proof or "told", by, report.account_id, about, at)


def taken_back(word: OwnerWord, by: str, at: float) -> audit_log.Entry:
    """What the audit keeps of a report that was taken back."""
    return _entry("report_undo", "undone", by, word.account_id, f"report {word.event_id}", at)


def _entry(action: str, result: str, by: str, account_id: str, reason: str, at: float) -> audit_log.Entry:
    return audit_log.Entry(
        at=at, action=action, result=result, actor=by, account_id=account_id, reason=reason
    )


async def _withdraw(connection: AsyncConnection, word: OwnerWord, now: float) -> bool:
    """Close the case that the report opened, while nothing has happened to it since."""
    case_id = effect_id(word.account_id, word.event_id, "open_case")
    query = select(cases).where(cases.c.case_id == case_id, cases.c.version == 1)
    row = (await connection.execute(query.with_for_update())).mappings().one_or_none()
    if row is None or row["state"] != "open":
        return False
    case = states.Case(**row)
    await change_case(connection, case, states.withdrawn(case, now))
    entry = {"case_id": case_id, "kind": "withdrawn", "at": now, "actor": holds.OWNER, "verdict": "withdrawn"}
    await connection.execute(insert(case_entries).values(entry))
    return True
