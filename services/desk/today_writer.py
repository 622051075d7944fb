"""How figures are written for one reader: spans of time, money, moments. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from contracts.amounts import grouped
from services.desk.report_window import Window
from services.portal.wording import Wording
from services.scoring.wording import CURRENCIES_ZH


class Writer:
    """Words and figures of one reader; `clock` writes an epoch time on their clock, `day` its day."""

    def __init__(self, t: Wording, clock: Callable[[float], str], day: Callable[[float], str]) -> None:
        self.t = t
        self.clock = clock
        self.day = day

    def took(self, seconds: float | None) -> tuple[str, str]:
        """A time span and its unit: ("0.8", "s"), ("9:40", "min")."""
        if seconds is None:
            return self.t("today.none"), ""
        if seconds < 60:
            return f"{seconds:.1f}" if seconds < 10 else f"{seconds:.0f}", self.t("today.s")
        if seconds < 3600:
            return f"{int(seconds) // 60}:{int(seconds) % 60:02d}", self.t("today.min")
        if seconds < 2 * 86_400:
            return f"{int(seconds) // 3600}:{int(seconds) % 3600 // 60:02d}", self.t("today.h")
        return f"{seconds / 86_400:.1f}", self.t("today.days")

    def span(self, seconds: float | None) -> str:
        """The same in one."""
        return " ".join(each for each in self.took(seconds) if each)

    def money(self, sums: Mapping[str, Decimal]) -> tuple[str, str]:
        """The largest sum and its currency, and how many more currencies there are."""
        if not sums:
            return "0", ""
        currency, most = max(sums.items(), key=lambda each: each[1])
        shown = CURRENCIES_ZH.get(currency, currency) if self.t.locale == "zh-CN" else currency
        more = f" +{len(sums) - 1}" if len(sums) > 1 else ""
        return grouped(f"{most:f}"), shown + more

    def said(self, key: str, other: str) -> str:
        """The words, or `other` for what has none yet."""
        return self.t(key) if key in self.t else other

    def when(self, window: Window, part: float) -> str:
        """The time at that part of the window."""
        at = window.since + part * (window.until - window.since)
        return self.clock(at) if window.until - window.since <= 2 * 86_400 else self.day(at)
