"""What an owner reported and the files beside a case, as they are kept."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, json
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.cases.report_tables import case_files, case_reports

#: Who put an owner's own file beside their case.
OWNER = "owner"
_answers = json.Decoder(dict[str, str]).decode


class Told(Struct, frozen=True, kw_only=True):
    """What an owner reported: the fields of its kind, and their own words. `made_at` is epoch seconds."""

    answers: Mapping[str, str]
    text: str
    through: str
    made_at: float


class FileKept(Struct, frozen=True, kw_only=True):
    """A file beside a case, without what is in it."""

    number: int
    name: str
    media_type: str
    size_bytes: int
    added_at: float
    added_by: str = OWNER


async def told_of(connection: AsyncConnection, case_id: str) -> Told | None:
    """What the owner reported; None for a case that nobody reported."""
    row = (await connection.execute(select(case_reports).where(case_reports.c.case_id == case_id))).first()
    if row is None:
        return None
    return Told(answers=_answers(row.answers), text=row.text, through=row.through, made_at=row.made_at)


async def files_of(
    connection: AsyncConnection, case_id: str, *, owners_alone: bool = False
) -> list[FileKept]:
    """The files beside the case, by number, or those alone that its owner put there."""
    columns = [case_files.c[name] for name in FileKept.__struct_fields__]
    query = select(*columns).where(case_files.c.case_id == case_id).order_by(case_files.c.number)
    if owners_alone:
        query = query.where(case_files.c.added_by == OWNER)
    return [FileKept(**row) for row in (await connection.execute(query)).mappings()]
