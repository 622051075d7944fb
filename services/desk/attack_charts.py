"""The charts of an attack: attempts over time with accounts that gave way and what was done, and their sources. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup
from msgspec import Struct

from services.desk.attack_reading import AttackFile
from services.desk.charts import Bar, Mark, Said, bars, columns
from services.desk.story_parts import Telling

#: As wide as its panel is on a desktop.
_WIDE = 940
_MOST_BARS = 4
_LABELS = 5
#: What is marked on the chart, of what the log has.
_MARKED = frozenset({"recognised", "act_allowed"})
_MOST_MARKS = 3


class Chart(Struct, frozen=True):
    """A chart with its caption; without a drawing, `empty` says why."""

    caption: str
    svg: Markup | None
    empty: str = ""


def over_time(file: AttackFile, tell: Telling, said: Mapping[str, str]) -> Chart:
    """Attempts a minute; `said` are the marks' words by what happened."""
    t, minutes = tell.t, file.slot_s / 60.0
    values = [attempts / minutes for attempts, _ in file.slots]
    dots = {at: gave_way for at, (_, gave_way) in enumerate(file.slots) if gave_way}
    caption = t("attack.c_minutes")
    desc = t(
        "attack.d_minutes",
        total=f"{file.attack.attempts:,}",
        most=f"{max(values, default=0):,.0f}",
        at=tell.clock(file.attack.peak_at),
        fallen=f"{file.attack.gave_way:,}",
    )
    last = len(values) - 1
    places = sorted({round(last * part / (_LABELS - 1)) for part in range(_LABELS)}) if last > 0 else [0]
    labels = [(at, tell.clock(file.slots_from + at * file.slot_s)) for at in places]
    marks = [
        Mark((line.at - file.slots_from) / file.slot_s, f"{tell.clock(line.at)} {said[line.what]}")
        for line in file.log
        if line.what in _MARKED
    ]
    return Chart(
        caption,
        columns(
            Said("attack-minutes", caption, desc),
            values,
            labels,
            wide=_WIDE,
            marks=[each for each in marks if each.at <= len(values)][:_MOST_MARKS],
            dots=dots,
        ),
    )


def networks(file: AttackFile, tell: Telling) -> Chart:
    """Addresses by kind of network."""
    t = tell.t
    rows = [
        Bar(tell.network(kind) or kind if kind != "unknown" else t("attack.unknown"), count, f"{count:,}")
        for kind, count in file.networks[:_MOST_BARS]
    ]
    rest = sum(count for _, count in file.networks[_MOST_BARS:])
    if rest:
        rows.append(Bar(t("attack.other_networks"), rest, f"{rest:,}"))
    caption = t("attack.c_networks")
    if not rows:
        return Chart(caption, None, t("attack.no_sources"))
    desc = "; ".join(f"{row.name} {row.shown}" for row in rows)
    return Chart(caption, bars(Said("attack-networks", caption, desc), rows, names=110, row_h=24))


def countries(file: AttackFile, tell: Telling) -> Chart:
    """Attempts by the country of their address."""
    t = tell.t
    rows = [
        Bar((tell.city(None, country) or country) if country else t("attack.unknown"), count, f"{count:,}")
        for country, count in file.countries[:_MOST_BARS]
    ]
    others = file.countries[_MOST_BARS:]
    if others:
        rest = sum(count for _, count in others)
        rows.append(Bar(t("attack.other_countries", n=len(others)), rest, f"{rest:,}"))
    caption = t("attack.c_countries")
    if not rows:
        return Chart(caption, None, t("attack.no_sources"))
    desc = "; ".join(f"{row.name} {row.shown}" for row in rows)
    return Chart(caption, bars(Said("attack-countries", caption, desc), rows, names=110, row_h=24))
