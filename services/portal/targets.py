"""The page of the security centre that a link or a sign-in leads to: one of its own, and no address that somebody gave. Pure."""

from __future__ import annotations

from typing import Literal, get_args
from urllib.parse import quote

from contracts.identifiers import is_identifier
from contracts.report_kinds import RULES

#: What may be asked for by name. `answer` is the page of one event, so it needs the event.
TargetPage = Literal[
    "overview",
    "activity",
    "devices",
    "authenticator",
    "messages",
    "notifications",
    "help",
    "report",
    "cases",
    "answer",
]
_CENTRE = "centre"
_MOST_ID = 128


class NoTarget(ValueError):
    """The centre has no such page, or the page does not go with what was said beside it."""


def path_to(page: str, kind: str | None = None, about: str | None = None) -> str:
    """The path of the page below the pages' own prefix; `kind` of report, and the event that a report or an answer is `about`.

    Raises NoTarget with the rule.
    """
    if page not in get_args(TargetPage):
        raise NoTarget(f"page is one of {', '.join(get_args(TargetPage))}")
    if kind is not None and (page != "report" or kind not in RULES):
        raise NoTarget(f"kind belongs to the page report, and is one of {', '.join(RULES)}")
    if about is not None and page not in ("report", "answer"):
        raise NoTarget("about_event_id belongs to the pages report and answer")
    if page == "answer" and about is None:
        raise NoTarget("the page answer needs about_event_id")
    if about is not None and not (is_identifier(about) and len(about) <= _MOST_ID):
        raise NoTarget(f"about_event_id is the id of an event, at most {_MOST_ID} characters")
    path = _CENTRE if page == "overview" else f"{_CENTRE}/{page}"
    if kind is not None:
        path = f"{path}/{kind}"
    return path if about is None else f"{path}?about={quote(about, safe='')}"
