"""The eight charts of today, two a question, in the reader's words. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup
from msgspec import Struct

from services.desk.charts import Bar, Line, Said, bars, columns, lines, logarithm
from services.desk.today import Today
from services.desk.today_attack import BUCKETS
from services.desk.today_figures import most_open
from services.desk.today_writer import Writer

#: From so many seconds on is an action late that the wallet or the broker has not taken.
LATE_S = 30.0
_LIMIT_S = 0.1
_MOST_BARS = 5
#: Below this share of fraud a detector cries wolf.
_SELDOM_RIGHT = 0.1


class Chart(Struct, frozen=True):
    """A chart with its caption; without a drawing, `empty` says why."""

    caption: str
    svg: Markup | None
    empty: str = ""


def alerts(today: Today, writer: Writer, *, hot: bool) -> Chart:
    """Alerts over time; with `hot` the last of them stand out."""
    t, slots = writer.t, today.attack.slots
    last = [len(slots) - 2, len(slots) - 1] if hot else []
    times = [(at, writer.when(today.window, at / len(slots))) for at in (1, len(slots) // 2, len(slots) - 2)]
    desc = t("today.d_alerts", total=f"{today.attack.alerts:,}", most=f"{max(slots):,}")
    caption = t("today.c_alerts")
    return Chart(caption, columns(Said("alerts", caption, desc), slots, times, last))


def funnel(today: Today, writer: Writer) -> Chart:
    """How far it got: acted on, alerts, codes, and fraud."""
    steps = ("decided", "alerts", "asked", "not_passed", "fraud")
    counts = [(each, int(getattr(today.attack, each))) for each in steps]
    rows = [
        Bar(writer.t(f"today.f_{each}"), logarithm(count), f"{count:,}", each == "fraud" and count > 0)
        for each, count in counts
    ]
    return _bars(writer, "funnel", rows, "")


def channels(today: Today, writer: Writer) -> Chart:
    """From event to message, p95 over time, the three channels that carry most."""
    t, found = writer.t, today.heard.p95
    caption = t("today.c_channels")
    if not found:
        return Chart(caption, None, t("today.no_messages"))
    rows = [
        Line(writer.said(f"today.by_{name}", name), values, style)
        for (name, values), style in zip(found.items(), ("", "b", "b"), strict=False)
    ]
    most = [f"{row.name} {writer.span(max(each for each in row.values if each is not None))}" for row in rows]
    said = Said("channels", caption, t("today.between").join(most))
    last = BUCKETS - 1
    times = [(at, writer.when(today.window, at / last)) for at in (0, BUCKETS // 2, last)]
    return Chart(caption, lines(said, rows, times, f" {t('today.s')}"))


def stop(today: Today, writer: Writer) -> Chart:
    """From "not me" to the wallet's word."""
    found = today.heard
    names = (writer.t("today.median"), "p95", writer.t("today.slowest"))
    values = (found.stop_median_s, found.stop_p95_s, found.stop_slowest_s)
    rows = [
        Bar(name, value, writer.span(value))
        for name, value in zip(names, values, strict=True)
        if value is not None
    ]
    return _bars(writer, "stop", rows, "no_stop", names=64)


def kinds(today: Today, writer: Writer) -> Chart:
    """What is open, by kind."""
    others = writer.t("today.others")
    rows = [
        Bar(writer.said(f"pack_kind.{kind}", others), count, f"{count:,}")
        for kind, count in most_open(today.keeping.kinds, _MOST_BARS)
    ]
    return _bars(writer, "kinds", rows, "no_open", names=164, values=34)


def precision(today: Today, writer: Writer) -> Chart:
    """The share that support called fraud of what each detector acted on."""
    judged = [
        (each, each.support) for each in today.keeping.detectors[:_MOST_BARS] if each.support is not None
    ]
    rows = [
        Bar(
            each.detector,
            100 * share,
            f"{100 * share:.0f} % / {each.fraud + each.legitimate:,}",
            share < _SELDOM_RIGHT,
        )
        for each, share in judged
    ]
    return _bars(writer, "precision", rows, "no_verdicts", names=150, values=84, most=100.0)


def machine(today: Today, writer: Writer) -> Chart:
    """How long decisions and answers take, as far as this process knows."""
    rows = []
    for name, shares in (("decide", today.machine.decided), ("api", today.machine.answered)):
        for part, value in shares.items():
            which = writer.t("today.median") if part == 0.5 else f"p{round(100 * part)}"
            words = f"{writer.t(f'today.{name}')} {which}"
            rows.append(Bar(words, 1000 * value, f"{1000 * value:.0f} ms", value > _LIMIT_S))
    return _bars(writer, "machine", rows, "no_answers", names=106, values=74)


def confirmed(today: Today, writer: Writer) -> Chart:
    """How long the wallet took to confirm each kind of action."""
    took = sorted(today.wallet.took.items(), key=lambda each: -each[1].count)[:_MOST_BARS]
    rows = [
        Bar(
            writer.said(f"pack.act_{kind}", kind),
            logarithm(1000 * (each.p90_s or 0.0)),
            writer.span(each.p90_s),
            (each.p90_s or 0.0) > LATE_S,
        )
        for kind, each in took
    ]
    return _bars(writer, "confirmed", rows, "no_actions", names=150)


def _bars(
    writer: Writer,
    name: str,
    rows: Sequence[Bar],
    empty: str,
    names: int = 112,
    values: int = 62,
    most: float | None = None,
) -> Chart:
    """The bars, or in words that there is nothing to show."""
    caption = writer.t(f"today.c_{name}")
    if not rows:
        return Chart(caption, None, writer.t(f"today.{empty}"))
    said = Said(name, caption, "; ".join(f"{row.name}: {row.shown}" for row in rows))
    return Chart(caption, bars(said, rows, names=names, values=values, most=most))
