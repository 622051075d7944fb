"""Which messages a notice becomes: by which channels, to whom, under which key, and not before when."""

from __future__ import annotations

import pytest
from msgspec import structs

from notifier.plan import CLASSES, Planned, Waits, Way, plan
from notifier.planner import message_id
from services.cases.classes import class_of
from services.cases.contact_points import Point, recipients
from services.cases.news import News

NOW = 100.0
MAIL = Way(name="mail", reaches="mail")
PUSH = Way(name="push", reaches="push", classes=frozenset({"critical", "security"}))
SMS = Way(name="sms", reaches="sms", classes=frozenset({"critical"}), stands_in_for=("push",))
INBOX = Way(name="inbox", reaches=None)
ALL = (MAIL, PUSH, SMS, INBOX)
CRITICAL, SECURITY, DIGEST = "deny_notice", "login_notice", "weekly"


def point(channel: str = "mail", locale: str = "en", **values: float | str) -> Point:
    known = Point(
        point_id=channel,
        channel=channel,
        address=f"{channel}-of-li",
        locale=locale,
        time_zone="UTC",
        since=0.0,
    )
    return structs.replace(known, **values)


def by(planned: list[Planned]) -> list[tuple[str, float]]:
    return [(each.channel, each.not_before - NOW) for each in planned]


def test_an_owner_without_contact_or_channel_has_no_message() -> None:
    assert [plan(CRITICAL, [], [MAIL], NOW), plan(CRITICAL, [point()], [], NOW)] == [[], []]


def test_a_point_of_another_kind_than_the_channel_reaches_has_no_message() -> None:
    assert by(plan(CRITICAL, [point(), point("sms")], [MAIL], NOW)) == [("mail", 0.0)]


def test_what_is_critical_goes_by_every_way_at_once_and_by_a_fallback_after_a_minute() -> None:
    points = [point("sms"), point("push"), point()]

    assert by(plan(CRITICAL, points, ALL, NOW)) == [
        ("mail", 0.0),
        ("push", 0.0),
        ("sms", 60.0),
        ("inbox", 0.0),
    ]
    assert [each.fallback for each in plan(CRITICAL, points, ALL, NOW)] == [False, False, True, False]


def test_a_fallback_goes_at_once_where_there_is_nothing_to_stand_in_for() -> None:
    assert by(plan(CRITICAL, [point("sms"), point()], ALL, NOW)) == [
        ("mail", 0.0),
        ("sms", 0.0),
        ("inbox", 0.0),
    ]


def test_a_fallback_for_what_is_not_urgent_waits_ten_minutes() -> None:
    assert by(plan(DIGEST, [point("sms"), point("push")], ALL, NOW)) == [
        ("push", 0.0),
        ("sms", 600.0),
        ("inbox", 0.0),
    ]


@pytest.mark.parametrize(
    ("template", "channels", "told_by"),
    [
        (SECURITY, ("mail", "push", "sms"), ["mail", "push", "inbox"]),
        (DIGEST, ("mail", "push", "sms"), ["mail", "inbox"]),
        (SECURITY, ("sms",), ["sms", "inbox"]),
        (DIGEST, ("push",), ["push", "inbox"]),
        (CRITICAL, (), ["inbox"]),
    ],
)
def test_a_channel_is_for_its_classes_and_for_others_where_it_is_the_only_way(
    template: str, channels: tuple[str, ...], told_by: list[str]
) -> None:
    planned = plan(template, [point(each) for each in channels], ALL, NOW)

    assert [each.channel for each in planned] == told_by


def test_a_notice_to_certain_addresses_alone_is_not_told_to_the_account() -> None:
    assert by(plan("contact_added", [point()], ALL, NOW, only_points=True)) == [("mail", 0.0)]


def test_a_new_address_waits_until_those_before_were_told_of_it() -> None:
    new = point(told_since=NOW - 10.0, told_by="n1")
    (planned,) = plan(SECURITY, [new], [MAIL], NOW, waits=Waits(told_first_s=60.0))

    assert (planned.after_notice, planned.held_until, planned.not_before) == ("n1", NOW + 50.0, NOW)


def test_a_new_address_waits_for_an_hour_at_most() -> None:
    (planned,) = plan(SECURITY, [point(told_since=NOW, told_by="n1")], [MAIL], NOW)

    assert planned.held_until == NOW + 3600.0


class Quiet:
    """Of an owner who sleeps, and wants neither pushes nor the inbox."""

    def not_before(self, channel: str, template: str, now: float) -> float:
        return now + 3600.0

    def refused(self, channel: str, template: str) -> str | None:
        return "not_wanted" if channel in ("push", "inbox") else None


def test_the_owner_s_wishes_hold_back_what_is_not_critical() -> None:
    points = [point(), point("push")]
    calm = plan(SECURITY, points, [MAIL, PUSH, INBOX], NOW, wishes=Quiet())

    assert [(each.not_before, each.suppressed) for each in calm] == [
        (NOW + 3600.0, None),
        (NOW + 3600.0, "not_wanted"),
        (NOW, "not_wanted"),
    ]
    assert plan(CRITICAL, points, ALL, NOW, wishes=Quiet()) == plan(CRITICAL, points, ALL, NOW)


def test_every_notice_has_a_class() -> None:
    found = {class_of(template) for template in (CRITICAL, SECURITY, DIGEST, "a_new_one")}

    assert (found, class_of("a_new_one")) == (set(CLASSES), "critical")


def test_the_same_address_of_two_kinds_is_two_points() -> None:
    both = [point(), structs.replace(point(), point_id="q", channel="sms")]

    assert recipients(both, {5.0}, 0.0) == both


def test_a_new_address_is_told_to_the_points_of_other_kinds_too() -> None:
    new = structs.replace(point(), point_id="q", channel="sms", since=5.0)

    assert recipients([point(), new], {5.0}, 0.0, News(at=5.0, without="q")) == [point()]


def test_an_unknown_locale_reads_chinese() -> None:
    assert plan(CRITICAL, [point(locale="fr")], [MAIL], NOW)[0].locale == "zh-CN"


def test_the_inbox_is_in_the_language_and_time_of_the_first_point_or_of_none() -> None:
    of_none = plan(CRITICAL, [], [INBOX], NOW)
    of_first = plan(CRITICAL, [point(time_zone="Asia/Tokyo"), point("sms", locale="zh-CN")], [INBOX], NOW)

    assert [(each.locale, each.time_zone) for each in (*of_none, *of_first)] == [
        ("zh-CN", "UTC"),
        ("en", "Asia/Tokyo"),
    ]


def test_a_notice_has_one_key_a_channel_and_address() -> None:
    points = [point(), point(address="wu@upay.example"), point("sms")]
    planned = plan(CRITICAL, points, [MAIL, SMS], NOW)
    keys = {message_id(notice, each.channel, each.address_key) for each in planned for notice in ("n1", "n2")}

    assert len(keys) == 6


def test_the_key_is_the_same_however_the_address_is_spelled() -> None:
    keys = {
        plan(CRITICAL, [point(address=each)], [MAIL], NOW)[0].address_key
        for each in ("LI@UPay.example", "li@upay.example")
    }

    assert len(keys) == 1
