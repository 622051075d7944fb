"""What an owner does with a case of theirs: report, add to it, take it back, appeal; and the files beside it."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Mapping

from msgspec import Struct, json, structs
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import derived_id
from contracts.report_kinds import Clock, ReportKind
from services.audit import audit_log
from services.cases import states
from services.cases.acts.attached import Attached
from services.cases.business_days import DeadlineSet
from services.cases.case_deadlines import promised
from services.cases.case_notices import tell_closed, tell_received
from services.cases.case_records import OWNER
from services.cases.case_rows import case_of, note_entry, write
from services.cases.queue_states import with_stake
from services.cases.references import case_number
from services.cases.report_tables import case_files, case_reports
from services.cases.repository import change_case
from services.cases.subjects import known_event
from services.cases.tables import case_entries, cases
from services.mfa.vault import Vault
from services.platform.database import Database, insert_new
from services.platform.metrics import REPORTS
from services.reports import pictures, sealed_files
from services.reports.fields import checked_answers, checked_text
from services.reports.file_places import TooMany
from services.reports.kept_files import KeptFiles

#: Of one account, that nobody fills the desk or the database.
MOST_OPEN, MOST_A_DAY, MOST_NOTES = 10, 20, 100
_DAY_S = 86_400.0


class Report(Struct, frozen=True, kw_only=True):
    """What an owner reports; `through` is `page` or `api`. `answers` are the fields of the kind."""

    account_id: str
    kind: ReportKind
    text: str
    through: str
    answers: Mapping[str, str] = {}
    about_event_id: str | None = None


class ReportService:
    """Every method raises Unavailable when the database is away; those about a case answer None where the account has none such,
    and raise IllegalTransition where it does not allow that."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], float],
        clocks: Mapping[ReportKind, Clock],
        vault: Vault,
        deadlines: DeadlineSet | None = None,
    ) -> None:
        """`clocks` are the policy's; `deadlines` hold where it has none of its own; `vault` seals the keys of files."""
        self.database = database
        self.clock = clock
        self.clocks = clocks
        self.deadlines = deadlines
        self.vault = vault
        self.files = KeptFiles(vault)
        self._one_picture = asyncio.Semaphore(1)

    async def make(self, report: Report, by: str, report_id: str | None = None) -> states.Case:
        """Open a case about what the owner reports, and tell them. One of the same `report_id` is the same report.

        Raises Malformed for what the kind does not have, TooMany.
        """
        answers, text = checked_answers(report.kind, report.answers), checked_text(report.text)
        account_id = report.account_id
        named = None if report_id is None else f"{len(account_id)}:{account_id}{report_id}"
        case_id = secrets.token_hex(16) if named is None else derived_id(named, "report")
        async with self.database.begin() as connection:
            known = await case_of(connection, case_id, lock=False)
            if known is not None:
                return known
            now = self.clock()
            await _require_room(connection, account_id, now)
            clock = self.clock_of(report.kind, now)
            case = states.reported(case_id, account_id, report.kind, report.about_event_id, now, clock)
            if report.about_event_id is not None:
                about = await known_event(connection, account_id, report.about_event_id)
                case = with_stake(case, about.shown)
            added = insert_new(cases).values(structs.asdict(case)).returning(cases.c.case_id)
            if (await connection.execute(added)).first() is None:
                return case
            row = {
                "case_id": case_id,
                "account_id": account_id,
                "answers": json.encode(answers).decode(),
                "text": text,
                "through": report.through,
                "made_at": now,
            }
            await connection.execute(insert(case_reports).values(row))
            await note_entry(connection, case, "reported", OWNER)
            await tell_received(connection, case)
            await _audit(connection, case, "report_made", by)
        REPORTS.labels(report.kind).inc()
        return case

    def clock_of(self, kind: ReportKind, now: float) -> Clock:
        """Within how long a report that is made now is answered and ended."""
        return promised(kind, self.clocks[kind], self.deadlines, now)

    async def case(self, account_id: str, case_id: str) -> states.Case | None:
        """The case, if it is the account's."""
        async with self.database.read() as connection:
            return await _own(connection, account_id, case_id, lock=False)

    async def account_of(self, case_id: str) -> str | None:
        """Whose case it is."""
        async with self.database.read() as connection:
            case = await case_of(connection, case_id, lock=False)
        return None if case is None else case.account_id

    async def add_note(self, account_id: str, case_id: str, text: str, note_id: str) -> states.Case | None:
        """Add the owner's words to their case, once for each `note_id`. Raises Missing for none, TooMany."""
        text = checked_text(text)
        async with self.database.begin() as connection:
            case = await _own(connection, account_id, case_id, lock=True)
            if case is None:
                return None
            await _require_notes(connection, case_id)
            changed = states.added(case, self.clock())
            entry_id = derived_id(f"{case_id}:{note_id}", "note")
            if not await note_entry(connection, changed, "note", OWNER, text, entry_id):
                return case
            await change_case(connection, case, changed)
            return changed

    async def withdraw(self, account_id: str, case_id: str, by: str) -> states.Case | None:
        """Close the case at its owner's word."""
        async with self.database.begin() as connection:
            case = await _own(connection, account_id, case_id, lock=True)
            if case is None:
                return None
            if case.kind == "risk":
                raise states.IllegalTransition("a case of risk is support's to end")
            changed = states.withdrawn(case, self.clock())
            await write(connection, case, changed, "withdrawn", OWNER, None)
            await tell_closed(connection, changed)
            await _audit(connection, changed, "report_withdrawn", by)
            return changed

    async def appeal(self, account_id: str, case_id: str, text: str, by: str) -> states.Case | None:
        """Have another person decide again. Raises Missing without a reason."""
        text = checked_text(text)
        async with self.database.begin() as connection:
            case = await _own(connection, account_id, case_id, lock=True)
            if case is None:
                return None
            if case.kind == "risk":
                raise states.IllegalTransition("a case of risk is not appealed; report what is wrong")
            changed = states.appealed(case, now := self.clock(), self.clock_of(case.kind, now))
            await write(connection, case, changed, "appealed", OWNER, text)
            await tell_received(connection, changed)
            await _audit(connection, changed, "report_appealed", by)
            return changed

    async def taken(self, body: bytes, name: str) -> pictures.Taken:
        """The file as it is kept; pictures are opened one after the other. Raises FileRefused."""
        async with self._one_picture:
            return await asyncio.to_thread(pictures.taken, body, name)

    async def attached(self, body: bytes, name: str) -> Attached:
        """The file, ready to stand beside a case. Raises FileRefused."""
        file = await self.taken(body, name)
        digest = hashlib.sha256(body).hexdigest()
        return Attached(name=file.name, media_type=file.media_type, body=file.body, digest=digest)

    async def add_file(
        self,
        account_id: str,
        case_id: str,
        body: bytes,
        name: str,
        number: int | None = None,
    ) -> int | None:
        """Put a file of the owner's beside the case, as `number` or the next that is free; its number. The same file again is
        the same.

        Raises FileRefused, TooMany, and FileThere where another file has the number.
        """
        file = await self.attached(body, name)
        async with self.database.begin() as connection:
            case = await _own(connection, account_id, case_id, lock=True)
            if case is None:
                return None
            now = self.clock()
            place, new = await self.files.add(connection, case, file, OWNER, now, number)
            if new:
                await write(connection, case, states.added(case, now), "file", OWNER, file.name)
            return place

    async def file(self, case_id: str, number: int, account_id: str | None = None) -> pictures.Taken | None:
        """A file beside a case, of this account's owner if one is named; None when there is none. Raises VaultClosed."""
        query = select(case_files).where(case_files.c.case_id == case_id, case_files.c.number == number)
        if account_id is not None:
            query = query.where(case_files.c.account_id == account_id, case_files.c.added_by == OWNER)
        async with self.database.read() as connection:
            row = (await connection.execute(query)).first()
        if row is None:
            return None
        sealed = sealed_files.Sealed(row.secret, row.sealed)
        body = sealed_files.open_sealed(self.vault, row.account_id, row.file_id, sealed)
        return pictures.Taken(row.media_type, row.name, body)

    async def file_for_support(self, case_id: str, number: int, by: str) -> pictures.Taken | None:
        """The same, and the audit says that `by` read it."""
        found = await self.file(case_id, number)
        if found is None:
            return None
        async with self.database.begin() as connection:
            case = await case_of(connection, case_id, lock=False)
            if case is None:
                return None
            read = structs.replace(case, changed_at=self.clock())
            await _audit(connection, read, "file_read", by, f"file {number} of ")
        return found


async def _own(
    connection: AsyncConnection, account_id: str, case_id: str, *, lock: bool
) -> states.Case | None:
    case = await case_of(connection, case_id, lock=lock)
    return None if case is None or case.account_id != account_id else case


async def _require_room(connection: AsyncConnection, account_id: str, now: float) -> None:
    of_account = cases.c.account_id == account_id, cases.c.kind != "risk"
    query = select(func.count()).select_from(cases).where(*of_account)
    if (await connection.execute(query.where(cases.c.state != "resolved"))).scalar_one() >= MOST_OPEN:
        raise TooMany("open reports", MOST_OPEN)
    if (await connection.execute(query.where(cases.c.opened_at > now - _DAY_S))).scalar_one() >= MOST_A_DAY:
        raise TooMany("reports a day", MOST_A_DAY)


async def _require_notes(connection: AsyncConnection, case_id: str) -> None:
    query = (
        select(func.count())
        .select_from(case_entries)
        .where(case_entries.c.case_id == case_id, case_entries.c.kind == "note")
    )
    if (await connection.execute(query)).scalar_one() >= MOST_NOTES:
        raise TooMany("notes in a case", MOST_NOTES)


async def _audit(
    connection: AsyncConnection, case: states.Case, action: str, by: str, what: str = ""
) -> None:
    entry = audit_log.Entry(
        at=case.changed_at,
        action=action,
        result="done",
        actor=by,
        account_id=case.account_id,
        reason=f"{what}case {case_number(case.case_id)}",
    )
    await audit_log.record(connection, entry)
