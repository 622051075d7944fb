"""What the owner reads."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from contracts.decisions import Contribution, Decision, HoldPayment
from contracts.errors import Malformed
from contracts.shown import Shown, Usual
from notifier.routing import Route
from notifier.told import Notice, Told
from notifier.words import LOCALES
from services.cases.classes import DIGEST
from tests.notifier.looked_at import T0, TEMPLATES, THEFT, Page, letter, paid
from tests.services.cases.decided import challenge, decision, freeze, open_case, revoke

USUAL = Usual(
    device="iOS, Mobile Safari",
    country="CN",
    city="Shanghai",
    at=T0 - 32_000.0,
    amount="120.00",
    currency="CNY",
    payee_known=False,
)
HELD = HoldPayment(effect_id="h", due_s=259_200, amount="2600.00", currency="CNY", payee_id="blue-lotus")


def usual(**changes: object) -> Decision:
    return paid(structs.replace(THEFT, usual=structs.replace(USUAL, **changes)))


def findings(*detectors: str) -> tuple[Contribution, ...]:
    return tuple(
        Contribution(detector=name, reason="r", weight=1.0, share=90 - at)
        for at, name in enumerate(detectors)
    )


def test_a_stopped_payment_is_its_subject_and_every_fact_of_it_is_told() -> None:
    effects = (freeze("e"), revoke("e"), open_case("e"))
    made = letter("deny_notice", "en", structs.replace(usual(), effects=effects))

    assert made.subject == "CNY 18,000.00 to chen-wei-4471 stopped"
    for said in (
        "Amount: CNY 18,000.00\nPayee: chen-wei-4471 (never paid before)\n",
        "Time: Mon 21 Sep 2026, 22:13 (Shanghai time, UTC+08:00)\n",
        "Device: Android device, Chrome\nPlace: Near Kuala Lumpur, Malaysia (may be off by 50 km)\n",
        "Your last visit before was from iPhone or iPad, Safari, near Shanghai, China, on Mon 21 Sep 2026. "
        "Usually you pay about CNY 120.00.\n",
        "- Stopped all outgoing money\n- Signed out every device\n- Asked our support to look at it\n",
        "What still works\n- Receiving money\n",
        "For account lin•••yu.",
    ):
        assert said in made.text


def test_a_chinese_letter_is_chinese() -> None:
    made = letter("deny_notice", "zh-CN", usual())

    assert made.subject == "已拦截：向 chen-wei-4471 付款 18,000.00 元"
    assert (
        "收款方：chen-wei-4471（此前从未付款）\n时间：2026年9月21日（周一）22:13（北京时间，UTC+08:00）\n"
        in made.text
    )
    assert (
        "设备：安卓设备，Chrome 浏览器\n地点：马来西亚吉隆坡附近（根据网络推算，误差约 50 公里）\n"
        in made.text
    )
    assert made.language == "zh-CN"


@pytest.mark.parametrize(
    ("kind", "payee", "en", "zh"),
    [
        ("transfer", "li", "CNY 18,000.00 to li held", "已暂缓：向 li 转账 18,000.00 元"),
        ("withdrawal", None, "Withdrawal of CNY 18,000.00 held", "已暂缓：提现 18,000.00 元"),
        ("payment", None, "Payment of CNY 18,000.00 held", "已暂缓：付款 18,000.00 元"),
        (
            "top_up",
            "my-bank",
            "Top-up of CNY 18,000.00 from my-bank held",
            "已暂缓：从 my-bank 充值 18,000.00 元",
        ),
        ("new_kind", "li", "CNY 18,000.00 to li held", "已暂缓：向 li 付款 18,000.00 元"),
    ],
)
def test_each_kind_of_payment_is_called_by_its_name(kind: str, payee: str | None, en: str, zh: str) -> None:
    about = paid(structs.replace(THEFT, kind=kind, payee_id=payee))

    assert [letter("hold_notice", locale, about).subject for locale in ("en", "zh-CN")] == [en, zh]


def test_a_sign_in_is_told_by_device_and_place() -> None:
    shown = Shown(device="Windows, Edge", country="CN", city="Suzhou")

    assert letter("login_notice", "en", decision("e", shown=shown)).subject == (
        "Sign-in not quite like yours: Windows PC, Edge, near Suzhou, China"
    )
    assert (
        letter("login_notice", "en", decision("e", shown=Shown())).subject == "Sign-in not quite like yours"
    )


def test_a_change_is_told_by_what_was_changed() -> None:
    about = decision("e", type="account_change", shown=Shown(kind="phone_change"))

    assert letter("change_notice", "en", about).subject == "Setting changed at UPay: new phone number"
    assert "变更内容：更换手机号\n" in letter("change_notice", "zh-CN", about).text


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (Shown(country="DE", city="Frankfurt", network_kind="vpn"), "Place: Could not tell (a VPN hides it)"),
        (Shown(network_kind="tor"), "Place: Could not tell (the Tor network hides it)"),
        (Shown(country="US", network_kind="hosting"), "Place: Could not tell (it came by a rented server)"),
        (Shown(), "Place: Could not tell (the network does not say)"),
        (Shown(), "Device: Could not tell (nothing was said of it)"),
        (Shown(country="FR", accuracy_km=900.0), "Place: France\n"),
        (Shown(country="FR", city="Lyon", accuracy_km=0.2), "Place: Near Lyon, France (may be off by 1 km)"),
    ],
)
def test_what_is_not_known_is_said_with_its_reason(shown: Shown, said: str) -> None:
    assert said in letter("login_notice", "en", decision("e", shown=shown)).text


def test_a_decision_of_before_is_told_by_what_its_effects_know() -> None:
    old = decision("event-7", "account-7", (challenge("event-7"),), type="transaction")
    made = letter("hold_notice", "en", old)

    assert made.subject == "CNY 412.00 to shop-7 held"
    assert "Amount: CNY 412.00\nPayee: shop-7\nTime: " in made.text
    assert "Device" not in made.text
    assert "Place" not in made.text
    assert letter("deny_notice", "en", decision("e", type="transaction")).subject == "A payment stopped"


def test_contrast_is_two_sentences_at_most_and_only_what_differs() -> None:
    here = structs.replace(
        USUAL, country="MY", city="Kuala Lumpur", device="Android, Chrome Mobile", amount=None
    )
    weighty = findings("velocity_count", "new_device", "takeover_chain", "unusual_amount")
    same = structs.replace(paid(structs.replace(THEFT, usual=here)), findings=weighty)
    said = letter("deny_notice", "en", same).text.partition("Compared with usual\n")[2].partition("\n")[0]

    assert said == (
        "Many more payments than usual are being made. This device has not been used with your account before."
    )


def test_what_a_fact_says_already_is_not_said_again() -> None:
    about = structs.replace(usual(), findings=findings("new_payee", "new_device", "unusual_amount"))
    said = letter("deny_notice", "en", about).text

    assert "You have not paid this payee before." not in said
    assert "This device has not been used" not in said


def test_nothing_in_particular_is_said_to_be_that() -> None:
    quiet = structs.replace(paid(), findings=findings("a_detector_of_tomorrow"))

    assert "Several small things together were unlike you." in letter("hold_notice", "en", quiet).text


def test_a_detector_in_shadow_tells_nothing() -> None:
    shadow = (structs.replace(findings("new_payee")[0], mode="shadow"),)

    assert (
        "You have not paid" not in letter("hold_notice", "en", structs.replace(paid(), findings=shadow)).text
    )


def test_no_letter_tells_a_figure_that_a_detector_goes_by() -> None:
    told = Contribution(
        detector="velocity_count",
        reason="velocity_count",
        weight=1.0,
        share=9,
        value=17.0,
        baseline=3.25,
        threshold=4711.0,
    )
    made = letter("hold_notice", "en", structs.replace(paid(), findings=(told,)))

    assert not re.search("4,?711|3.25|17 ", made.text)


@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=128))
def test_no_name_that_a_stranger_chose_is_markup_or_a_link(payee: str) -> None:
    made = letter("hold_notice", "en", paid(structs.replace(THEFT, payee_id=payee)))
    page = Page(made.html)

    assert page.faults == []
    assert {tag for tag, _ in page.elements} <= {
        "html", "head", "meta", "title", "style", "body", "div", "table", "tr", "td", "th", "p", "h1", "span", "b", "br", "bdi",
    }  # fmt: skip
    assert len(made.subject) <= 80


def test_a_long_payee_is_whole_in_the_letter_and_short_in_the_subject() -> None:
    payee = "p" * 128
    made = letter("hold_notice", "en", paid(structs.replace(THEFT, payee_id=payee)))

    assert payee in made.text
    assert made.subject == f"CNY 18,000.00 to {'p' * 23}… held"


def test_no_letter_holds_ids_or_digests() -> None:
    made = letter("hold_notice", "en", paid(effects=(challenge("event-7"),)))

    assert not any(
        secret in made.text + made.html for secret in ("event-7", "account-7", "0" * 64, "linxiaoyu")
    )


def test_an_unknown_notice_is_malformed() -> None:
    with pytest.raises(Malformed):
        letter("birthday_notice", "en", paid())
    with pytest.raises(Malformed):
        letter("hold_notice", "en", decision("e", type="label"))
    with pytest.raises(Malformed):
        letter("hold_notice")


def test_a_name_of_our_own_tables_is_no_notice() -> None:
    with pytest.raises(Malformed):
        letter("frame", "en", paid())


@pytest.mark.parametrize("locale", LOCALES)
def test_a_digest_says_what_happened_and_when_a_row_a_kind(locale: str) -> None:
    about = [
        Told(
            template="login_notice" if number < 30 else "hold_notice",
            recorded_at=T0,
            decision=decision(
                f"e{number}",
                at=T0 + 60 * number,
                type="login" if number < 30 else "transaction",
                effects=(challenge("e"),),
            ),
            news=None,
        )
        for number in range(31)
    ]
    notice = Notice(notice_id="d", account_id="li", template=DIGEST, told=about)
    made = TEMPLATES.letter(notice, Route("mail", "li@upay.example", locale, "Asia/Shanghai"))
    more, once = ("and 20 more times", "Held: once") if locale == "en" else ("另有 20 次", "已暂缓：1 次")

    assert "31" in made.subject
    assert more in made.text
    assert once in made.text
    assert all(said in made.text for said in ("22:13", "22:42", "22:43", "412.00"))
