"""The first sign-in of a member: choose a password, then bind an authenticator."""

from __future__ import annotations

import math

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import Response

from contracts.errors import Malformed
from services.desk.frame import PREFIX, bare, locale_of, require_own_page, words
from services.desk.service import desk_of
from services.desk.sign_in_pages import begun, seen_of
from services.portal.forms import read_form
from services.staff.binding import ToBind
from services.staff.first_sign_in import bind, choose_password
from services.staff.passwords import LEAST
from services.staff.sign_in import Refused
from services.staff.tries import Slow

router = APIRouter(prefix=PREFIX, include_in_schema=False)


@router.get("/first")
@router.get("/first/{code}")
async def first(request: Request, code: str = "") -> Response:
    """Ask for name, the code that was handed over, and a password."""
    return _asking(request, code=code[:64])


@router.post("/first")
async def choose(request: Request) -> Response:
    """Keep the password and show what the authenticator scans."""
    require_own_page(request)
    typed, staff = await read_form(request), desk_of(request).staff
    name, code, password = typed.get("name", ""), typed.get("code", ""), typed.get("password", "")
    t = words(locale_of(request))
    if password != typed.get("again", ""):
        return _asking(request, name, code, t("first.unlike"), 400)
    try:
        shown = await choose_password(staff, name, code, password, seen_of(request))
    except (Refused, Slow) as refused:
        return _asking(request, name, code, t("first.wrong", minutes=math.ceil(refused.wait_s / 60)), 403)
    except Malformed as weak:
        return _asking(request, name, code, t(f"first.{weak.reason}", least=LEAST), 400)
    return _binding(request, name, code, shown)


@router.post("/first/bind")
async def confirm(request: Request) -> Response:
    """Bind the authenticator by a code of it, and sign in."""
    require_own_page(request)
    typed = await read_form(request)
    name, code = typed.get("name", ""), typed.get("code", "")
    t = words(locale_of(request))
    try:
        done = await bind(desk_of(request).staff, name, code, typed.get("digits", ""), seen_of(request))
    except (Refused, Slow) as refused:
        return _asking(request, name, code, t("first.wrong", minutes=math.ceil(refused.wait_s / 60)), 403)
    if isinstance(done, ToBind):
        return _binding(request, name, code, done, t("first.wrong_digits"), 403)
    return begun(request, done, PREFIX)


def _asking(request: Request, name: str = "", code: str = "", wrong: str = "", status: int = 200) -> Response:
    values = {"typed": name[:64], "code": code[:64], "wrong": wrong, "least": LEAST}
    return bare(request, "first", None, status, **values)


def _binding(
    request: Request, name: str, code: str, shown: ToBind, wrong: str = "", status: int = 200
) -> Response:
    picture = Markup(shown.picture)  # noqa: S704 (drawn here, of a secret made here)
    values = {"typed": name, "code": code, "picture": picture, "secret": shown.secret, "wrong": wrong}
    return bare(request, "bind", None, status, **values)
