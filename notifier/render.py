"""A notice in the reader's words: what happened, when in their time zone, what was done, what they can do."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from importlib.resources import files
from string import Template
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contracts.amounts import grouped
from contracts.decisions import Decision, IssueChallenge
from contracts.errors import Malformed
from notifier.channels import Letter
from notifier.claims import Told
from notifier.rates import DIGEST
from notifier.routing import LOCALES, Route

#: What an event is called, by locale and event type.
WHAT: Mapping[str, Mapping[str, str]] = {
    "en": {"login": "A login", "transaction": "A payment", "account_change": "A change of settings"},
    "zh-CN": {"login": "登录", "transaction": "交易", "account_change": "账户设置变更"},
}
_OTHER = {"en": "An operation", "zh-CN": "操作"}
_NOTHING = {"en": "Several small signs together.", "zh-CN": "多项轻微异常同时出现。"}
#: A digest gives so many times of one kind; of more, how many there were.
_MOST_TIMES = 10
#: The sentences of a decision in the reader's language.
Reasons = Callable[[Decision], Sequence[str]]
_MONTHS = "January February March April May June July August September October November December".split()


class Templates:
    """The texts of every notice, read once."""

    def __init__(self, texts: Mapping[tuple[str, str], str], layout: str) -> None:
        self._texts = texts
        self._layout = Template(layout)
        self.notices = frozenset(notice for notice, _ in texts)

    @classmethod
    def load(cls) -> Templates:
        """Read them from the package."""
        texts: dict[tuple[str, str], str] = {}
        layout = ""
        for file in files("notifier.templates").iterdir():
            if file.name == "layout.html":
                layout = file.read_text("utf-8")
            elif file.name.endswith(".txt"):
                notice, locale, _ = file.name.split(".")
                texts[notice, locale] = file.read_text("utf-8")
        return cls(texts, layout)

    def letter(
        self, notice: str, told: Sequence[Told], route: Route, reasons: Reasons, service: str
    ) -> Letter:
        """The letter of a notice about what is told; a digest tells of several things, or many.

        Raises Malformed for a notice without a text, or about nothing.
        """
        if notice == DIGEST:
            lines = self._summary(told, route, service)
            filled = {"service": service, "details": _list(lines), "count": str(len(told))}
        elif len(told) == 1:
            filled = _filled_in(told[0], route, reasons, service)
        else:
            filled = {}
        return self._written(notice, filled, route)

    def _summary(self, told: Sequence[Told], route: Route, service: str) -> list[str]:
        """One line for each kind of thing: its subject, and when it happened."""
        locale = _locale(route)
        kinds: dict[str, list[Told]] = {}
        for each in told:
            kinds.setdefault(self._subject(each, route, service), []).append(each)
        colon, comma = ("：", "；") if locale == "zh-CN" else (": ", "; ")
        return [
            subject + colon + comma.join(_times(each, locale, route.time_zone))
            for subject, each in kinds.items()
        ]

    def _subject(self, told: Told, route: Route, service: str) -> str:
        filled = _filled_in(told, route, lambda _decision: (), service)
        return self._filled(told.template, filled, route).partition("\n")[0]

    def _filled(self, notice: str, filled_in: Mapping[str, str], route: Route) -> str:
        text = self._texts.get((notice, _locale(route)))
        if text is None:
            raise Malformed("unknown_notice", f"no text for the notice {notice[:64]!r}")
        return Template(text).substitute(filled_in)

    def _written(self, notice: str, filled_in: Mapping[str, str], route: Route) -> Letter:
        locale = _locale(route)
        subject, _, body = self._filled(notice, filled_in, route).partition("\n")
        body = body.strip() + "\n"
        page = self._layout.substitute(language=locale, title=html.escape(subject), body=_paragraphs(body))
        return Letter(to=route.to, subject=subject, text=body, html=page, language=locale)


def _filled_in(told: Told, route: Route, reasons: Reasons, service: str) -> dict[str, str]:
    """What the gaps of the text are filled with. Raises Malformed when there is nothing to tell."""
    locale, decision, news = _locale(route), told.decision, told.news
    if news is not None:
        names = ("时间：", "新地址：") if locale == "zh-CN" else ("When: ", "New address: ")
        details = [names[0] + moment(news.at, locale, route.time_zone)]
        if news.address is not None:
            details.append(names[1] + news.address)
        return {
            "service": service,
            "details": _list(details),
            "due": "" if news.due_at is None else moment(news.due_at, locale, route.time_zone),
            "codes_left": "" if news.codes_left is None else str(news.codes_left),
        }
    if decision is None:
        raise Malformed("unknown_event", "a notice about nothing that is recorded")
    said = [" ".join(reason.split()) for reason in reasons(decision)] or [_NOTHING[locale]]
    return {
        "service": service,
        "what": WHAT[locale].get(decision.type, _OTHER[locale]),
        "details": _list(_details(decision, locale, route.time_zone)),
        "reasons": _list(said),
    }


def _times(told: Sequence[Told], locale: str, time_zone: str) -> list[str]:
    """When each happened, with its amount; of many the first, the last and how many there were."""
    shown = [_when(each, locale, time_zone) for each in told]
    if len(shown) <= _MOST_TIMES:
        return shown
    left = len(shown) - _MOST_TIMES
    between = f"还有 {left} 次" if locale == "zh-CN" else f"{left} more times"
    return [*shown[: _MOST_TIMES - 1], between, shown[-1]]


def _when(told: Told, locale: str, time_zone: str) -> str:
    if told.decision is None:
        return moment(told.moments[0] if told.news is None else told.news.at, locale, time_zone)
    values = [
        line.partition("：" if locale == "zh-CN" else ": ")[2]
        for line in _details(told.decision, locale, time_zone)
    ]
    return ("，" if locale == "zh-CN" else ", ").join(values)


def moment(at: float, locale: str, time_zone: str) -> str:
    """An epoch time as the reader's clock shows it, with the zone and its offset; UTC for an unknown zone."""
    zone = _zone(time_zone)
    when = datetime.fromtimestamp(at, zone)
    offset = when.strftime("%z")
    shown = "UTC" if zone is UTC else f"{time_zone}, UTC{offset[:3]}:{offset[3:5]}"
    if locale == "zh-CN":
        clock = f"{when:%H:%M}"
        return f"{when.year}年{when.month}月{when.day}日 {clock}（{shown.replace(', ', '，')}）"
    return f"{when.day} {_MONTHS[when.month - 1]} {when.year}, {when:%H:%M} ({shown})"


def money(amount: str, currency: str, locale: str) -> str:
    """A canonical amount as the reader writes it: "CNY 4,120.00", "4,120.00 元"."""
    figure = grouped(amount)
    return f"{figure} 元" if locale == "zh-CN" and currency == "CNY" else f"{currency} {figure}"


def _details(decision: Decision, locale: str, time_zone: str) -> list[str]:
    names = ("时间：", "金额：") if locale == "zh-CN" else ("When: ", "Amount: ")
    lines = [names[0] + moment(decision.at, locale, time_zone)]
    for effect in decision.effects:
        if isinstance(effect, IssueChallenge) and effect.amount is not None and effect.currency is not None:
            lines.append(names[1] + money(effect.amount, effect.currency, locale))
    return lines


def _locale(route: Route) -> str:
    return route.locale if route.locale in LOCALES else LOCALES[0]


def _list(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name) if name != "UTC" else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def _paragraphs(text: str) -> str:
    blocks = []
    for block in text.strip().split("\n\n"):
        lines = block.split("\n")
        prose = [html.escape(line) for line in lines if not line.startswith("- ")]
        items = [html.escape(line[2:]) for line in lines if line.startswith("- ")]
        if prose:
            blocks.append(f"<p>{' '.join(prose)}</p>")
        if items:
            blocks.append("<ul>" + "".join(f"<li>{item}</li>" for item in items) + "</ul>")
    return "\n".join(blocks)
