"""The demonstration's queue: what made-up owners reported in the last days, some of it in hand, one wave of missing top-ups."""

from __future__ import annotations

import asyncio
import contextlib
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from importlib.resources import files
from typing import Literal

from msgspec import Struct, convert
from msgspec.structs import replace
from sqlalchemy import and_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.errors import Unavailable
from contracts.events import Transaction
from contracts.report_kinds import RULES, ReportKind, Subject
from services.activity.rows import row_of
from services.activity.tables import activity
from services.bootstrap.rest import open_vault
from services.cases import queue_states, states
from services.cases.business_days import deadline_set
from services.cases.case_rows import case_of, write
from services.cases.tables import notices
from services.lab.demo.desk import Desk
from services.lab.demo.wallet import Wallet
from services.lab.people.events import Recorder
from services.lab.people.personas import Person
from services.lab.simulate.attackers import at_home
from services.platform.database import Database, insert_new
from services.platform.settings import Settings
from services.policy.file import read_policy
from services.reports.service import Report, ReportService

Then = Literal["", "taken", "escalated", "snoozed", "counterparty", "channel"]
#: Who has some of the cases already.
COLLEAGUE = "chen"
_BY = "payguard up"
_SNOOZED_S = 20 * 3600.0
_HANDLED_S = 240.0
_TAKES_S = 5.0
_TOP_UP, _RENT, _LANDLORD = 500.0, 1800.0, "maple-rentals"
#: ISO 8583: exceeds the limit for amounts.
_LIMIT = "61"
_CHANNELS = {"bank_transfer": "eastern-bank", "card": "card"}
_LOOKS, _LOOK_EVERY_S = 60, 1.0
#: A busy machine may answer too late.
_TRIES = 5
#: Money that left, and came.
_OUT, _IN = ("payment", "transfer", "withdrawal", "cash_out"), ("top_up",)


class Told(Struct, frozen=True, kw_only=True):
    """Something that owners report: in both languages, with the minutes that are left to answer it."""

    kind: ReportKind
    left_min: int
    texts: Mapping[str, str]
    answers: Mapping[str, str] = {}
    then: Then = ""


@cache
def casebook() -> tuple[Told, ...]:
    """All of it, as `casebook.toml` has it."""
    read = tomllib.loads(files("services.lab.demo").joinpath("casebook.toml").read_text("utf-8"))
    told = []
    for each in read["report"]:
        texts = {locale: each.pop(locale) for locale in ("en", "zh-CN")}
        told.append(convert({**each, "texts": texts}, Told))
    return tuple(told)


def owners_of(people: Sequence[Person]) -> Iterator[tuple[Told, str, Person]]:
    """Each report in each language, with its owner: nobody has two."""
    speaking = {
        "zh-CN": iter([who for who in people if who.city.currency == "CNY"]),
        "en": iter([who for who in people if who.city.currency != "CNY"]),
    }
    for told in casebook():
        for locale, whose in speaking.items():
            if (who := next(whose, None)) is not None:
                yield told, locale, who


class Backlog:
    """What waits at the desk of the demonstration when its visitor comes. `people` have a past and no other part to play."""

    def __init__(
        self, settings: Settings, database: Database, wallet: Wallet, support: Desk, people: Sequence[Person]
    ) -> None:
        self._settings = settings
        self._database = database
        self._wallet = wallet
        self._support = support
        self._people = people

    async def fill(self) -> None:
        """Open the cases once what happened to their owners is known, and leave one account frozen whose release waits for a
        second person. Raises Unavailable."""
        await self._until_known()
        *reporting, frozen = self._people
        await fill_queue(self._settings, self._database, reporting, time.time())
        self._wallet.left_alone |= {frozen.account_id}
        for _ in range(_TRIES):
            with contextlib.suppress(Unavailable):
                await self._wallet.lock(frozen.account_id)
                await self._wallet.prove(frozen.account_id)
                if await self._support.ask_to_let_in(frozen.account_id) is not None:
                    return

    async def _until_known(self) -> None:
        """Wait until the activity of the last of them was kept, which is a row after the topic; not for ever."""
        this = activity.c
        last = self._people[-1].account_id
        for _ in range(_LOOKS):
            async with self._database.read() as connection:
                query = select(this.event_id).where(this.account_id == last).limit(1)
                if (await connection.execute(query)).first() is not None:
                    return
            await asyncio.sleep(_LOOK_EVERY_S)


async def fill_queue(settings: Settings, database: Database, people: Sequence[Person], now: float) -> None:
    """Open the cases, as if each had been reported when it was. Raises Unavailable."""
    clocks, vault = read_policy(settings.policy).acts.clocks, open_vault(settings)
    deadlines = deadline_set(settings.deadlines)
    for told, locale, who in owners_of(people):
        service = ReportService(database, lambda: now, clocks, vault, deadlines)
        # A day of business may lie between, so the promise of now is what counts.
        first_answer_s = service.clock_of(told.kind, now).first_answer_s
        at = now - max(first_answer_s - told.left_min * 60.0, _HANDLED_S)
        await _happened(database, who, at - _HANDLED_S, told)
        about = await _about(database, who.account_id, RULES[told.kind].subject, at)
        report = Report(
            account_id=who.account_id,
            kind=told.kind,
            text=told.texts[locale],
            through="page",
            answers=told.answers,
            about_event_id=about,
        )
        case = await ReportService(database, partial(float, at), clocks, vault, deadlines).make(report, _BY)
        async with database.begin() as connection:
            await _then(connection, case.case_id, told.then, at)
            # Its letter is written now, whenever the report was made.
            mine = notices.c.account_id == who.account_id
            await connection.execute(update(notices).where(mine).values(recorded_at=now))


async def _happened(database: Database, who: Person, at: float, told: Told) -> None:
    """What such a report is about, as people see it, since the wallet's event is long past: a top-up that has not come, or a
    payment that a limit of the bank's refused."""
    recorder = Recorder(f"{told.kind}-{who.account_id}", at)
    if told.kind == "top_up_missing":
        recorder.pay(who, 0.0, at_home(who), _TOP_UP, None, "top_up")
        more = {"reference": f"TU-{who.number:06d}", "channel": _CHANNELS[told.answers["source"]]}
    elif told.kind == "payment_failed":
        recorder.pay(who, 0.0, at_home(who), _RENT, _LANDLORD, "payment", status="failed")
        more = {"reason": _LIMIT}
    else:
        return
    event = recorder.played[0].event
    assert isinstance(event, Transaction)
    async with database.begin() as connection:
        await connection.execute(insert_new(activity).values(row_of(replace(event, **more))._asdict()))


async def _about(database: Database, account_id: str, subject: Subject, before: float) -> str | None:
    """The newest event of the account that such a report may be about."""
    this = activity.c
    which = {
        "any": this.type == "transaction",
        "money_out": and_(this.kind.in_(_OUT), this.outcome != "failed"),
        "money_failed": and_(this.kind.in_(_OUT), this.outcome != "completed"),
        "top_up": this.kind.in_(_IN),
        "access": this.type == "login",
    }
    if subject not in which:
        return None
    query = select(this.event_id).where(this.account_id == account_id, which[subject], this.at < before)
    async with database.read() as connection:
        found: str | None = await connection.scalar(query.order_by(this.at.desc()).limit(1))
    return found


async def _then(connection: AsyncConnection, case_id: str, then: Then, at: float) -> None:
    """What colleagues did with the case meanwhile."""
    case = await case_of(connection, case_id, lock=True)
    if case is None or not then:
        return
    actor, at = f"staff:{COLLEAGUE}", at + _TAKES_S
    if then == "escalated":
        await write(connection, case, queue_states.escalated(case, at), "escalated", actor, None)
        return
    taken = states.assigned(case, COLLEAGUE, at)
    await write(connection, case, taken, "assigned", actor, COLLEAGUE)
    if then == "snoozed":
        later = queue_states.snoozed(taken, at + _SNOOZED_S, at)
        await write(connection, taken, later, "snoozed", actor, None)
    elif then != "taken":
        waits = {"counterparty": "other_side", "channel": "channel"}[then]
        await write(connection, taken, queue_states.waiting(taken, waits, at), "waiting", actor, waits)
