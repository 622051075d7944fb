"""Figures as a file that a spreadsheet opens."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.requests import Request
from starlette.responses import Response

from services.desk.frame import headers
from services.desk.report import Row, csv_of


def csv_answer(request: Request, name: str, rows: Iterator[Row]) -> Response:
    """The rows as an attachment called by that name."""
    disposition = f'attachment; filename="{name}.csv"'
    return Response(
        csv_of(rows),
        media_type="text/csv; charset=utf-8",
        headers={**headers(request), "Content-Disposition": disposition},
    )
