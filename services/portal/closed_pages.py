"""When the security centre has closed: what happened, how to get on, and what was typed, to be sent from there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from services.http.problems import Problem
from services.http.uploads import Uploads, upload_bytes
from services.portal.forms import Limits, read_form
from services.portal.pages import PREFIX, page
from services.portal.portal import portal_of

#: As much as the largest form of the centre without files.
_LIMITS = Limits(body_bytes=8192, fields=40)


class Closed(Problem):
    """The centre is not open. `typed` names the fields of the form that people write in; none for a page or any other form."""

    def __init__(self, typed: Sequence[str] = ()) -> None:
        super().__init__(403, "no_session", "the security centre is not open")
        self.typed = typed


class Kept(Struct, frozen=True):
    """A form that came too late: what people typed in it, all its fields, and the names of its files, which are not kept."""

    words: Sequence[str]
    fields: Mapping[str, str]
    files: Sequence[str]
    multipart: bool


async def closed_page(request: Request, closed: Closed) -> Response:
    """The page that says so. A form is shown again only to the browser in whose session it was made."""
    portal = portal_of(request)
    visit = await portal.visits.ended(request.cookies.get(portal.cookie, ""))
    kept = None
    if visit is not None and closed.typed and request.method == "POST":
        kept = await _kept(request, closed.typed)
        if not portal.visits.is_earlier(visit.account_id, kept.fields.get("token", "")):
            kept = None
    idle_s, longest_s = portal.visits.lasting
    return page(
        request,
        "centre/closed",
        wanted=None if visit is None else visit.locale,
        status=403,
        minutes=f"{idle_s / 60:g}",
        hours=f"{longest_s / 3600:g}",
        asked=request.method == "POST",
        kept=kept,
        action=request.url.path,
        sign_in=f"{PREFIX}/sign-in" if request.app.state.sign_in is not None else None,
    )


async def _kept(request: Request, typed: Sequence[str]) -> Kept:
    """Raises Malformed, Overloaded and Problem 408 and 413 for what is no form that the centre could have made."""
    multipart, names = upload_bytes(request.url.path) is not None, list[str]()
    if multipart:
        uploads: Uploads = request.app.state.uploads
        async with uploads.form(request) as form:
            fields, names = form.fields, [name for name, _ in form.files if name]
    else:
        fields = await read_form(request, _LIMITS)
    return Kept([fields[name] for name in typed if fields.get(name, "").strip()], fields, names, multipart)
