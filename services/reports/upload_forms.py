"""Forms of the centre with files: read once the session is known, believed once their token is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Request

from services.http.uploads import Form, Uploads
from services.portal.sessions import require_token


@asynccontextmanager
async def upload_form(request: Request) -> AsyncIterator[Form]:
    """The form, for as long as it is held. Ask for the session first. Raises Problem 403 for one that none of its pages made."""
    uploads: Uploads = request.app.state.uploads
    async with uploads.form(request) as form:
        require_token(request, form.fields.get("token", ""))
        yield form
