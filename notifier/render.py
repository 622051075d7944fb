"""A notice in the reader's words: plain text and HTML from the same words and facts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from contracts.errors import Malformed
from notifier import facts, spelled
from notifier.answering import Asked, asked
from notifier.body import Body, body
from notifier.channels import Letter, Short
from notifier.facts import Reader
from notifier.routing import Route
from notifier.short import short
from notifier.summary import summary
from notifier.told import Notice
from notifier.words import notices, words
from services.cases.classes import DIGEST, WEEKLY
from services.cases.references import reference

_SIGNS = {"stop": "✕", "wait": "●", "good": "✓", "calm": "●"}
_RULE = re.compile(r"\.([\w-]+) \{([^}]*)\}")
_GAP = "{ref}"

#: The address of the link by which the reader of a notice (its id, its account) answers it; None for no link.
LinkOf = Callable[[str, str], str | None]


def no_link(_notice_id: str, _account_id: str) -> None:
    """For letters that only tell."""


class Templates:
    """Writes letters in the name of `service`, with the links of `link_of`. The words and the two templates are read once."""

    def __init__(self, service: str, link_of: LinkOf = no_link) -> None:
        self._service = service
        self._link_of = link_of
        # Who has no links has no pages either: nothing is listed there.
        self._real = "real_support" if link_of is no_link else "real_how"
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
        parts = {**self._parts(notice, reader), "unsubscribe": self._unsubscribe(notice)}
        page = self._page.render(**parts, sheet=self._sheet, c=self._styled)
        text = self._text.render(**parts)
        return Letter(
            to=route.to,
            subject=parts["subject"],
            text=re.sub(r"\n{3,}", "\n\n", text).strip() + "\n",
            html=re.sub(r"\n\s*\n+", "\n", page).strip() + "\n",
            language=route.locale,
            short=self._short(notice, parts, reader),
            account_id=notice.account_id,
            template=notice.template,
            reference=parts["reference"],
            unsubscribe=parts["unsubscribe"],
        )

    def _short(self, notice: Notice, parts: Mapping[str, Any], reader: Reader) -> Short:
        link = self._asked_by(notice)[1]
        return short(
            parts["subject"],
            parts["lead"],
            notice.told[0] if len(notice.told) == 1 else None,
            reader,
            self._service,
            parts["reference"],
            link,
            asks=link is not None or any(name == "no" for name, *_ in parts["todo"]),
            phrase=notice.phrase,
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
        real = frame[self._real].replace("{service}", self._service).split(_GAP)
        account = spelled.account(notice.account_id, reader.words.locale)
        todo = _todo(found, frame, gaps)
        answers = self._answers(notice, said, frame)
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
            "usual_title": frame[found.headed],
            "usual": frame["separator"].join(found.usual),
            "answers": answers,
            "under": _under(todo, frame) if answers else [],
            "todo": [] if answers else todo,
            "columns": [
                (frame[name], items) for name, items in (("did", found.did), ("works", found.works)) if items
            ],
            "real": real,
            "phrase": None if notice.phrase is None else frame["phrase"].split("{phrase}"),
            "own_phrase": None if notice.phrase is None else spelled.isolated(notice.phrase),
            "reference": reference(notice.notice_id),
            "account": frame["account"].format(account=account, service=self._service),
        }

    def _answers(
        self, notice: Notice, said: Mapping[str, Any], frame: Mapping[str, str]
    ) -> list[tuple[str, str, str]]:
        """The buttons: a name, what it says and where it leads. "No" is first; "yes" is left out where only a code counts."""
        wanted, link = self._asked_by(notice)
        if wanted is None or link is None:
            return []
        no = ("no", said.get("no_button") or frame["no_button"], f"{link}/no")
        return [no, ("yes", frame["yes_button"], f"{link}/yes")] if wanted.yes == "link" else [no]

    def _asked_by(self, notice: Notice) -> tuple[Asked | None, str | None]:
        """What the letter asks, and the link that answers it; None for what there is not."""
        told = notice.told[0] if len(notice.told) == 1 else None
        wanted = None if told is None else asked(told.template, told.decision)
        return wanted, None if wanted is None else self._link_of(notice.notice_id, notice.account_id)

    def _unsubscribe(self, notice: Notice) -> str | None:
        """Where the reader ends such letters: of summaries of a week alone, never of what they must be told."""
        link = self._link_of(notice.notice_id, notice.account_id) if notice.template == WEEKLY else None
        return None if link is None else link.replace("/answer/", "/unsubscribe/")

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


def _under(todo: list[tuple[str, str, str]], frame: Mapping[str, str]) -> list[tuple[str, str]]:
    """What stands below buttons: a heading and what then; for who was told never to press what stands in a letter, too."""
    headings = {"no": frame["by_hand"]}
    return [(headings.get(name, heading), said) for name, heading, said in reversed(todo)]
