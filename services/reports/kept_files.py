"""Files beside cases in SQL: the owner's, and those that staff put there, which owners are not shown."""

from __future__ import annotations

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import derived_id
from services.cases.acts.asked import Off
from services.cases.acts.attached import Attached
from services.cases.case_records import OWNER
from services.cases.report_tables import case_files
from services.cases.states import Case
from services.mfa.vault import Vault
from services.reports import sealed_files
from services.reports.file_places import OWNERS, STAFFS, TooMany, place_of


class KeptFiles:
    """Every method works inside the transaction of a caller who has locked the case."""

    def __init__(self, vault: Vault) -> None:
        """`vault` seals the keys of files."""
        self._vault = vault

    async def add(
        self,
        connection: AsyncConnection,
        case: Case,
        file: Attached,
        by: str,
        now: float,
        number: int | None = None,
    ) -> tuple[int, bool]:
        """The file's number beside the case, and whether it is new there. Raises FileThere, TooMany."""
        query = select(case_files.c.number, case_files.c.digest).where(case_files.c.case_id == case.case_id)
        there = {row.number: row.digest for row in await connection.execute(query)}
        for known, digest in there.items():
            if digest == file.digest and number in (None, known):
                return int(known), False
        place = place_of(there, number, OWNERS if by == OWNER else STAFFS)
        file_id = derived_id(f"{case.case_id}:{place}", "file")
        sealed = sealed_files.seal(self._vault, case.account_id, file_id, file.body)
        row = {
            "file_id": file_id,
            "case_id": case.case_id,
            "number": place,
            "account_id": case.account_id,
            "name": file.name,
            "media_type": file.media_type,
            "size_bytes": len(file.body),
            "digest": file.digest,
            "secret": sealed.secret,
            "sealed": sealed.body,
            "added_at": now,
            "added_by": by,
        }
        await connection.execute(insert(case_files).values(row))
        return place, True

    async def put(
        self, connection: AsyncConnection, case: Case, file: Attached, by: str, now: float
    ) -> Off | None:
        """Put a file of staff's there; why it cannot be: it is there already, or there are enough."""
        try:
            _, new = await self.add(connection, case, file, by, now)
        except TooMany:
            return Off("files_full", {"count": str(len(STAFFS))})
        return None if new else Off("file_there")

    async def take_back(self, connection: AsyncConnection, case_id: str, digest: str, by: str) -> bool:
        """Remove what `by` put there; whether it was there."""
        this = case_files.c.case_id == case_id, case_files.c.digest == digest, case_files.c.added_by == by
        return (await connection.execute(delete(case_files).where(*this))).rowcount > 0
