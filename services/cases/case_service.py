"""What support does with alerts and cases: look, take, resolve, reopen; and how the owner can be reached."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Select, Table, select, tuple_
from sqlalchemy.exc import IntegrityError

from contracts.decisions import Severity
from services.cases import endings, states, verdicts
from services.cases.case_acts import CaseActs, OfferedAct
from services.cases.case_answers import CaseAnswers
from services.cases.case_rows import Conflict, Entry, case_of, entries_of, of_version, write
from services.cases.case_work import CaseWork
from services.cases.contact_points import Contact, change_contact
from services.cases.owner_messages import OwnerMessages
from services.cases.owners import Message, Owner, messages_of, owner_of
from services.cases.preferences import Preferences, Wanted, preferences_of
from services.cases.queue_service import QueueService
from services.cases.reductions import choose
from services.cases.references import notice_ids
from services.cases.search import KeyOf
from services.cases.subjects import Known, Name, known_events
from services.cases.tables import alerts, cases, recorded_decisions
from services.platform import cursors
from services.platform.database import Database


class Alert(Struct, frozen=True, kw_only=True):
    """A decision the security team should see, with the decision itself as JSON."""

    effect_id: str
    event_id: str
    account_id: str
    severity: Severity
    raised_at: float
    decision: str


class Page(Struct, frozen=True):
    """Some rows, newest first, and the cursor of the next ones (None: these were the last)."""

    rows: Sequence[Any]
    cursor: str | None


class CaseService(OwnerMessages):
    """Queries and support's actions; every method raises Unavailable when the database is away."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], float],
        acts: CaseActs | None = None,
        key_of: KeyOf | None = None,
    ) -> None:
        """`acts` say what may be done about an account; `key_of` as for `QueueService`."""
        super().__init__(database, clock)
        self._acts = acts or CaseActs()
        self.answers = CaseAnswers(database, clock)
        self.queue = QueueService(database, clock, key_of)
        self.work = CaseWork(database, clock)

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
        kind: str | None = None,
    ) -> Page:
        """Cases, last opened first. Raises Malformed for a cursor that is not ours."""
        wanted = {"state": state, "severity": severity, "account_id": account_id, "kind": kind}
        query = _matching(select(cases), cases, **wanted)
        rows, following = await cursors.page(
            self._database, query, cases.c.opened_at, cases.c.case_id, cursor, limit
        )
        return Page([states.Case(**row) for row in rows], following)

    async def case(self, case_id: str) -> tuple[states.Case, list[Entry]] | None:
        """The case and its history, oldest first; None when there is none."""
        async with self._database.read() as connection:
            case = await case_of(connection, case_id, lock=False)
            return None if case is None else (case, await entries_of(connection, case_id))

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
            case = await case_of(connection, case_id, lock=True)
            if case is None:
                return None
            changed = states.assigned(of_version(case, version), assignee, self._clock())
            await write(connection, case, changed, "assigned", actor, assignee)
            return changed

    async def resolve(
        self, case_id: str, verdict: states.Verdict, actor: str, note: str | None, version: int | None
    ) -> states.Case | None:
        """Close the case; its events are labelled with the verdict in the stream, unless it is `unclear`.

        A legitimate verdict also releases a freeze, or asks for a second person to, once the policy's steps are done: see `acts`.
        None when there is no such case. Raises IllegalTransition and Conflict.
        """
        now = self._clock()
        async with self._database.begin() as connection:
            case = await case_of(connection, case_id, lock=True)
            if case is None:
                return None
            case = of_version(case, version)
            changed, decisions = await endings.resolve(
                connection, case, verdict, actor, note, self._acts.unfreezing, now
            )
        verdicts.count(changed, decisions)
        return changed

    async def reopen(self, case_id: str, reason: str, actor: str, version: int | None) -> states.Case | None:
        """Take up a resolved case again; what its verdict sent out stands until another verdict says otherwise.

        None when there is none. Raises IllegalTransition, Conflict, and OtherOpen where the account has an unresolved case.
        """
        try:
            async with self._database.begin() as connection:
                case = await case_of(connection, case_id, lock=True)
                if case is None:
                    return None
                return await endings.reopen(
                    connection, of_version(case, version), reason, actor, self._clock()
                )
        except IntegrityError:
            raise Conflict("another case of the account was opened meanwhile") from None

    async def set_contact(self, account_id: str, contact: Contact) -> None:
        """Reach the owner there from now on; the addresses before are told of the change first."""
        async with self._database.begin() as connection:
            await change_contact(connection, account_id, contact, self._clock(), secrets.token_hex(16))

    async def preferences(self, account_id: str) -> Preferences:
        """How the owner wants to be told."""
        async with self._database.read() as connection:
            return await preferences_of(connection, account_id)

    async def set_preferences(self, account_id: str, wanted: Wanted, by: str) -> Preferences:
        """Put what the owner chose in place of what was chosen before. Raises Malformed as `change_preferences` does."""
        async with self._database.begin() as connection:
            return await choose(connection, account_id, wanted, by, self._clock())


def _matching(query: Select[Any], table: Table, **wanted: str | None) -> Select[Any]:
    for name, value in wanted.items():
        if value is not None:
            query = query.where(table.c[name] == value)
    return query
