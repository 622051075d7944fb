"""The frame of every page of the desk: its words, top bar and headers; and the forms that its pages send."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from contracts.errors import Malformed
from notifier import spelled
from services.desk.service import Desk, desk_of
from services.http.problems import Problem
from services.portal.asset_files import AssetFiles
from services.portal.forms import Limits, read_pairs
from services.portal.pages import LANGUAGE_COOKIE, headers_of, templates
from services.portal.wording import LOCALES, NAMES, Wording, known, preferred, wording
from services.staff.access import session_of, signed_in
from services.staff.members import Member

PREFIX = "/desk"
ASSETS = AssetFiles("services.desk", PREFIX)
_ROOM = "services.desk"
_POLICY = "; ".join(
    [
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ]
)
#: The largest form: a note with every character of three bytes escaped, and ticked rows beside it.
_LIMITS = Limits(body_bytes=65_536, fields=240)
#: Sections of the top bar, in their order: name, path, second key after `g`.
_SECTIONS = (
    ("queue", PREFIX, "q"),
    ("today", f"{PREFIX}/today", "t"),
    ("attacks", f"{PREFIX}/attacks", "a"),
    ("approvals", f"{PREFIX}/approvals", "p"),
    ("report", f"{PREFIX}/report", "r"),
    ("staff", f"{PREFIX}/staff", ""),
)


def words(locale: str) -> Wording:
    """Every sentence of the desk in that language."""
    return wording(locale, _ROOM)


def locale_of(request: Request, member: Member | None = None) -> str:
    """The member's language; of whoever is not signed in, what they chose before, else what the browser asks for."""
    if member is not None:
        return member.locale
    chosen = known(request.query_params.get("lang")) or known(request.cookies.get(LANGUAGE_COOKIE))
    return chosen or preferred(request.headers.get("accept-language", ""))


def headers(request: Request) -> dict[str, str]:
    """What every answer of the desk carries. With its own pages a browser says whose form it sends: see `require_own_page`."""
    return {
        **headers_of(request),
        "Content-Security-Policy": _POLICY,
        "Referrer-Policy": "same-origin",
    }


async def page(
    request: Request, member: Member, template: str, section: str, status: int = 200, **values: Any
) -> Response:
    """The page of a template for the member; `section` is that of the top bar, empty for none. Raises Unavailable.

    `values` go to the template, besides `t`, `locale`, `member`, `csrf`, `asset`, and `day`, `clock` and `moment`, which write
    epoch seconds on the member's clock. `toast`, if given, has `text`, and `undo` (a path) for `left_s` seconds.
    """
    desk = desk_of(request)
    session = await session_of(request)
    counts = await desk.counts.of(desk.database, member, desk.clock)
    return _rendered(
        request,
        template,
        member.locale,
        status,
        **{
            "member": member,
            "section": section,
            "sections": _sections(member, counts),
            "csrf": "" if session is None else session.csrf,
            "here": _here(request),
            "toast": None,
            "query": None,
            **on_clock(member),
            **values,
        },
    )


def bare(
    request: Request, template: str, member: Member | None = None, status: int = 200, **values: Any
) -> Response:
    """The page of a template without the top bar, for whoever is signed in or not."""
    return _rendered(request, template, locale_of(request, member), status, member=member, **values)


def on_clock(member: Member) -> dict[str, Any]:
    """How epoch seconds are written on the member's clock."""
    zone, locale = member.time_zone, member.locale
    return {
        "day": lambda at: spelled.day(at, locale, zone),
        "clock": lambda at: spelled.clock(at, zone),
        "moment": lambda at: spelled.moment(at, locale, zone),
    }


async def form(request: Request, *many: str) -> tuple[Mapping[str, str], Mapping[str, Sequence[str]]]:
    """The fields of a form that one of the session's own pages sent; those named `many` may stand more than once, or not at all.

    Raises Problem 401 and 403, Malformed. Every act asks for its member's role besides.
    """
    await signed_in(request)
    require_own_page(request)
    pairs = await read_pairs(request, _LIMITS)
    once = [(name, said) for name, said in pairs if name not in many]
    fields = dict(once)
    if len(fields) != len(once):
        raise Malformed("form", "a field stands twice")
    await require_token(request, fields.pop("csrf", ""))
    return fields, {each: [said for name, said in pairs if name == each] for each in many}


async def require_token(request: Request, said: str) -> None:
    """Raise Problem 403 for a form without the token of its session, 401 without a session."""
    session = await signed_in(request)
    if not hmac.compare_digest(said.encode(), session.csrf.encode()):
        raise Problem(403, "form_token", "the form was not made by a page of this session")


def require_own_page(request: Request) -> None:
    """Raise Problem 403 for a form that a browser says another site sent. A browser always says; programs need not."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site not in (None, "same-origin", "none"):
        raise Problem(403, "other_site", "another site sent this form")
    if (
        origin is not None
        and origin != desk_of(request).url
        and urlsplit(origin).netloc != request.headers.get("host")
    ):
        raise Problem(403, "other_site", "another site sent this form")


def go_to(request: Request, path: str) -> Response:
    """Answer a form by a page of the desk, so that reloading sends nothing twice. Any other address leads to the queue."""
    return RedirectResponse(own_path(path), status_code=303, headers=headers(request))


def own_path(path: str | None) -> str:
    """The path, when it is one of the desk's own pages; else the queue's. What is asked for may have been written by anybody."""
    if (
        not path
        or len(path) > 2000
        or not path.isascii()
        or not path.isprintable()
        or "\\" in path
        or "/." in path
    ):
        return PREFIX
    found = urlsplit(path)
    inside = found.path == PREFIX or found.path.startswith(f"{PREFIX}/")
    if (
        found.scheme
        or found.netloc
        or not inside
        or found.path.startswith((f"{PREFIX}/sign", f"{PREFIX}/first"))
    ):
        return PREFIX
    return path


def _rendered(request: Request, template: str, locale: str, status: int, **values: Any) -> Response:
    other = next(each for each in LOCALES if each != locale)
    desk: Desk = desk_of(request)
    text = (
        templates(_ROOM)
        .get_template(f"{template}.html")
        .render(
            t=words(locale),
            locale=locale,
            other=other,
            other_name=NAMES[other],
            service=desk.service,
            asset=ASSETS.path,
            prefix=PREFIX,
            **values,
        )
    )
    return Response(text, status_code=status, media_type="text/html", headers=headers(request))


def _here(request: Request) -> str:
    """The address of this page, for forms that come back to it; that of an act is none to come back to."""
    if request.method not in ("GET", "HEAD"):
        return PREFIX
    return own_path(request.url.path + (f"?{request.url.query}" if request.url.query else ""))


def _sections(member: Member, counts: Any) -> list[dict[str, Any]]:
    """The sections that the member has pages in."""
    shown = []
    for name, path, key in _SECTIONS:
        count = getattr(counts, name, 0)
        if path not in _paths() or (name == "staff" and member.role != "admin"):
            continue
        shown.append({"name": name, "path": path, "key": key, "count": count, "hot": name == "attacks"})
    return shown


@cache
def _paths() -> frozenset[str]:
    # Imported here: every module of pages imports the frame.
    from services.desk.routers import ROUTERS

    return frozenset(str(getattr(route, "path", "")) for router in ROUTERS for route in router.routes)
