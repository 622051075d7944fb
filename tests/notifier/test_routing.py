"""To whom a letter goes, and under which key."""

from __future__ import annotations

from msgspec import structs

from notifier.routing import Route, idempotency_key, routes
from services.cases.contact_points import Point, recipients
from services.cases.news import News


def route(locale: str = "en") -> Route:
    return Route("mail", "li@upay.example", locale, "Asia/Shanghai")


def point(locale: str = "en") -> Point:
    return Point(point_id="p", address="li@upay.example", locale=locale, time_zone="UTC", since=0.0)


def test_an_owner_without_contact_or_channel_has_no_route() -> None:
    assert [routes([], ["mail"]), routes([point()], [])] == [[], []]


def test_a_point_of_another_kind_than_the_channel_reaches_has_no_route() -> None:
    assert routes([point(), structs.replace(point(), channel="sms")], ["mail"]) == routes([point()], ["mail"])


def test_the_same_address_of_two_kinds_is_two_points() -> None:
    both = [point(), structs.replace(point(), point_id="q", channel="sms")]

    assert recipients(both, {5.0}, 0.0) == both


def test_a_new_address_is_told_to_the_points_of_other_kinds_too() -> None:
    new = structs.replace(point(), point_id="q", channel="sms", since=5.0)

    assert recipients([point(), new], {5.0}, 0.0, News(at=5.0, without="q")) == [point()]


def test_an_unknown_locale_reads_chinese() -> None:
    assert routes([point(locale="fr")], ["mail"])[0].locale == "zh-CN"


def test_a_notice_has_one_key_a_channel_and_address() -> None:
    first = route()
    others = [structs.replace(first, channel="sms"), structs.replace(first, to="wu@upay.example")]
    keys = {idempotency_key("n2", first), *(idempotency_key("n1", each) for each in (first, *others))}

    assert len(keys) == 4


def test_the_key_is_the_same_however_the_address_is_spelled() -> None:
    spelled = structs.replace(route(), to="LI@UPay.example")

    assert idempotency_key("n1", spelled) == idempotency_key("n1", route())
