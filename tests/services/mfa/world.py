"""What the tests of challenges share: a clock, accounts with a factor, challenges, and a look into the tables."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import Any

from msgspec import json
from sqlalchemy import Table, select

from contracts.decisions import Decision, IssueChallenge, approval_digest
from contracts.events import AccountChange, AnyEvent
from services.cases.news import News
from services.cases.tables import notices, outbox
from services.http.api_keys import ApiKey
from services.memory.in_process import InProcessChallengeIntake
from services.mfa import totp
from services.mfa.code_rules import LOCK_AFTER
from services.mfa.constant_time_response import AnswerTime
from services.mfa.factor_check import CodeChecker
from services.mfa.factor_records import Enrolment
from services.mfa.lifecycle import FactorLifecycle
from services.mfa.limit_records import Rates
from services.mfa.limits import Limits
from services.mfa.records import Context
from services.mfa.recovery import Cost
from services.mfa.report_undo import ReportUndo
from services.mfa.repository import record_issued
from services.mfa.service import ChallengesService
from services.mfa.tables import factors
from services.mfa.vault import Vault
from services.platform.database import Database

KEY = bytes(range(32))
#: Nothing is said of where the owner is, so no limit of networks and no known device is met by chance.
OWNER = Context()
#: A hash that costs next to nothing.
CHEAP = Cost(passes=1, memory_kib=8)
AT_ONCE = AnswerTime((0.0, 0.0))
NOON_S = 1_800_000_000.0
_NUMBERS = count()
_NEWS = json.Decoder(News)
_EVENT = json.Decoder(AnyEvent)


class Clock:
    """Epoch seconds that only the test moves."""

    def __init__(self, at: float = NOON_S) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at


def asked(
    challenge_id: str, account_id: str = "li", lifetime_s: int = 300
) -> tuple[Decision, IssueChallenge]:
    """A decision about a transfer of 412.00 CNY, and the challenge it asks for."""
    event_id = f"event-{challenge_id}"
    effect = IssueChallenge(
        effect_id=f"effect-{challenge_id}",
        challenge_id=challenge_id,
        purpose="transaction",
        digest=approval_digest(event_id, "transaction", "412.00", "CNY", "payee-9"),
        lifetime_s=lifetime_s,
        amount="412.00",
        currency="CNY",
        payee_id="payee-9",
    )
    decision = Decision(
        event_id=event_id,
        account_id=account_id,
        type="transaction",
        at=NOON_S,
        risk=0.6,
        score=60,
        action="challenge",
        policy_version="1",
        effects=(effect,),
    )
    return decision, effect


@dataclass(frozen=True)
class World:
    """The services and everything around them."""

    service: ChallengesService
    lifecycle: FactorLifecycle
    report_undo: ReportUndo
    checker: CodeChecker
    database: Database
    intake: InProcessChallengeIntake
    clock: Clock

    @property
    def limits(self) -> Limits:
        """The limits that the services share."""
        return self.checker.limits

    async def enrolled(self, account_id: str = "li") -> str:
        """The secret of an account whose factor is active; the clock stands two steps later."""
        made = await self.enrol(account_id)
        assert await self.confirm(account_id, self.code(made.secret))
        self.clock.at += 60.0
        return made.secret

    async def enrol(self, account_id: str = "li", code: str | None = None) -> Enrolment:
        """Start an enrolment from the owner's phone, the password just proved."""
        return await self.lifecycle.enrol(account_id, self.clock.at, OWNER, code)

    async def confirm(self, account_id: str, code: str) -> bool:
        """Whether this first code activated the pending factor."""
        return (await self.lifecycle.confirm(account_id, code, OWNER)).confirmed

    async def issue(self, challenge_id: str, account_id: str = "li", lifetime_s: int = 300) -> None:
        """Record a challenge as the cases service does."""
        async with self.database.begin() as connection:
            await record_issued(connection, *asked(challenge_id, account_id, lifetime_s), self.clock.at)

    async def verified(
        self, code: str, context: Context = OWNER, account_id: str = "li", name: str | None = None
    ) -> bool:
        """Whether the code passes a challenge of its own."""
        name = name or f"challenge-{next(_NUMBERS)}"
        await self.issue(name, account_id)
        return (await self.service.verify(name, code, context)).passed

    async def lock(self, secret: str, context: Context = OWNER, account_id: str = "li") -> None:
        """Guess until the factor is locked."""
        for _ in range(LOCK_AFTER):
            assert not await self.verified(self.wrong(secret), context, account_id)

    async def factor(self) -> dict[str, Any]:
        """The row of the only factor."""
        (row,) = await self.rows(factors)
        return row

    def code(self, secret: str, steps: int = 0) -> str:
        """The code of the clock's step, or of one some steps away."""
        return totp.code_of(secret, totp.step_at(self.clock.at) + steps)

    def wrong(self, secret: str) -> str:
        """A code that no step near the clock has."""
        step = totp.step_at(self.clock.at)
        near = {totp.code_of(secret, step + away) for away in range(-40, 41)}
        return next(code for code in (f"{number:06d}" for number in range(100)) if code not in near)

    async def rows(self, table: Table) -> list[dict[str, Any]]:
        """Every row of a table."""
        async with self.database.read() as connection:
            return [dict(row) for row in (await connection.execute(select(table))).mappings()]

    async def changes(self) -> list[str]:
        """What the outbox tells of changes of accounts, in order."""
        return [event.change for event in await self.sent() if isinstance(event, AccountChange)]

    async def letters(self) -> list[tuple[str, int | None, float | None]]:
        """The letters to owners that wait: which, recovery codes left, when something is due."""
        told = sorted(await self.rows(notices), key=lambda row: (row["recorded_at"], row["notice_id"]))
        news = [(row["template"], _NEWS.decode(row["news"])) for row in told]
        return [(template, one.codes_left, one.due_at) for template, one in news]

    async def sent(self) -> list[AnyEvent]:
        """The events in the outbox, in order."""
        async with self.database.read() as connection:
            query = select(outbox.c.payload).where(outbox.c.kind == "event").order_by(outbox.c.id)
            found = await connection.execute(query)
            return [_EVENT.decode(payload) for payload in found.scalars()]


def an_administrator(key_id: str) -> ApiKey:
    """A key of an administrator."""
    return ApiKey(key_id, key_id, frozenset({"admin"}), NOON_S)


def checker(vault: Vault | None = None, rates: Rates | None = None) -> CodeChecker:
    """What every process checks codes with."""
    return CodeChecker(vault or Vault({1: KEY}, 1), Limits(KEY, rates))


def build(database: Database, clock: Clock, key: bytes = KEY, rates: Rates | None = None) -> World:
    """A world over a migrated database; refusals are answered at once."""
    intake, vault = InProcessChallengeIntake(clock), Vault({1: key}, 1)
    checks = checker(vault, rates)
    service = ChallengesService(database, intake, checks, clock, answers=AT_ONCE)
    return World(
        service,
        FactorLifecycle(database, vault, checks, clock, "UPay", CHEAP, answers=AT_ONCE),
        ReportUndo(database, checks, clock, answers=AT_ONCE),
        checks,
        database,
        intake,
        clock,
    )
