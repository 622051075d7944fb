"""An account with a past: sign-ins, money and changes as the consumer of activity keeps them, a contact, and a held payment."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from msgspec import json

from contracts.decisions import Decision, HoldPayment, WaitsFor, derived_id, effect_id
from contracts.shown import Shown, Usual
from services.activity.repository import ActivityStore
from services.activity.rows import Row
from services.cases.contact_points import Contact, change_contact
from services.cases.incident_rows import Found, tell
from services.cases.repository import Recorded, keep
from services.platform.database import Database
from tests.services.cases.decided import no_challenges
from tests.services.centre.made import NAMES

HOUR_S, DAY_S = 3600.0, 86_400.0
PHONE, LAPTOP, STRANGER = "li-phone", "li-laptop", "stranger-1"
_DEVICES = {PHONE: "iOS, Mobile Safari", LAPTOP: "Mac OS X, Safari", STRANGER: "Android, Chrome Mobile"}


def row(name: str, at: float, type_name: str, device: str | None = PHONE, **more: Any) -> Row:
    """One row of the account li, by default from its phone in Shanghai."""
    money = type_name == "transaction"
    of = {
        "device_key": None if device is None else NAMES.key_of("device", device),
        "device": None if device is None else _DEVICES.get(device),
        "country": "CN",
        "city": "Shanghai",
        "network_kind": "residential",
        "session_id": None if device is None else f"session-{device}",
    }
    day = datetime.fromtimestamp(at, UTC).date()
    return Row("money" if money else "access", day, "li", name, at, type_name, **{**of, **more})


def past(now: float) -> list[Row]:
    """Two ordinary days, and what a stranger tried."""
    abroad = {"country": "MY", "city": "Kuala Lumpur", "network_kind": "mobile"}
    return [
        row("t0", now - 29 * HOUR_S, "transaction", kind="top_up", outcome="completed", amount="320.00", currency="CNY"),
        row("c0", now - 28 * HOUR_S, "account_change", kind="limit_raise"),
        row("l1", now - 26 * HOUR_S, "login", LAPTOP, kind="password", outcome="success"),
        row("t1", now - 4 * HOUR_S, "transaction", kind="payment", outcome="completed", amount="86.40", currency="CNY",
            payee_id="hema-fresh"),
        row("l0", now - 3 * HOUR_S, "login", kind="password", outcome="success"),
        row("l2", now - 600.0, "login", STRANGER, kind="password", outcome="success", **abroad),
        row("l3", now - 500.0, "login", STRANGER, kind="password", outcome="failure", **abroad),
    ]  # fmt: skip


async def live(database: Database, now: float) -> None:
    """Keep the past, and where the owner is reached."""
    await ActivityStore(database, {"money": 400, "access": 400}, lambda: now).write(past(now))
    async with database.begin() as connection:
        contact = Contact("li@example.com", "en", "Asia/Shanghai")
        await change_contact(connection, "li", contact, now - 300 * DAY_S, "p" * 32)


async def held(
    database: Database,
    now: float,
    event_id: str = "held",
    waits_for: WaitsFor = "owner",
    device: str = STRANGER,
) -> None:
    """A payment of CNY 18,000.00 to somebody new from a stranger's phone, held a minute ago."""
    at = now - 60.0
    shown = Shown(
        device=_DEVICES[device],
        country="MY",
        city="Kuala Lumpur",
        accuracy_km=50.0,
        network_kind="mobile",
        amount="18000.00",
        currency="CNY",
        payee_id="chen-wei-4471",
        kind="payment",
        status="requested",
        usual=Usual(
            device="iOS, Mobile Safari", country="CN", city="Shanghai", at=now - HOUR_S, payee_known=False
        ),
    )
    paid = row(
        event_id, at, "transaction", device, kind="payment", outcome="requested", amount="18000.00", currency="CNY",
        payee_id="chen-wei-4471", country="MY", city="Kuala Lumpur", network_kind="mobile",
    )  # fmt: skip
    await ActivityStore(database, {"money": 400, "access": 400}, lambda: now).write([paid])
    effect = HoldPayment(
        effect_id=effect_id("li", event_id, "hold_payment"),
        due_s=259_200, amount="18000.00", currency="CNY", payee_id="chen-wei-4471",
    )  # fmt: skip
    decision = Decision(
        event_id=event_id, account_id="li", type="transaction", at=at, risk=0.9, score=90, action="hold",
        policy_version="1", effects=(effect,), shown=shown, waits_for=waits_for,
    )  # fmt: skip
    async with database.begin() as connection:
        await keep(connection, [Recorded(decision, json.encode(decision), at)], no_challenges)


async def told_of(database: Database, event_id: str, at: float, template: str = "login_notice") -> str:
    """A letter that asks about the event, as the consumer of decisions puts it down; its notice's id."""
    notice_id = derived_id(event_id, template)
    found = Found(
        notice_id=notice_id, event_id=event_id, account_id="li", template=template, at=at, due_at=at
    )
    async with database.begin() as connection:
        await tell(connection, [found])
    return notice_id
