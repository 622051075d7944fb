"""The case that a path names."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path

from services.http.identifiers import plain


async def _case_path(case_id: Annotated[str, Path(min_length=1, max_length=128)]) -> str:
    return plain(case_id)


CaseId = Annotated[str, Depends(_case_path)]
