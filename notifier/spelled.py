"""What a letter names, as its reader writes it: moments, money, places, devices, and names that strangers chose. Pure."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contracts.amounts import grouped
from contracts.events import PLACELESS
from notifier.words import Words

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS_ZH = "一二三四五六日"
#: What people call the zone of most of the readers.
_ZONES_ZH = {"Asia/Shanghai": "北京"}
_MOST_TEXT = 60
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})
_ISOLATE, _END = "\u2068", "\u2069"
#: What programs that read mail make a link of.
_LIKE_A_LINK = re.compile(r"(?<=[\w:])([./@])(?=[\w/])")
_NO_BREAK = "\u2060"


def day(at: float, locale: str, time_zone: str) -> str:
    """The day of an epoch time in the reader's zone: "Mon 30 Nov 2026", "2026年11月30日（周一）"."""
    when = datetime.fromtimestamp(at, _zone(time_zone))
    if locale == "zh-CN":
        return f"{when.year}年{when.month}月{when.day}日（周{_DAYS_ZH[when.weekday()]}）"
    return f"{_DAYS[when.weekday()]} {when.day} {_MONTHS[when.month - 1]} {when.year}"


def clock(at: float, time_zone: str, *, seconds: bool = False) -> str:
    """The time of day of an epoch time in the reader's zone: "03:09", with seconds "03:09:07"."""
    when = datetime.fromtimestamp(at, _zone(time_zone))
    return f"{when:%H:%M:%S}" if seconds else f"{when:%H:%M}"


def second(at: float, time_zone: str) -> str:
    """The same to the second: "03:12:07"."""
    return f"{datetime.fromtimestamp(at, _zone(time_zone)):%H:%M:%S}"


def moment(at: float, locale: str, time_zone: str) -> str:
    """Day and time of an epoch time as the reader's clock shows them; UTC for an unknown zone."""
    return f"{day(at, locale, time_zone)}{'' if locale == 'zh-CN' else ', '}{clock(at, time_zone)}"


def zone(at: float, words: Words, time_zone: str) -> str:
    """The reader's zone at that time: "Shanghai time, UTC+08:00"; an unknown one is UTC."""
    known = _zone(time_zone)
    if known is UTC:
        return "UTC"
    offset = datetime.fromtimestamp(at, known).strftime("%z")
    shown = f"UTC{offset[:3]}:{offset[3:5]}"
    area, _, name = time_zone.rpartition("/")
    city = name.replace("_", " ")
    if words.locale == "zh-CN":
        city = _ZONES_ZH.get(time_zone) or words.cities.get(city, "")
    if not city or area in ("", "Etc"):
        return shown
    return words.say("note.zone", city=city, offset=shown)


def date_of(at: float, time_zone: str) -> date:
    """The date of an epoch time in the reader's zone."""
    return datetime.fromtimestamp(at, _zone(time_zone)).date()


def money(amount: str, currency: str, locale: str) -> str:
    """A canonical amount as the reader writes it: "CNY 4,120.00", "4,120.00 元"."""
    figure = grouped(amount)
    return f"{figure} 元" if locale == "zh-CN" and currency == "CNY" else f"{currency} {figure}"


def place(city: str | None, country: str | None, network_kind: str | None, words: Words) -> str | None:
    """Where that is, in words: "Near Shanghai, China", "China"; None where a network hides it or nothing is known."""
    if network_kind in PLACELESS:
        return None
    land = words.countries.get(country or "", country)
    if not city:
        return land
    name = words.cities.get(city) or text(city)
    if land is None or name == land:
        return words.say("note.near", place=name)
    # 中国香港 holds the city's name already.
    if words.locale == "zh-CN":
        own = f"{land}{'' if _chinese(name) else ' '}{name}"
        if land == "中国" or land.endswith(name):
            own = name if land == "中国" else land
        return words.say("note.near", place=own if _chinese(own[-1]) else f"{own} ")
    return words.say("note.near", place=f"{name}, {land}")


def device(shown: str, words: Words) -> str:
    """What a user agent's rules call a device, as people call it: "Windows PC, Edge"."""
    parts = [words.find("device", part) or text(part) for part in shown.split(", ")]
    return words.frame["comma"].join(dict.fromkeys(parts))


def account(account_id: str, locale: str) -> str:
    """Enough of an account's id for its owner to know it: "lin•••yu", "林***雨"."""
    hidden = "***" if locale == "zh-CN" else "•••"
    shown = (account_id[:3], account_id[-2:]) if len(account_id) > 7 else (account_id[:1], "")
    return text(hidden.join(shown))


def text(said: str, most: int = _MOST_TEXT) -> str:
    """Words that a stranger chose, on one line, cut to `most`, and no link: mail programs would make one of "example.com"."""
    line = " ".join("".join(each if each.isprintable() else " " for each in said).split())
    if len(line) > most:
        line = line[: most - 1].rstrip() + "…"
    return _LIKE_A_LINK.sub(rf"\1{_NO_BREAK}", line)


def isolated(said: str) -> str:
    """The same for plain text: what runs from right to left turns nothing around it."""
    if any(unicodedata.bidirectional(each) in _RIGHT_TO_LEFT for each in said):
        return f"{_ISOLATE}{said}{_END}"
    return said


def _chinese(said: str) -> bool:
    return any("\u4e00" <= each <= "\u9fff" for each in said)


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name) if name != "UTC" else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC
