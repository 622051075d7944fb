"""When a page of the desk cannot be shown, or an act was not done: the same errors as everywhere else, told to a member."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.desk.frame import PREFIX, bare, headers, locale_of, own_path, words
from services.http.problems import Problem, request_id_of
from services.staff.access import CHECK, known_session
from services.staff.members import Member

_PAGES = {
    400: "unread",
    401: "signed_out",
    403: "forbidden",
    404: "missing",
    405: "missing",
    408: "unread",
    409: "changed",
    413: "unread",
    429: "slow",
    503: "away",
}
_OF_CODE = {"role": "role", "form_token": "form", "other_site": "form"}


def problem_page(request: Request, problem: Problem) -> Response:
    """The page that says what the problem means and what to do; without a session, a page leads to the sign-in.

    A problem may name its own sentence of the desk's words: `says`, a key whose `_title` is the heading.
    """
    if problem.status == 401 and request.method in ("GET", "HEAD"):
        wanted = own_path(request.url.path + (f"?{request.url.query}" if request.url.query else ""))
        query = "" if wanted == PREFIX else f"?{urlencode({'next': wanted})}"
        where = f"{PREFIX}/sign-in/company" if problem.code == CHECK else f"{PREFIX}/sign-in"
        return RedirectResponse(f"{where}{query}", status_code=303, headers=headers(request))
    session = known_session(request)
    member = None if session is None else session.member
    name = _OF_CODE.get(problem.code) or _PAGES.get(problem.status, "broken")
    said = problem.extra.get("says", f"problem.{name}")
    shown = bare(
        request,
        "problem",
        member,
        problem.status,
        name=name,
        said=said,
        values={"may": _may(request, problem, member), "request": request_id_of(request)},
    )
    shown.headers.update(
        {name: value for name, value in problem.headers.items() if name.lower() != "www-authenticate"}
    )
    return shown


def _may(request: Request, problem: Problem, member: Member | None) -> str:
    """The roles that may, in the reader's words."""
    t = words(locale_of(request, member))
    return t("site.or").join(t(f"role.{role}") for role in problem.extra.get("may", []))
