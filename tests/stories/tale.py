"""Tells a story as events and asks the shipped policy what it decides: accounts, hands, a clock, and the answers.

Times move on by themselves: each event comes twenty seconds after the one before, unless the tale says `on` or `after`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple

from contracts.decisions import Decision, RaiseAlert
from contracts.events import (
    AccountChange,
    AnyEvent,
    ChallengeOutcome,
    Label,
    Login,
    Transaction,
    UserReport,
)
from services.bootstrap.pipelines import offline_core
from services.lab.people.places import Access, City, city_named, fixed_line, mobile_line, rented_server
from services.platform.settings import Settings
from services.replay.offline import offline_records
from services.scoring.effects import challenge_id

FIRST_DAY = datetime(2026, 1, 5, tzinfo=UTC)
STEP = timedelta(seconds=20)
ASKED = ("challenge", "hold", "deny")
PHONE = (
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Mobile"
)
OTHER_PHONE = (
    "Mozilla/5.0 (Linux; Android 11; M2101K6G) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/96.0 Mobile"
)
LAPTOP = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0"
SCRIPT = "python-requests/2.32.3"


class Hand(NamedTuple):
    """Whoever acts: from where, on which device, saying what of it."""

    line: Access
    device_id: str
    agent: str

    def over(self, line: Access) -> Hand:
        """The same device over another line."""
        return self._replace(line=line)


def broadband(city: str, number: int = 1, operator: int = 0) -> Access:
    """A line at home; `number` picks the address."""
    return fixed_line(city_named(city), number, operator)


def carrier(city: str, number: int = 1) -> Access:
    """A phone's address at the city's carrier."""
    return mobile_line(city_named(city), number)


def vpn(city: str, number: int = 1) -> Access:
    """A server of a VPN."""
    return rented_server(city_named(city), number, "vpn")


def hosting(city: str, number: int = 1) -> Access:
    """A rented server."""
    return rented_server(city_named(city), number)


def tor(number: int = 1) -> Access:
    """An exit of Tor."""
    return rented_server(city_named("Berlin"), number, "tor")


def stranger(line: Access, name: str = "stranger", agent: str = OTHER_PHONE) -> Hand:
    """Somebody on a device that no account knows."""
    return Hand(line, f"device-of-{name}", agent)


class Tale:
    """The events of a story in the order in which they arrive, and the clock they go by."""

    def __init__(self) -> None:
        self.now = FIRST_DAY
        self._events: list[AnyEvent] = []

    def on(self, day: int, clock: str) -> None:
        """Go to a day (0 is the first) and a time of day at home, in China."""
        hours, minutes = (int(part) for part in clock.split(":"))
        self.now = FIRST_DAY + timedelta(days=day, hours=hours - 8, minutes=minutes)

    def after(self, **span: float) -> None:
        """Let so much time pass: `after(minutes=5)`."""
        self.now += timedelta(**span)

    def account(self, name: str, city: str = "Shanghai", number: int = 1) -> Account:
        """An account of somebody with a phone and a line at home."""
        return Account(self, name, city_named(city), Hand(broadband(city, number), f"phone-of-{name}", PHONE))

    def write(self, event: AnyEvent) -> str:
        """Take an event down."""
        self._events.append(event)
        self.now += STEP
        return event.event_id

    def next_id(self) -> str:
        """An id no event has yet."""
        return f"event-{len(self._events)}"

    async def told(self, batch: int = 500) -> Told:
        """What the shipped policy decides, event by event, in the order of writing; a freeze stops nothing that comes after."""
        core = offline_core(Settings(), freezes_stand=False)
        records = offline_records(self._events)
        decisions: list[Decision] = []
        for start in range(0, len(records), batch):
            decisions += (await core.decide(records[start : start + batch])).decisions
        return Told(decisions)


class Account:
    """Somebody whose name is the account's. What it does, it does at the tale's clock, from home unless told otherwise."""

    def __init__(self, tale: Tale, name: str, city: City, owner: Hand) -> None:
        self.name = name
        self.city = city
        self.owner = owner
        self._tale = tale

    def lives(self, days: int, *, since: int = 0, paying: float = 60.0, money: bool = True) -> Account:
        """So many ordinary days: two logins, and a payment to the grocer or the baker; the clock stands at their end."""
        for day in range(since, since + days):
            self._tale.on(day, f"08:{day * 7 % 60:02d}")
            if day == 0:
                self.changes("totp_enrolled")
            self.logs_in()
            if money:
                self._tale.after(hours=(1, 4, 6, 9)[day % 4])
                payee = ("grocer", "baker", "canteen")[day % 3]
                self.pays(paying * (0.8 + 0.1 * (day * 5 % 5)), payee)
            self._tale.on(day, f"20:{day * 11 % 60:02d}")
            self.logs_in()
        return self

    def logs_in(self, by: Hand | None = None, *, session: str | None = None) -> str:
        """A login that succeeds."""
        return self._login("success", by, session)

    def fails_to_log_in(self, by: Hand | None = None) -> str:
        """A wrong password."""
        return self._login("failure", by, None)

    def pays(
        self,
        amount: float | str,
        payee: str | None,
        by: Hand | None = None,
        *,
        kind: Literal["transfer", "payment", "withdrawal", "top_up", "cash_out", "refund"] = "payment",
        refused: bool = False,
        balance: float | None = None,
        session: str | None = None,
        currency: str = "CNY",
    ) -> str:
        """Money asked to move; a bank may have refused it."""
        return self._tale.write(
            Transaction(
                amount=amount if isinstance(amount, str) else f"{amount:.2f}",
                currency=currency,
                kind=kind,
                status="failed" if refused else "requested",
                payee_id=payee,
                balance=None if balance is None else f"{balance:.2f}",
                session_id=session,
                **self._activity(by),
            )
        )

    def sends(self, amount: float | str, payee: str, by: Hand | None = None, **more: Any) -> str:
        """A transfer to a person."""
        return self.pays(amount, payee, by, kind="transfer", **more)

    def changes(self, what: str, by: Hand | None = None) -> str:
        """A change to the account."""
        return self._tale.write(AccountChange(change=what, **self._activity(by)))  # type: ignore[arg-type]

    def passes(self, about: str, purpose: Literal["login", "transaction", "change"] = "login") -> str:
        """The code for that event is right."""
        return self._answers(about, purpose, "passed")

    def misses(self, about: str, purpose: Literal["login", "transaction", "change"] = "login") -> str:
        """The code for that event is wrong."""
        return self._answers(about, purpose, "failed")

    def reports(self, about: str) -> str:
        """The owner says: that was not me."""
        return self._tale.write(UserReport(about_event_id=about, verdict="not_me", **self._happening()))

    def is_called_fraud(self, about: str, payee: str) -> str:
        """Support says that the payment was fraud."""
        return self._tale.write(
            Label(about_event_id=about, verdict="fraud", payee_id=payee, **self._happening())
        )

    def _login(self, outcome: Literal["success", "failure"], by: Hand | None, session: str | None) -> str:
        return self._tale.write(Login(outcome=outcome, session_id=session, **self._activity(by)))

    def _answers(self, about: str, purpose: Any, outcome: Any) -> str:
        return self._tale.write(
            ChallengeOutcome(
                challenge_id=challenge_id(self.name, about),
                challenged_event_id=about,
                purpose=purpose,
                outcome=outcome,
                **self._happening(),
            )
        )

    def _happening(self) -> dict[str, Any]:
        at_ms = int(self._tale.now.timestamp() * 1000)
        return {"event_id": self._tale.next_id(), "account_id": self.name, "occurred_at": at_ms}

    def _activity(self, by: Hand | None) -> dict[str, Any]:
        line, device_id, agent = by or self.owner
        return {
            **self._happening(),
            "ip": line.ip,
            "place": line.place,
            "network": line.network,
            "device_id": device_id,
            "user_agent": agent,
        }


def lived(days: int, clock: str) -> tuple[Tale, Account]:
    """A tale of one account that has lived so many ordinary days, at this time of the next day."""
    tale = Tale()
    lin = tale.account("lin").lives(days)
    tale.on(days, clock)
    return tale, lin


class Told:
    """The decisions, by event id."""

    def __init__(self, decisions: Sequence[Decision]) -> None:
        self._decisions = {decision.event_id: decision for decision in decisions}

    def decision(self, event_id: str) -> Decision:
        """All that was decided about the event."""
        return self._decisions[event_id]

    def action(self, event_id: str) -> str:
        """What was done about the event."""
        return self._decisions[event_id].action

    def reasons(self, event_id: str) -> set[str]:
        """The detectors that are named."""
        return {finding.detector for finding in self._decisions[event_id].findings}

    def codes(self, event_id: str) -> set[str]:
        """The reason codes that are named."""
        return {finding.reason for finding in self._decisions[event_id].findings}

    def asked(self, account: Account | None = None) -> list[str]:
        """The events that were challenged, held or denied, in order."""
        return [
            decision.event_id
            for decision in self._decisions.values()
            if decision.action in ASKED and (account is None or decision.account_id == account.name)
        ]

    def noticed(self, account: Account | None = None) -> list[str]:
        """The events that the owner was told of, but nobody asked about."""
        return [
            decision.event_id
            for decision in self._decisions.values()
            if decision.action == "notify" and (account is None or decision.account_id == account.name)
        ]

    def alerts(self, event_ids: Sequence[str]) -> list[str]:
        """Those of the events that raised an alert for the security team."""
        return [
            each
            for each in event_ids
            if any(isinstance(effect, RaiseAlert) for effect in self._decisions[each].effects)
        ]

    def why(self, event_ids: Sequence[str]) -> dict[str, tuple[str, set[str]]]:
        """Action and reasons of these events, for a failing test to show."""
        return {each: (self.action(each), self.codes(each)) for each in event_ids}

    def states(self, event_id: str) -> tuple[str, ...]:
        """What was not known."""
        return self._decisions[event_id].states
