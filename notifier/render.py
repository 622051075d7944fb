"""A notice in the reader's words: plain text and HTML from the same words and facts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from contracts.errors import Malformed
from notifier import facts, spelled
from notifier.body import Body, body
from notifier.channels import Letter
from notifier.claims import Notice
from notifier.facts import Reader
from notifier.rates import DIGEST
from notifier.routing import Route
from notifier.summary import summary
from notifier.words import notices, words
from services.cases.references import reference

_SIGNS = {"stop": "✕", "wait": "●", "good": "✓", "calm": "●"}
_RULE = re.compile(r"\.([\w-]+) \{([^}]*)\}")
_GAP = "{ref}"


class Templates:
    """Writes letters in the name of `service`. The words and the two templates are read once."""

    def __init__(self, service: str) -> None:
        self._service = service
        loader = PackageLoader("notifier", "templates")
        settings: dict[str, Any] = {
            "loader": loader,
            "trim_blocks": True,
            "lstrip_blocks": True,
            "undefined": StrictUndefined,
        }
        # Plain text is no markup; the page escapes everything.
        self._text = Environment(autoescape=False, **settings).get_template("letter.txt")  # noqa: S701
        self._page = Environment(autoescape=True, **settings).get_template("letter.html")
        sheet = files("notifier.templates").joinpath("letter.css").read_text("utf-8").split("*/", 1)[1]
        self._sheet = Markup(sheet.strip())  # noqa: S704  it is ours
        self._styles = {
            name: " ".join(said.split()) for name, said in _RULE.findall(sheet.split("@media")[0])
        }
        self.notices = notices()

    def letter(self, notice: Notice, route: Route) -> Letter:
        """The letter of a notice to a reader.

        Raises Malformed for a notice without words, or about nothing that is known.
        """
        reader = Reader(words(route.locale), route.time_zone)
        parts = self._parts(notice, reader)
        page = self._page.render(**parts, sheet=self._sheet, c=self._styled)
        text = self._text.render(**parts)
        return Letter(
            to=route.to,
            subject=parts["subject"],
            text=re.sub(r"\n{3,}", "\n\n", text).strip() + "\n",
            html=re.sub(r"\n\s*\n+", "\n", page).strip() + "\n",
            language=route.locale,
        )

    def _parts(self, notice: Notice, reader: Reader) -> dict[str, Any]:
        """Everything that both templates say."""
        if notice.template == DIGEST:
            found = summary(notice.told, reader)
        elif len(notice.told) == 1:
            found = body(notice.told[0], reader)
        else:
            raise Malformed("unknown_event", "a notice about nothing that is recorded")
        frame, said = reader.words.frame, found.said
        gaps = {**found.gaps, "service": self._service}
        real = frame["real_how"].replace("{service}", self._service).split(_GAP)
        account = spelled.account(notice.account_id, reader.words.locale)
        return {
            "locale": reader.words.locale,
            "service": self._service,
            "frame": frame,
            "tone": said["tone"],
            "sign": _SIGNS[said["tone"]],
            "chip": said["chip"],
            "subject": said["subject"].format_map(gaps),
            "title": said["title"].format_map(gaps),
            "lead": (found.lead or said["lead"]).format_map(gaps),
            "amount_label": reader.words.say("label.amount"),
            "amount": found.amount,
            "facts": found.facts,
            "lines": facts.lines(found.facts, frame),
            "usual_title": frame["stays" if found.stays else "usual"],
            "usual": frame["separator"].join(found.usual),
            "todo": _todo(found, frame, gaps),
            "columns": [
                (frame[name], items) for name, items in (("did", found.did), ("works", found.works)) if items
            ],
            "real": real,
            "reference": reference(notice.notice_id),
            "account": frame["account"].format(account=account, service=self._service),
        }

    def _styled(self, name: str) -> Markup:
        style = self._styles.get(name, "").replace('"', "'")
        return Markup('class="{}"').format(name) + (
            Markup(' style="{}"').format(Markup(escape(style).replace("&#39;", "'"))) if style else ""  # noqa: S704
        )


def _todo(found: Body, frame: Mapping[str, str], gaps: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """What to do if it was not the reader, and if it was: a name, a heading and what then."""
    said = found.said
    todo = [
        (name, said.get(f"{name}_title") or frame[name], text.format_map(gaps))
        for name, text in (("no", said.get("no")), ("yes", found.yes or said.get("yes")))
        if text
    ]
    return todo[::-1] if said.get("first") == "yes" else todo
