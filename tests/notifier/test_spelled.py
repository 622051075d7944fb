"""Moments, money, places, devices and strangers' names, as a reader writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier import spelled
from notifier.words import words

T0 = 1_790_000_000.0


@pytest.mark.parametrize(
    ("zone", "time", "named"),
    [
        ("UTC", "Mon 21 Sep 2026, 14:13", "UTC"),
        ("Europe/Berlin", "Mon 21 Sep 2026, 16:13", "Berlin time, UTC+02:00"),
        ("America/St_Johns", "Mon 21 Sep 2026, 11:43", "St Johns time, UTC-02:30"),
        ("Asia/Shanghai", "Mon 21 Sep 2026, 22:13", "Shanghai time, UTC+08:00"),
        ("Asia/Kathmandu", "Mon 21 Sep 2026, 19:58", "Kathmandu time, UTC+05:45"),
        ("Etc/GMT-3", "Mon 21 Sep 2026, 17:13", "UTC+03:00"),
        ("Mars/Base", "Mon 21 Sep 2026, 14:13", "UTC"),
    ],
)
def test_times_are_in_the_readers_zone(zone: str, time: str, named: str) -> None:
    assert spelled.moment(T0, "en", zone) == time
    assert spelled.zone(T0, words("en"), zone) == named


def test_a_chinese_reader_reads_a_chinese_day_and_zone() -> None:
    assert spelled.moment(T0, "zh-CN", "Asia/Shanghai") == "2026年9月21日（周一）22:13"
    assert spelled.zone(T0, words("zh-CN"), "Asia/Shanghai") == "北京时间，UTC+08:00"
    assert spelled.zone(T0, words("zh-CN"), "Europe/Berlin") == "柏林时间，UTC+02:00"
    assert spelled.zone(T0, words("zh-CN"), "Asia/Kathmandu") == "UTC+05:45"


@pytest.mark.parametrize(
    ("locale", "currency", "expected"),
    [
        ("en", "USD", "USD 1,234,567.80"),
        ("zh-CN", "CNY", "1,234,567.80 元"),
        ("zh-CN", "USD", "USD 1,234,567.80"),
    ],
)
def test_money_is_as_the_reader_writes_it(locale: str, currency: str, expected: str) -> None:
    assert spelled.money("1234567.80", currency, locale) == expected


@pytest.mark.parametrize(
    ("city", "country", "en", "zh"),
    [
        ("Shanghai", "CN", "Near Shanghai, China", "上海附近"),
        ("Kuala Lumpur", "MY", "Near Kuala Lumpur, Malaysia", "马来西亚吉隆坡附近"),
        ("Singapore", "SG", "Near Singapore", "新加坡附近"),
        ("Hong Kong", "HK", "Near Hong Kong", "中国香港附近"),
        ("Springfield", "US", "Near Springfield, the United States", "美国 Springfield 附近"),
        (None, "KR", "South Korea", "韩国"),
        ("Shanghai", None, "Near Shanghai", "上海附近"),
        ("Atlantis", "ZY", "Near Atlantis, ZY", "ZY Atlantis 附近"),
        (None, None, None, None),
    ],
)
def test_a_place_is_said_in_words(city: str | None, country: str | None, en: str, zh: str) -> None:
    assert spelled.place(city, country, None, words("en")) == en
    assert spelled.place(city, country, "mobile", words("zh-CN")) == zh


@pytest.mark.parametrize("kind", ["vpn", "tor", "hosting", "relay", "satellite"])
def test_a_network_that_hides_places_tells_none(kind: str) -> None:
    assert spelled.place("Frankfurt", "DE", kind, words("en")) is None


def test_every_country_has_a_name_in_both_languages() -> None:
    named = words("en").countries, words("zh-CN").countries

    assert named[0].keys() == named[1].keys()
    assert all(each.strip() for names in named for each in names.values())
    assert not any(name.isascii() for name in named[1].values())


@pytest.mark.parametrize(
    ("shown", "en", "zh"),
    [
        ("Windows, Edge", "Windows PC, Edge", "Windows 电脑，Edge 浏览器"),
        ("iOS, Mobile Safari", "iPhone or iPad, Safari", "苹果手机或平板，Safari 浏览器"),
        ("Toaster OS, Bread", "Toaster OS, Bread", "Toaster OS，Bread"),
        ("Linux, Linux", "Linux PC", "Linux 电脑"),
    ],
)
def test_a_device_is_what_people_call_it(shown: str, en: str, zh: str) -> None:
    assert spelled.device(shown, words("en")) == en
    assert spelled.device(shown, words("zh-CN")) == zh


@pytest.mark.parametrize(
    ("account_id", "en", "zh"),
    [("linxiaoyu", "lin•••yu", "lin***yu"), ("li", "l•••", "l***"), ("account7", "acc•••t7", "acc***t7")],
)
def test_an_account_is_known_to_its_owner_alone(account_id: str, en: str, zh: str) -> None:
    assert [spelled.account(account_id, "en"), spelled.account(account_id, "zh-CN")] == [en, zh]


@pytest.mark.parametrize(
    "said", ["https://evil.example/login", "www.evil.example", "evil.com", "me@evil.example"]
)
def test_what_a_stranger_chose_is_no_link(said: str) -> None:
    shown = spelled.text(said)

    assert "://" not in shown
    assert ".c" not in shown
    assert ".e" not in shown
    assert shown.replace("\u2060", "") == said


@given(st.text())
def test_what_a_stranger_chose_is_one_printable_line(said: str) -> None:
    shown = spelled.text(said)

    assert len(shown.replace("\u2060", "")) <= 60
    assert shown.replace("\u2060", "").isprintable()


def test_what_runs_from_right_to_left_turns_nothing_around_it() -> None:
    assert spelled.isolated("متجر 17") == "\u2068متجر 17\u2069"
    assert spelled.isolated("chen-wei-4471") == "chen-wei-4471"
