"""What of the queue is looked at: filters that live in the page's address, each of which can be taken away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast
from urllib.parse import urlencode

from msgspec import Struct
from msgspec.structs import replace
from starlette.datastructures import QueryParams

from contracts.decisions import Severity
from contracts.report_kinds import RULES, Kind
from services.cases.queue import VIEWS, Filter, View
from services.cases.search import tidy
from services.cases.states import SEVERITIES
from services.desk.frame import PREFIX
from services.desk.queue_lines import kind_name, span
from services.portal.wording import Wording

KINDS: tuple[Kind, ...] = ("risk", *RULES)
#: Minutes within which something is due, as the form offers them.
DUE_MINUTES = (15, 60, 240, 1440, 4320)
_MOST_NAME = 128


class Asked(Struct, frozen=True, kw_only=True):
    """The filters of an address. `kind`, `least` and the others are empty where the address does not name them, or nonsense."""

    view: View = "open"
    kind: str = ""
    least: str = ""
    assignee: str = ""
    due: int = 0
    q: str = ""
    after: str = ""

    @property
    def filter(self) -> Filter:
        """The same for the queue, but for the text and the time."""
        return Filter(
            view=self.view,
            kind=cast("Kind", self.kind) if self.kind else None,
            least=cast("Severity", self.least) if self.least else None,
            assignee=None if not self.assignee else "" if self.assignee == "-" else self.assignee,
        )

    @property
    def narrowed(self) -> bool:
        """Whether it leaves out anything of its view."""
        return bool(self.kind or self.least or self.assignee or self.due or self.q)

    @property
    def path(self) -> str:
        """The address of it."""
        said: dict[str, str] = {"view": self.view if self.view != "open" else ""}
        said |= {
            name: str(getattr(self, name) or "")
            for name in ("kind", "least", "assignee", "due", "q", "after")
        }
        kept = {name: value for name, value in said.items() if value}
        return f"{PREFIX}?{urlencode(kept)}" if kept else PREFIX

    def but(self, **changes: str | int) -> str:
        """The address of it with changes, from its first page on."""
        return replace(self, after="", **changes).path


def asked_of(query: QueryParams | Mapping[str, str]) -> Asked:
    """The filters of an address; what is none of ours is left out."""
    said = {name: tidy(query.get(name, "")) for name in Asked.__struct_fields__}
    due = said["due"]
    return Asked(
        view=next((view for view in VIEWS if view == said["view"]), "open"),
        kind=said["kind"] if said["kind"] in KINDS else "",
        least=said["least"] if said["least"] in SEVERITIES[1:] else "",
        assignee=said["assignee"][:_MOST_NAME],
        due=int(due) if due.isdecimal() and len(due) < 6 else 0,
        q=said["q"],
        after=said["after"],
    )


def chips(asked: Asked, t: Wording) -> list[tuple[str, str]]:
    """The filters that are on, in words, each with the address without it."""
    found: list[tuple[str, str]] = []
    if asked.kind:
        found.append((kind_name(asked.kind, t), asked.but(kind="")))
    if asked.least:
        worst = asked.least == "high"
        severity = t(f"queue_severity.{asked.least}")
        words = t("queue_filter.least") if worst else t("queue_filter.from", severity=severity)
        found.append((words, asked.but(least="")))
    if asked.assignee:
        name = t("queue_filter.nobody") if asked.assignee == "-" else asked.assignee
        found.append((name, asked.but(assignee="")))
    if asked.due:
        found.append((t("queue_span.within", span=span(asked.due * 60.0, t)), asked.but(due=0)))
    if asked.q:
        found.append((f"“{asked.q}”", asked.but(q="")))
    return found
