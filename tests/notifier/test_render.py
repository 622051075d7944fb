"""What the owner reads."""

from __future__ import annotations

from typing import get_args

import pytest
from msgspec import structs

from contracts.decisions import Decision
from contracts.errors import Malformed
from contracts.events import AccountChange, Login, Transaction
from notifier.channels import Letter
from notifier.claims import Told
from notifier.rates import DIGEST
from notifier.render import Templates, moment, money
from notifier.routing import LOCALES, Route, idempotency_key, routes
from services.cases.contact_points import ADDED, CHANGED, Point, recipients
from services.cases.news import News
from services.mfa.changes import Notice
from services.scoring.effects import NOTICES
from tests.services.cases.decided import challenge, decision

TEMPLATES = Templates.load()
T0 = 1_790_000_000.0
NAMES = (
    "login_notice",
    "transaction_notice",
    "change_notice",
    "challenge_notice",
    "hold_notice",
    "deny_notice",
)
NEWS = (*get_args(Notice), CHANGED, ADDED)


def letter(
    notice: str = "login_notice", locale: str = "en", made: Decision | None = None, *reasons: str
) -> Letter:
    about = Told(template=notice, recorded_at=T0, decision=made or decision("e1"), news=None)
    return TEMPLATES.letter(notice, [about], route(locale), lambda _decision: reasons, "UPay")


def route(locale: str = "en") -> Route:
    return Route("mail", "li@upay.example", locale, "Asia/Shanghai")


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("notice", NAMES)
def test_every_notice_has_words_in_every_language(notice: str, locale: str) -> None:
    for kind in ("login", "transaction", "account_change", "user_report"):
        made = letter(notice, locale, decision("e1", type=kind))

        assert "$" not in made.subject + made.text + made.html
        assert made.subject.strip()
        assert len(made.text.split("\n\n")) >= 5


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("notice", NEWS)
def test_every_change_of_a_factor_has_words_in_every_language(notice: str, locale: str) -> None:
    news = News(at=T0, due_at=T0 + 86_400.0, codes_left=9, address="n•••@upay.example")
    about = Told(template=notice, recorded_at=T0, decision=None, news=news)
    made = TEMPLATES.letter(notice, [about], route(locale), lambda _decision: (), "UPay")

    assert "$" not in made.subject + made.text + made.html
    assert moment(T0, locale, "Asia/Shanghai") in made.text
    assert len(made.text.split("\n\n")) >= 5
    if notice in ("reset_requested", "factor_locked"):
        assert moment(T0 + 86_400.0, locale, "Asia/Shanghai") in made.text


def test_there_are_no_other_notices_and_scoring_asks_for_none() -> None:
    assert TEMPLATES.notices == {*NAMES, *NEWS, DIGEST}
    assert {NOTICES[kind] for kind in (Login, Transaction, AccountChange)} <= TEMPLATES.notices


def test_an_english_letter_says_what_when_why_and_what_now() -> None:
    made = letter(
        "hold_notice", "en", decision("e1", effects=(challenge("e1"),)), "It came from a new device."
    )

    assert made.subject == "We stopped an operation on your UPay account to check it"
    assert "- When: 21 September 2026, 22:13 (Asia/Shanghai, UTC+08:00)\n- Amount: CNY 412.00" in made.text
    assert "- It came from a new device." in made.text
    assert "If this was not you, change your password in the app now." in made.text


def test_a_chinese_letter_is_chinese() -> None:
    made = letter(
        "deny_notice",
        "zh-CN",
        decision("e1", type="transaction", effects=(challenge("e1"),)),
        "来自新的设备。",
    )

    assert made.subject == "我们拒绝了一项操作，并暂停了您 UPay 账户的转出"
    assert "- 时间：2026年9月21日 22:13（Asia/Shanghai，UTC+08:00）\n- 金额：412.00 元" in made.text
    assert made.language == "zh-CN"


def test_a_letter_without_reasons_says_so() -> None:
    assert "- Several small signs together." in letter().text


def test_html_escapes_what_it_is_given() -> None:
    made = letter("login_notice", "en", None, "<script>alert(1)</script> & more\nnext")

    assert "<script>" not in made.html
    assert "<li>&lt;script&gt;alert(1)&lt;/script&gt; &amp; more next</li>" in made.html


def test_no_letter_holds_ids_or_digests() -> None:
    made = decision("event-7", "account-7", (challenge("event-7"),))
    for notice in NAMES:
        said = letter(notice, "en", made)

        assert not any(
            secret in said.text + said.html for secret in ("event-7", "account-7", "0" * 64, "shop-7")
        )


def test_no_letter_holds_a_link() -> None:
    assert not any("http" in letter(notice, locale).html for notice in NAMES for locale in LOCALES)


def test_an_unknown_notice_is_malformed() -> None:
    with pytest.raises(Malformed):
        letter("birthday_notice")


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("UTC", "21 September 2026, 14:13 (UTC)"),
        ("Europe/Berlin", "21 September 2026, 16:13 (Europe/Berlin, UTC+02:00)"),
        ("America/St_Johns", "21 September 2026, 11:43 (America/St_Johns, UTC-02:30)"),
        ("Mars/Base", "21 September 2026, 14:13 (UTC)"),
    ],
)
def test_times_are_in_the_readers_zone(zone: str, expected: str) -> None:
    assert moment(1_790_000_000.0, "en", zone) == expected


@pytest.mark.parametrize(
    ("locale", "currency", "expected"),
    [
        ("en", "USD", "USD 1,234,567.80"),
        ("zh-CN", "CNY", "1,234,567.80 元"),
        ("zh-CN", "USD", "USD 1,234,567.80"),
    ],
)
def test_money_is_as_the_reader_writes_it(locale: str, currency: str, expected: str) -> None:
    assert money("1234567.80", currency, locale) == expected


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


def point(locale: str = "en") -> Point:
    return Point(point_id="p", address="li@upay.example", locale=locale, time_zone="UTC", since=0.0)


def test_a_notice_has_one_key_a_channel_and_address() -> None:
    first = route()
    others = [structs.replace(first, channel="sms"), structs.replace(first, to="wu@upay.example")]
    keys = {idempotency_key("n2", first), *(idempotency_key("n1", each) for each in (first, *others))}

    assert len(keys) == 4


def test_the_key_is_the_same_however_the_address_is_spelled() -> None:
    spelled = structs.replace(route(), to="LI@UPay.example")

    assert idempotency_key("n1", spelled) == idempotency_key("n1", route())


@pytest.mark.parametrize("locale", LOCALES)
def test_a_digest_says_what_happened_and_when_a_line_a_kind(locale: str) -> None:
    about = [
        Told(
            template="login_notice" if number < 30 else "hold_notice",
            recorded_at=T0,
            decision=decision(f"e{number}", at=T0 + 60 * number, effects=(challenge("e"),)),
            news=None,
        )
        for number in range(31)
    ]
    made = TEMPLATES.letter(DIGEST, about, route(locale), lambda _decision: (), "UPay")
    lines = [line for line in made.text.splitlines() if line.startswith("- ")]

    assert "31" in made.subject
    assert "$" not in made.subject + made.text + made.html
    assert len(lines) == 2
    assert moment(T0, locale, "Asia/Shanghai") in lines[0]
    assert moment(T0 + 29 * 60, locale, "Asia/Shanghai") in lines[0]
    assert ("20 more times" if locale == "en" else "还有 20 次") in lines[0]
    assert moment(T0 + 30 * 60, locale, "Asia/Shanghai") in lines[1]
    assert "412.00" in lines[1]
