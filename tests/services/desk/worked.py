"""An account with a past that somebody takes over, up to the case: made-up, as an agent finds it a few minutes later."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

from msgspec import json
from sqlalchemy import select, update

from contracts.decisions import (
    AnyEffect,
    Change,
    Contribution,
    Counterfactual,
    Decision,
    HoldPayment,
    Notify,
    OpenCase,
    derived_id,
    effect_id,
)
from contracts.events import UserReport
from contracts.shown import Shown, Usual
from services.activity.repository import ActivityStore
from services.activity.rows import Row
from services.cases import states
from services.cases.case_rows import write
from services.cases.contact_points import Contact, change_contact
from services.cases.message_tables import messages
from services.cases.owner_words import Following, tell
from services.cases.repository import Recorded, keep
from services.cases.tables import cases, notices
from services.cases.tables import outbox as outbox_rows
from services.mfa.tables import challenges
from services.platform.database import Database, insert_new
from services.policy.file import read_policy
from services.wallet.actions import WalletAction
from services.wallet.feed import publish
from services.wallet.tables import wallet_actions
from tests.services.cases.decided import no_challenges

ACCOUNT, CASE_OF = "acct-58213907", "t-held"
PAYEE = "chen-wei-4471"
DAY_S, MIN_S = 86_400.0, 60.0
PHONE, LAPTOP, STRANGER = "iOS, Mobile Safari", "Mac OS X, Safari", "Android, Chrome Mobile"
_SHANGHAI = {"country": "CN", "city": "Shanghai", "network_kind": "residential"}
_MANILA = {"country": "PH", "city": "Manila", "network_kind": "vpn"}
_PAID = [12, 15, 18, 22, 26, 28, 31, 36, 38, 42.5, 45, 49, 58, 64, 70, 86, 86, 92, 99, 118, 120, 135, 160, 199, 240, 260,
         310, 349, 399, 480, 520, 560, 640, 812, 880, 1020, 1300, 1850]  # fmt: skip
NOT_ME = frozenset({"freeze", "revoke_sessions", "case"})


def key_of(name: str) -> bytes:
    return blake2b(name.encode(), digest_size=16).digest()


def row(
    event_id: str, at: float, type_name: str, device: str = PHONE, account: str = ACCOUNT, **more: Any
) -> Row:
    """One row of activity, by default from the owner's phone at home."""
    of: dict[str, Any] = {
        "device_key": key_of(device),
        "network_key": key_of("home" if device != STRANGER else "abroad"),
        "device": device,
        "session_id": f"session-{device}",
        **_SHANGHAI,
    }
    if (payee := more.get("payee_id")) is not None:
        of["payee_key"] = key_of(payee)
    day = datetime.fromtimestamp(at, UTC).date()
    section = "money" if type_name == "transaction" else "access"
    return Row(section, day, account, event_id, at, type_name, **{**of, **more})


def paid(event_id: str, at: float, amount: str, payee: str, **more: Any) -> Row:
    """A payment that went through."""
    money = {
        "kind": "payment",
        "outcome": "completed",
        "amount": amount,
        "currency": "CNY",
        "payee_id": payee,
    }
    return row(event_id, at, "transaction", **{**money, **more})


def past(now: float) -> list[Row]:
    """Thirteen months of ordinary payments, and the owner's last evenings."""
    payments = [
        paid(f"p{index}", now - (410 - 10 * index) * DAY_S, f"{amount:.2f}", "hema-fresh")
        for index, amount in enumerate(_PAID)
        if 410 - 10 * index > 12
    ]
    return [
        *payments,
        row("l-laptop", now - 40 * DAY_S, "login", LAPTOP, kind="password", outcome="success"),
        row("l-usual", now - 2 * DAY_S, "login", kind="password", outcome="success"),
        paid("p-usual", now - 2 * DAY_S + 120, "86.00", "hema-fresh"),
        row("l-home", now - 45 * MIN_S, "login", kind="password", outcome="success"),
        paid("p-home", now - 43 * MIN_S, "42.50", "didi"),
    ]


def attack(now: float) -> list[Row]:
    """What a stranger did within ten minutes."""
    from_abroad: dict[str, Any] = {"device": STRANGER, **_MANILA}
    failed = [
        row(f"f{index}", now - 14 * MIN_S + index, "login", STRANGER, outcome="failure", country=None, city=None,
            network_kind="hosting", network_key=key_of(f"bot-{index % 5}"))
        for index in range(6)
    ]  # fmt: skip
    return [
        *failed,
        row("l-abroad", now - 7 * MIN_S, "login", **from_abroad, kind="password", outcome="success"),
        row("c-mail", now - 6 * MIN_S, "account_change", **from_abroad, kind="email_change"),
        paid(CASE_OF, now - 5 * MIN_S, "18000.00", PAYEE, outcome="requested", **from_abroad),
    ]


def others(now: float) -> list[Row]:
    """Other accounts at the same payee, on the same device, and on the same network."""
    at_payee = [
        paid(
            f"o{index}",
            now - 3600.0 * (index + 1),
            "900.00",
            PAYEE,
            account=f"other-{index}",
            device=f"phone-{index}",
        )
        for index in range(7)
    ]
    on_device = [
        row(
            f"d{index}",
            now - DAY_S,
            "login",
            STRANGER,
            account=f"other-{index}",
            outcome="success",
            **_MANILA,
        )
        for index in range(3)
    ]
    crowd = [
        row(f"n{index}", now - 2 * DAY_S, "login", f"phone-{index}", account=f"crowd-{index}", outcome="success",
            network_key=key_of("abroad"), **_MANILA)
        for index in range(60)
    ]  # fmt: skip
    return [*at_payee, *on_device, *crowd]


FINDINGS = (
    Contribution(detector="takeover_chain", reason="takeover_in_four_steps", weight=4.0, share=32, value=0.2, threshold=24,
                 facts={"step_1": "failed_logins", "step_2": "new_device", "step_3": "email_change"}),
    Contribution(detector="impossible_travel", reason="impossible_travel", weight=2.5, share=20, value=2921, threshold=900,
                 facts={"distance_km": 1850, "minutes": 40, "network_kind": "vpn"}),
    Contribution(detector="unusual_amount", reason="unusual_amount", weight=2.2, share=18, value=18000.0, baseline=118.4,
                 threshold=2900.0, facts={"currency": "CNY", "z": 3.1}),
    Contribution(detector="payee_fan_in", reason="payee_fan_in", weight=1.4, share=11, value=7, threshold=5, facts={"days": 1.2}),
    Contribution(detector="new_device", reason="new_device", weight=0.9, share=7, value=1, baseline="1.2%",
                 facts={"known_devices": 2}),
    Contribution(detector="anonymous_network", reason="vpn_network", weight=0.4, share=3, value="vpn", baseline="0.0%"),
    Contribution(detector="success_after_failures", reason="success_after_failures", weight=1.0, mode="shadow", value=6,
                 baseline=0, threshold=5, facts={"minutes": 7}),
)  # fmt: skip


def decisions(now: float) -> list[Decision]:
    """What was decided on the stranger's events."""
    base: dict[str, Any] = {"account_id": ACCOUNT, "policy_version": read_policy().version}
    usual = Usual(
        device=PHONE,
        country="CN",
        city="Shanghai",
        at=now - 45 * MIN_S,
        amount="118.4",
        currency="CNY",
        payee_known=False,
    )
    shown = Shown(
        device=STRANGER, country="PH", city="Manila", accuracy_km=50.0, network_kind="vpn", amount="18000.00", currency="CNY",
        payee_id=PAYEE, kind="payment", status="requested", usual=usual,
    )  # fmt: skip
    effects: tuple[AnyEffect, ...] = (
        HoldPayment(effect_id=effect_id(ACCOUNT, CASE_OF, "hold_payment"), due_s=21_600, amount="18000.00", currency="CNY",
                    payee_id=PAYEE),
        OpenCase(effect_id=effect_id(ACCOUNT, CASE_OF, "open_case"), severity="critical"),
        Notify(effect_id=effect_id(ACCOUNT, CASE_OF, "notify"), template="hold_notice"),
    )  # fmt: skip
    changes: tuple[Change, ...] = ("amount_below", "known_device", "unchanged_account")
    passed = tuple(
        Counterfactual(change=change, action="challenge", hours=24, amount="2900.00", currency="CNY")
        for change in changes
    )
    told = Notify(effect_id=effect_id(ACCOUNT, "c-mail", "notify"), template="change_notice")
    return [
        Decision(event_id="l-abroad", type="login", at=now - 7 * MIN_S, risk=0.2, score=52, action="challenge",
                 findings=FINDINGS[4:6], shown=Shown(device=STRANGER, city="Manila", country="PH", network_kind="vpn"), **base),
        Decision(event_id="c-mail", type="account_change", at=now - 6 * MIN_S, risk=0.03, score=31, action="notify",
                 effects=(told,), shown=Shown(kind="email_change", device=STRANGER), **base),
        Decision(event_id=CASE_OF, type="transaction", at=now - 5 * MIN_S, risk=0.974, score=91, action="hold", findings=FINDINGS,
                 effects=effects, shown=shown, counterfactuals=passed, **base),
    ]  # fmt: skip


async def live(database: Database, now: float) -> str:
    """Make all of it, up to a case that nobody has taken; its id. The wallet has frozen, and not yet ended the sessions."""
    store = ActivityStore(database, {"money": 400, "access": 400}, lambda: now)
    await store.write([*past(now), *attack(now), *others(now)])
    async with database.begin() as connection:
        for contact, at, point in (
            (Contact("lin.yu@qq.example", "zh-CN", "Asia/Shanghai"), now - 300 * DAY_S, "a" * 32),
            (Contact("+8613812342207", "zh-CN", "Asia/Shanghai", "sms"), now - 300 * DAY_S, "b" * 32),
            (Contact("a77@proton.example", "zh-CN", "Asia/Shanghai"), now - 6 * MIN_S + 2, "c" * 32),
        ):
            await change_contact(connection, ACCOUNT, contact, at, point)
        records = [Recorded(each, json.encode(each), each.at + 0.01) for each in decisions(now)]
        await keep(connection, records, no_challenges)
        await connection.execute(insert_new(challenges), [_challenge(now)])
    report = UserReport(
        event_id="r-not-me", account_id=ACCOUNT, occurred_at=int((now - 4 * MIN_S) * 1000), about_event_id=CASE_OF,
        verdict="not_me", proof="link",
    )  # fmt: skip
    async with database.begin() as connection:
        await tell(connection, Following(NOT_ME), report, "page", now - 4 * MIN_S)
        await _delivered(connection, now)
    await _acknowledged(database, now)
    async with database.read() as connection:
        query = select(cases.c.case_id).where(cases.c.account_id == ACCOUNT, cases.c.kind == "risk")
        return str(await connection.scalar(query))


def _challenge(now: float) -> dict[str, Any]:
    at = now - 7 * MIN_S + 2
    return {
        "challenge_id": "ch-1", "account_id": ACCOUNT, "event_id": "l-abroad", "purpose": "login", "digest": "0" * 64,
        "state": "passed", "issued_at": at, "expires_at": at + 300, "attempts_left": 4, "closed_at": at + 14, "passed_step": 7,
    }  # fmt: skip


async def _delivered(connection: Any, now: float) -> None:
    """Every letter so far reached the mail address of before, three seconds later."""
    rows = (await connection.execute(select(notices).where(notices.c.account_id == ACCOUNT))).all()
    for each in rows:
        sent = {
            "message_id": f"m-{each.notice_id}", "notice_id": each.notice_id, "account_id": ACCOUNT, "channel": "mail",
            "address_key": "0" * 8, "message_class": "security", "template": each.template, "locale": "zh-CN",
            "time_zone": "Asia/Shanghai", "state": "delivered", "planned_at": each.recorded_at, "next_at": each.recorded_at,
            "ended_at": each.recorded_at + 3, "delivered_at": each.recorded_at + 3,
        }  # fmt: skip
        await connection.execute(insert_new(messages), [sent])
    ended = {"state": "delivered", "ended_at": now}
    await connection.execute(update(notices).where(notices.c.account_id == ACCOUNT).values(**ended))


async def _acknowledged(database: Database, now: float) -> None:
    async with database.begin() as connection:
        found = await connection.execute(select(outbox_rows.c.payload).where(outbox_rows.c.kind == "action"))
        asked = [json.decode(each, type=WalletAction) for each in found.scalars()]
        await publish(connection, asked, now - 4 * MIN_S + 0.1)
        done = {"result": "done", "result_at": now - 4 * MIN_S + 0.8, "result_by": "topic"}
        frozen = update(wallet_actions).where(wallet_actions.c.kind == "freeze")
        await connection.execute(frozen.values(**done))


async def resolve_before(database: Database, account: str, at: float, verdict: str = "fraud") -> None:
    """A case of that account which ended so."""
    case_id = derived_id(account, "before")
    case = states.opened(case_id, account, "high", at)
    async with database.begin() as connection:
        kept = {name: getattr(case, name) for name in case.__struct_fields__}
        await connection.execute(insert_new(cases), [kept])
        taken = states.assigned(case, "li.na", at + 60)
        await write(connection, case, taken, "assigned", "staff:li.na", "li.na")
        closed = states.resolved(taken, verdict, at + 120)  # type: ignore[arg-type]
        await write(connection, taken, closed, "resolved", "staff:li.na", None)
