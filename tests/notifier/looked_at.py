"""What the tests of letters share: a letter of an event, and the letter's pages as a reader's program sees them."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from contracts.decisions import Decision
from contracts.shown import Shown
from notifier.channels import Letter
from notifier.render import Templates
from notifier.routing import Route
from notifier.told import Notice, Told
from services.cases.news import News
from tests.services.cases.decided import decision

T0 = 1_790_000_000.0
TEMPLATES = Templates("UPay")
#: What a payment looks like that somebody else asks for.
THEFT = Shown(
    device="Android, Chrome Mobile",
    country="MY",
    city="Kuala Lumpur",
    accuracy_km=50.0,
    network_kind="mobile",
    amount="18000.00",
    currency="CNY",
    payee_id="chen-wei-4471",
    kind="payment",
    status="requested",
)


def letter(
    notice: str = "login_notice",
    locale: str = "en",
    about: Decision | None = None,
    news: News | None = None,
    zone: str = "Asia/Shanghai",
) -> Letter:
    told = Told(template=notice, recorded_at=T0, decision=about, news=news)
    made = Notice(notice_id="n1", account_id="linxiaoyu", template=notice, told=[told])
    return TEMPLATES.letter(made, Route("mail", "li@upay.example", locale, zone))


def paid(shown: Shown = THEFT, **changes: Any) -> Decision:
    """A decision about a payment."""
    return decision("event-7", "account-7", type="transaction", shown=shown, **changes)


class Page(HTMLParser):
    """The text of a page, its elements, and tags that were left open or closed twice."""

    _EMPTY = frozenset({"meta", "br"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.faults: list[str] = []
        self._open: list[str] = []
        self._said: list[str] = []
        self.feed(page)
        self.close()
        self.faults += [f"open: {tag}" for tag in self._open]

    @property
    def text(self) -> str:
        """What is read, without style, in one line."""
        return " ".join(" ".join(self._said).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if len(dict(attrs)) != len(attrs):
            self.faults.append(f"twice in {tag}")
        if tag not in self._EMPTY:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.faults.append(f"closed: {tag}")

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self._said.append(data)
