"""The charts of a channel's failures, with their figures as text, in the reader's words. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from markupsafe import Markup
from msgspec import Struct

from services.desk.channel_past import HOURS, ChannelPast
from services.desk.charts import Said, columns
from services.desk.story_parts import Telling, one_line

_HIGH = 120
_LABELS = (2, HOURS // 2, HOURS - 3)


class ChannelChart(Struct, frozen=True):
    """A chart, what it is of, and its figures in a sentence."""

    caption: str
    svg: Markup
    says: str


def charts_of(past: ChannelPast, tell: Telling) -> list[ChannelChart]:
    """All failures an hour, and those with the answer that this payment got; without an answer the first alone."""
    name = one_line(past.name)
    charts = [_chart("channel", tell.t("failed.chart_all", channel=name), past, past.failed, tell)]
    if past.reason is not None:
        caption = tell.t("failed.chart_same", answer=one_line(past.reason))
        charts.append(_chart("same-answer", caption, past, past.same, tell))
    return charts


def refused_words(past: ChannelPast, tell: Telling) -> str:
    """How many of the payments at the channel were refused, as a share; nothing where none has ended."""
    ended, failed = sum(past.ended), sum(past.failed)
    if not ended:
        return ""
    said = tell.t(
        "failed.refused", failed=f"{failed:,}", all=f"{ended:,}", share=f"{100 * failed / ended:.1f}"
    )
    if past.since is None:
        return said
    return tell.join(said, tell.t("failed.counted_since", at=tell.clock(past.since)))


def _chart(name: str, caption: str, past: ChannelPast, values: Sequence[int], tell: Telling) -> ChannelChart:
    most = max(values)
    at = max(hour for hour, value in enumerate(values) if value == most)
    says = tell.t(
        "failed.chart_says",
        now=f"{values[-1]:,}",
        usual=f"{median(values[:-1]):g}",
        most=f"{most:,}",
        at=tell.clock(past.begins(at)),
        total=f"{sum(values):,}",
    )
    labels = [(hour, tell.clock(past.begins(hour))) for hour in _LABELS]
    return ChannelChart(caption, columns(Said(name, caption, says), values, labels, high=_HIGH), says)
