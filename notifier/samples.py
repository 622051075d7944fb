"""Made-up events to look at letters with: three of each notice, ordinary ones and awkward ones. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import structs

from contracts.decisions import (
    AnyEffect,
    Contribution,
    Decision,
    Freeze,
    HoldPayment,
    IssueChallenge,
    OpenCase,
    RevokeSessions,
)
from contracts.shown import Shown, Usual
from notifier.sample_settings import REDUCED
from notifier.sample_weeks import T0, WEEKS
from notifier.told import Notice, Told
from notifier.words import notices
from services.cases.classes import (
    CREDENTIAL_CHANGED,
    DIGEST,
    EXPECTED,
    NEW_DEVICE,
    TOP_UP_ARRIVED,
    TOP_UP_FAILED,
    WEEKLY,
)
from services.cases.news import About, CaseNews, News

_HOUR_S = 3600.0
_IPHONE = Usual(
    device="iOS, Mobile Safari",
    country="CN",
    city="Shanghai",
    at=T0 - 9 * _HOUR_S,
    amount="120.00",
    currency="CNY",
    payee_known=False,
)
#: Nothing but what was asked; a payee whose name runs from right to left; and one made to be taken for markup and a link.
_MONEY = (
    Shown(
        device="Android, Chrome Mobile",
        country="MY",
        city="Kuala Lumpur",
        accuracy_km=50.0,
        network_kind="mobile",
        amount="18000.00",
        currency="CNY",
        payee_id="chen-wei-4471",
        kind="payment",
        status="requested",
        usual=_IPHONE,
    ),
    Shown(
        country="DE",
        city="Frankfurt",
        network_kind="vpn",
        amount="2450",
        currency="JPY",
        payee_id="متجر الزهور 17",
        kind="transfer",
        status="completed",
        usual=Usual(country="HK", city="Hong Kong", at=T0 - 30 * _HOUR_S, payee_known=True),
    ),
    Shown(
        device="Windows, Edge",
        country="SG",
        city="Singapore",
        accuracy_km=5.0,
        amount="1234567.123456",
        currency="USDT",
        payee_id="<b>pay</b>&https://wallet.example/" + "0x71c7656ec7ab88b098defb751b7401b5f6d8976f" * 2,
        kind="withdrawal",
        status="failed",
    ),
)
_LOGINS = (
    Shown(
        device="Windows, Edge",
        country="CN",
        city="Suzhou",
        accuracy_km=25.0,
        kind="password+totp",
        usual=structs.replace(_IPHONE, distance_km=84.6),
    ),
    Shown(device="Mac OS X, Firefox", network_kind="tor", status="success"),
    Shown(country="BR", kind="password"),
)
_CHANGES = (
    Shown(device="Linux, Firefox", network_kind="vpn", kind="email_change", usual=_IPHONE),
    Shown(device="iOS, Mobile Safari", country="GB", city="London", accuracy_km=20.0, kind="password_reset"),
    Shown(country="US", city="Ashburn", accuracy_km=1000.0, network_kind="hosting", kind="limit_raise"),
)
_BY_TYPE: Mapping[str, tuple[Shown, ...]] = {
    "transaction": _MONEY,
    "login": _LOGINS,
    "account_change": _CHANGES,
}
_DETECTORS = {
    "transaction": ("unusual_amount", "new_payee", "takeover_chain"),
    "login": ("new_device", "unfamiliar_login", "new_country"),
    "account_change": ("new_device", "impossible_travel"),
}


_ABOUT = (
    About(type="transaction", at=T0, shown=_MONEY[0]),
    About(type="login", at=T0, shown=_LOGINS[0]),
    None,
)
#: Which types of event a decision's notice is about.
_TYPES: Mapping[str, Sequence[str]] = {
    "login_notice": ("login",),
    "transaction_notice": ("transaction",),
    "change_notice": ("account_change",),
    "challenge_notice": ("login", "transaction", "account_change"),
    "hold_notice": ("login", "transaction", "account_change"),
    "deny_notice": ("login", "transaction", "account_change"),
}


def every() -> list[str]:
    """The templates in the order in which people meet them."""
    return [*_TYPES, *sorted(notices() - set(_TYPES))]


def samples(template: str) -> list[tuple[str, list[Notice]]]:
    """Three notices of a template, for each type of event where its words depend on that."""
    if template == DIGEST:
        return [("", [_notice(template, number, _digested(number)) for number in range(3)])]
    if template == WEEKLY:
        weeks = [_notice(template, number, [_told(template, number)]) for number in range(3)]
        return [("quiet", weeks[:2]), ("stopped", weeks[2:])]
    if template in _TYPES:
        return [
            (kind, [_notice(template, number, [_decided(template, kind, number)]) for number in range(3)])
            for kind in _TYPES[template]
        ]
    return [("", [_notice(template, number, [_told(template, number)]) for number in range(3)])]


def _notice(template: str, number: int, told: list[Told]) -> Notice:
    account_id = ("linxiaoyu", "li", "张三丰-8842")[number]
    return Notice(notice_id=f"{template}-{number}", account_id=account_id, template=template, told=told)


def _expected(template: str, number: int) -> Told:
    """Of an event that nothing spoke against."""
    if template == NEW_DEVICE:
        return _of_event(template, News(at=T0, about=About(type="login", at=T0, shown=_LOGINS[number])))
    if template == CREDENTIAL_CHANGED:
        shown = structs.replace(_CHANGES[number], kind=("password_reset", "password_change")[number % 2])
        return _of_event(template, News(at=T0, about=About(type="account_change", at=T0, shown=shown)))
    shown = structs.replace(
        _MONEY[number],
        kind="top_up",
        status="failed" if template == TOP_UP_FAILED else "completed",
        failure=("bank-limit", None, "do_not_honor")[number] if template == TOP_UP_FAILED else None,
        payee_id=None if number == 0 else _MONEY[number].payee_id,
    )
    balance = ("18240.50", None, "1234600")[number]
    news = News(
        at=T0,
        about=About(type="transaction", at=T0, shown=shown),
        balance=balance if template == TOP_UP_ARRIVED else None,
        balance_before="240" if number == 1 else None,
    )
    return _of_event(template, news)


def _of_event(template: str, news: News) -> Told:
    return Told(template=template, recorded_at=T0 + 1.0, decision=None, news=news)


def _told(template: str, number: int) -> Told:
    """Of an end the decision that it ends is known, but not always."""
    if template == WEEKLY:
        return _of_event(template, News(at=T0, week=WEEKS[number]))
    if template in EXPECTED:
        return _expected(template, number)
    ended = {"account_unfrozen": "deny_notice"}.get(
        template, "hold_notice" if template.startswith("payment_") else ""
    )
    decision = (
        _decision(ended, "transaction", number) if ended and (number, ended) != (1, "deny_notice") else None
    )
    return Told(template=template, recorded_at=T0 + 1.0, decision=decision, news=_news(template, number))


def _decided(template: str, kind: str, number: int) -> Told:
    return Told(
        template=template, recorded_at=T0 + 1.0, decision=_decision(template, kind, number), news=None
    )


def _decision(template: str, kind: str, number: int) -> Decision:
    names = _DETECTORS[kind][: 2 if number == 0 else number]
    return Decision(
        event_id="e",
        account_id="a",
        type=kind,
        at=T0,
        risk=0.9,
        score=90,
        action="deny" if template == "deny_notice" else "hold",
        policy_version="preview",
        findings=tuple(Contribution(detector=name, reason=name, weight=1.0, share=50) for name in names),
        effects=_effects(template, kind, _BY_TYPE[kind][number], number),
        shown=_BY_TYPE[kind][number],
    )


def _effects(template: str, kind: str, shown: Shown, number: int) -> tuple[AnyEffect, ...]:
    challenge = IssueChallenge(
        effect_id="c",
        challenge_id="c",
        purpose="login",
        digest="",
        lifetime_s=300,
        amount=shown.amount,
        currency=shown.currency,
    )
    held = HoldPayment(
        effect_id="h", due_s=259_200, amount=shown.amount or "0", currency=shown.currency or "CNY"
    )
    case = OpenCase(effect_id="o", severity="high")
    if template == "challenge_notice":
        return (challenge,)
    if template == "hold_notice":
        waits = (held,) if kind == "transaction" else ()
        # Held with a code to give, for support, and for the owner's own word.
        return ((challenge, *waits, case), (*waits, case), waits)[number]
    if template == "deny_notice":
        return (Freeze(effect_id="f"), RevokeSessions(effect_id="r"), case)
    return ()


def _news(template: str, number: int) -> News:
    """Of a support's end, of the owner's, and of one that says nothing of who."""
    at = T0 + (8.0, 0.25, 90.0)[number] * _HOUR_S
    by: Sequence[Literal["owner", "support"] | None] = ("support", "owner", None)
    acts = ("freeze", "revoke_sessions", "open_case")
    return News(
        at=at,
        due_at=at + 86_400.0
        if template in ("factor_locked", "reset_requested", "case_received", "attack_held")
        else None,
        codes_left=(9, 1, 0)[number] if template == "recovery_code_used" else None,
        address=("q•••@mail.example", "李•••@例子.中国", "s•••@example.com")[number]
        if template == "contact_changed"
        else ("+86•••34", None, "•••4f2a")[number]
        if template == "contact_way_changed"
        else None,
        replaced="s•••@example.com" if template == "contact_changed" and number == 0 else None,
        way=("sms", "chat", "sms")[number] if template == "contact_way_changed" else None,
        by=by[number],
        since=at - 95.0 if template == "stop_confirmed" else None if number == 2 else T0,
        reduced=REDUCED[number] if template == "preferences_reduced" else None,
        owner_asked=number == 1,
        acts=acts[
            : {"account_frozen": 3 - number, "account_locked": 1, "account_stopped": 1, "attack_held": 1}.get(
                template, 0
            )
        ],
        about=_ABOUT[number] if template == "account_frozen" else None,
        case=_case(template, number) if template.startswith("case_") else None,
        channel=("unionpay-quick", "متجر", "<b>visa</b>")[number]
        if template.startswith("channel_")
        else None,
    )


def _case(template: str, number: int) -> CaseNews:
    kind = ("dispute", "unauthorised", "risk")[number]
    outcome = ("for_owner", "withdrawn", "refused")[number] if template == "case_closed" else None
    return CaseNews(number="C-7F3K-92", kind=kind, outcome=outcome)


def _digested(number: int) -> list[Told]:
    logins, payments = ((2, 1), (1, 3), (30, 2))[number]
    return [
        *(_decided("login_notice", "login", each % 3) for each in range(logins)),
        *(_decided("hold_notice", "transaction", each) for each in range(payments)),
    ]
