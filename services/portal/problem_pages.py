"""When a page cannot be shown: the same errors as everywhere else, told to a person."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from services.http.problems import Problem, request_id_of
from services.mfa.records import Hint
from services.portal.pages import page

#: A page that could not be shown is asked for again after so long, by the browser itself.
LOOK_AGAIN_S = "5"
_PAGES = {
    400: "ended",
    403: "ended",
    404: "missing",
    405: "missing",
    408: "unread",
    410: "used",
    413: "unread",
    429: "slow",
    503: "away",
}


def problem_page(request: Request, problem: Problem) -> Response:
    """The page that says what the problem means to the reader and what they can do."""
    name = problem.extra.get("page") or _PAGES.get(problem.status, "broken")
    looks_again = name == "away" and request.method == "GET"
    response = outcome(request, "away_look" if looks_again else name, status=problem.status)
    response.headers.update(problem.headers)
    if looks_again:
        response.headers["Refresh"] = LOOK_AGAIN_S
    return response


def refusal(beginning: str, hint: Hint | None) -> str:
    """The sentence about a refused code, what to do now: one of those whose names begin so."""
    return f"{beginning}{hint or 'next'}"


def outcome(
    request: Request,
    name: str,
    *,
    wanted: str | None = None,
    status: int = 200,
    kind: str = "",
    **values: object,
) -> Response:
    """A page of one result: `name` is its part of the catalogue, `kind` chooses its sentence, `values` fill it."""
    lead = f"{name}.lead_{kind}" if kind else f"{name}.lead"
    shown = {"request": request_id_of(request), **values}
    tone = _TONES.get(name, "calm")
    return page(
        request, "result", wanted=wanted, status=status, name=name, lead=lead, values=shown, tone=tone
    )


_TONES = {
    "approved": "good",
    "done": "good",
    "undone": "good",
    "refused": "stop",
    "locked": "pause",
    "paused": "pause",
    "disabled": "pause",
    "codeless": "good",
    "slow": "pause",
    "away": "pause",
    "away_look": "pause",
    "unread": "pause",
    "broken": "pause",
}
