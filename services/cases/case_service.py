"""What support does with alerts and cases: look, take, resolve, reopen; and how the owner can be reached."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Select, Table, insert, select, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import Severity
from services.audit import audit_log
from services.cases import holds, states, verdicts
from services.cases.case_acts import CaseActs, OfferedAct, unresolved_of
from services.cases.contact_points import Contact, change_contact
from services.cases.owners import Message, Owner, messages_of, owner_of
from services.cases.references import notice_ids
from services.cases.repository import change_case
from services.cases.subjects import Known, Name, known_events
from services.cases.tables import alerts, case_entries, cases, decision_of_entry, recorded_decisions
from services.cases.unfreezing import entry_of
from services.platform import cursors
from services.platform.database import Database

#: Why a freeze is released with a case.
_CASE = "case {} was legitimate"


class Conflict(Exception):
    """Somebody else changed the case since the caller looked at it."""


class OtherOpen(Exception):
    """The account has another case that is not resolved; `case_id` is it."""

    def __init__(self, case_id: str) -> None:
        super().__init__(
            f"the account has another unresolved case, {case_id}: note it there, or resolve that one first"
        )
        self.case_id = case_id


class Alert(Struct, frozen=True, kw_only=True):
    """A decision the security team should see, with the decision itself as JSON."""

    effect_id: str
    event_id: str
    account_id: str
    severity: Severity
    raised_at: float
    decision: str


class Entry(Struct, frozen=True, kw_only=True):
    """One line of a case's history; `decision` as JSON where an event joined."""

    kind: str
    at: float
    actor: str | None = None
    note: str | None = None
    verdict: states.Closing | None = None
    severity: Severity | None = None
    event_id: str | None = None
    decision: str | None = None


class Page(Struct, frozen=True):
    """Some rows, newest first, and the cursor of the next ones (None: these were the last)."""

    rows: Sequence[Any]
    cursor: str | None


class CaseService:
    """Queries and support's actions; every method raises Unavailable when the database is away."""

    def __init__(self, database: Database, clock: Callable[[], float], acts: CaseActs | None = None) -> None:
        """`acts` say what may be done about an account."""
        self._database = database
        self._clock = clock
        self._acts = acts or CaseActs()

    async def alerts(
        self, *, severity: str | None, account_id: str | None, cursor: str | None, limit: int
    ) -> Page:
        """Alerts, newest first. Raises Malformed for a cursor that is not ours."""
        query = select(alerts, recorded_decisions.c.body.label("decision")).join(recorded_decisions)
        query = _matching(query, alerts, severity=severity, account_id=account_id)
        rows, following = await cursors.page(
            self._database, query, alerts.c.raised_at, alerts.c.effect_id, cursor, limit
        )
        return Page([Alert(**row) for row in rows], following)

    async def cases(
        self,
        *,
        state: str | None,
        severity: str | None,
        account_id: str | None,
        cursor: str | None,
        limit: int,
    ) -> Page:
        """Cases, last opened first. Raises Malformed for a cursor that is not ours."""
        query = _matching(select(cases), cases, state=state, severity=severity, account_id=account_id)
        rows, following = await cursors.page(
            self._database, query, cases.c.opened_at, cases.c.case_id, cursor, limit
        )
        return Page([states.Case(**row) for row in rows], following)

    async def case(self, case_id: str) -> tuple[states.Case, list[Entry]] | None:
        """The case and its history, oldest first; None when there is none."""
        async with self._database.read() as connection:
            case = await _case(connection, case_id, lock=False)
            return None if case is None else (case, await _entries(connection, case_id))

    async def recorded(self, names: Collection[Name]) -> dict[Name, bytes]:
        """The decisions on these events, named by account and event id, that had effects, as the worker wrote them."""
        this = tuple_(recorded_decisions.c.account_id, recorded_decisions.c.event_id)
        query = select(recorded_decisions).where(this.in_(sorted(names)))
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return {(row.account_id, row.event_id): str(row.body).encode() for row in rows}

    async def owner(self, account_id: str, event_ids: Collection[str] | None) -> Owner:
        """Whether the account's owner can be reached, and what became of the notices about these events; None: of all."""
        async with self._database.read() as connection:
            return await owner_of(connection, account_id, event_ids)

    async def messages(self, reference: str) -> list[Message]:
        """The letters of ours that bear the reference, as somebody read it out; none for what is no reference."""
        ids = notice_ids(reference)
        if ids is None:
            return []
        async with self._database.read() as connection:
            return await messages_of(connection, *ids)

    async def known(self, names: Iterable[Name]) -> Mapping[Name, Known]:
        """What people are shown of these events, named by account and event id, and of those that they speak of."""
        async with self._database.read() as connection:
            return await known_events(connection, set(names))

    async def acts(self, case: states.Case) -> list[OfferedAct]:
        """What can be done about the case's account, and what it takes."""
        async with self._database.read() as connection:
            return await self._acts.of(connection, case, self._clock())

    async def decisions(self, event_id: str, account_id: str | None = None) -> list[bytes]:
        """The decisions of an event id that had effects, as the worker wrote them: one an account, of this one if named.

        Of accounts beyond the second none is needed.
        """
        query = select(recorded_decisions.c.body).where(recorded_decisions.c.event_id == event_id).limit(2)
        if account_id is not None:
            query = query.where(recorded_decisions.c.account_id == account_id)
        async with self._database.read() as connection:
            return [str(body).encode() for body in (await connection.execute(query)).scalars()]

    async def assign(
        self, case_id: str, assignee: str, actor: str, version: int | None
    ) -> states.Case | None:
        """Put the case into review by `assignee`; the history names `actor`, and the assignee as its note.

        None when there is none. Raises IllegalTransition and Conflict."""
        async with self._database.begin() as connection:
            case = await _case(connection, case_id, lock=True)
            if case is None:
                return None
            changed = states.assigned(_of_version(case, version), assignee, self._clock())
            await _write(connection, case, changed, "assigned", actor, assignee)
            return changed

    async def resolve(
        self, case_id: str, verdict: states.Verdict, actor: str, note: str | None, version: int | None
    ) -> states.Case | None:
        """Close the case; its events are labelled with the verdict in the stream, unless it is `unclear`.

        A legitimate verdict also releases a freeze, or asks for a second person to, once the policy's steps are done: see `acts`.
        None when there is no such case. Raises IllegalTransition and Conflict.
        """
        async with self._database.begin() as connection:
            case = await _case(connection, case_id, lock=True)
            if case is None:
                return None
            changed = states.resolved(_of_version(case, version), verdict, self._clock())
            await _write(connection, case, changed, "resolved", actor, note)
            decisions = await verdicts.send(connection, changed)
            if verdict == "legitimate":
                await self._release(connection, case, actor)
        verdicts.count(changed, decisions)
        return changed

    async def reopen(self, case_id: str, reason: str, actor: str, version: int | None) -> states.Case | None:
        """Take up a resolved case again; what its verdict sent out stands until another verdict says otherwise.

        None when there is none. Raises IllegalTransition, Conflict, and OtherOpen where the account has an unresolved case.
        """
        try:
            async with self._database.begin() as connection:
                case = await _case(connection, case_id, lock=True)
                if case is None:
                    return None
                changed = states.reopened(_of_version(case, version), self._clock())
                other = await unresolved_of(connection, case.account_id)
                if other is not None:
                    raise OtherOpen(other)
                await _write(connection, case, changed, "reopened", actor, reason)
                return changed
        except IntegrityError:
            raise Conflict("another case of the account was opened meanwhile") from None

    async def _release(self, connection: AsyncConnection, case: states.Case, actor: str) -> None:
        """End the account's freeze because of a legitimate verdict, or ask a second person to, unless steps are missing."""
        now = self._clock()
        hold = await holds.standing(connection, case.account_id)
        if hold is None or await self._acts.unfreezing.missing(connection, hold):
            return
        done = await self._acts.unfreezing.release(connection, hold, actor, _CASE.format(case.case_id), now)
        if done is not None:
            await audit_log.record(connection, entry_of(done, actor, now))

    async def set_contact(self, account_id: str, contact: Contact) -> None:
        """Reach the owner there from now on; the addresses before are told of the change first."""
        async with self._database.begin() as connection:
            await change_contact(connection, account_id, contact, self._clock(), secrets.token_hex(16))


def _matching(query: Select[Any], table: Table, **wanted: str | None) -> Select[Any]:
    for name, value in wanted.items():
        if value is not None:
            query = query.where(table.c[name] == value)
    return query


async def _case(connection: AsyncConnection, case_id: str, *, lock: bool) -> states.Case | None:
    query = select(cases).where(cases.c.case_id == case_id)
    row = (await connection.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    return None if row is None else states.Case(**row)


async def _entries(connection: AsyncConnection, case_id: str) -> list[Entry]:
    query = (
        select(
            case_entries.c.kind,
            case_entries.c.at,
            case_entries.c.actor,
            case_entries.c.note,
            case_entries.c.verdict,
            case_entries.c.severity,
            case_entries.c.event_id,
            recorded_decisions.c.body.label("decision"),
        )
        .select_from(case_entries.join(cases).outerjoin(recorded_decisions, decision_of_entry()))
        .where(case_entries.c.case_id == case_id)
        .order_by(case_entries.c.sequence)
    )
    return [Entry(**row) for row in (await connection.execute(query)).mappings()]


async def _write(
    connection: AsyncConnection, old: states.Case, case: states.Case, kind: str, actor: str, note: str | None
) -> None:
    await change_case(connection, old, case)
    row = {"case_id": case.case_id, "kind": kind, "at": case.changed_at, "actor": actor, "note": note}
    row["verdict"] = case.verdict
    await connection.execute(insert(case_entries).values(**row))


def _of_version(case: states.Case, version: int | None) -> states.Case:
    if version is not None and version != case.version:
        raise Conflict(f"the case is at version {case.version}")
    return case
