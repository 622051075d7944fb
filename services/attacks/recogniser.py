"""Looks for attacks again and again, beside whatever keeps activity; one at a time looks, however many could."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.errors import Unavailable
from contracts.events import AnyEvent, ChallengeOutcome, Login, Transaction
from contracts.exchange import ExchangeRates
from services.attacks import cases
from services.attacks.counting import show_under_way
from services.attacks.judging import DAY_S, worth_asking
from services.attacks.keeping import Kept, keep
from services.attacks.kinds import tried_in
from services.attacks.reading import Small, failures, passed_at, uses_of
from services.attacks.recognise import LEAST_ACCOUNTS, QUIET_S, recognise
from services.attacks.sizes import EDGE_S, with_gave_way
from services.attacks.tables import attacks
from services.attacks.telling import WAYS, Way
from services.attacks.waves import Known, Passed, Tries, Wave
from services.platform.database import Database
from services.platform.progress import Progress
from services.platform.retry import pause, repeat

#: How far back attempts are looked at, and what accounts were used from; an attack that goes on is looked at from its beginning,
#: which is at most so long ago.
_WINDOW_S, _KNOWN_S, _LONGEST_S = DAY_S, 30 * DAY_S, 8 * DAY_S
#: A look comes so long after the one before, and so many times what that took; without anything new only now and then.
_EVERY_S, _TIMES, _ANYWAY_S = 3.0, 20.0, 60.0
#: Cards are tried with payments of less than so many dollars.
_SMALL_USD = 10.0
_ALONE, _WRITING = 7_294_186_021, 7_294_186_022


def small_by(rates: ExchangeRates) -> Small:
    """Whether an amount is worth as little as those that cards are tried with; one of unknown worth is not."""

    def small(amount: str, currency: str) -> bool:
        dollars = rates.usd_per_unit.get(currency)
        return dollars is not None and 0.0 < float(amount) * dollars < _SMALL_USD

    return small


class Recogniser:
    """Recognises attacks in activity; several may run on one database."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], float],
        rates: ExchangeRates,
        ways: Collection[Way] = WAYS,
    ) -> None:
        """`clock` gives epoch seconds; `ways` are those by which the security team can be told."""
        self._database = database
        self._clock = clock
        self._small = small_by(rates)
        self._ways = ways
        self._new = asyncio.Event()

    async def tell(self, events: Sequence[AnyEvent]) -> None:
        """Hears of events whose rows are kept; what concerns attacks is looked at soon."""
        if not self._new.is_set() and any(_concerns(event) for event in events):
            self._new.set()

    async def run(self, progress: Progress) -> None:
        """Go on until cancelled; a database that is away is waited for."""
        stopping = asyncio.Event()

        async def step() -> int:
            begun = time.monotonic()
            await self.look()
            progress.worked()
            ended = time.monotonic()
            await self._rest(progress, stopping, ended + max(_EVERY_S, _TIMES * (ended - begun)))
            return 1

        await repeat(step, stopping, progress.failed, _EVERY_S)

    async def look(self) -> Kept | None:
        """Look once; None where somebody else does. Raises Unavailable, and nothing is changed."""
        async with self._alone() as alone:
            if not alone:
                return None
            self._new.clear()
            now = self._clock()
            async with self._database.read() as connection:
                since = await _since(connection, now)
                waves = await self._recognised(connection, since, now)
                await show_under_way(connection)
            async with self._database.begin() as connection:
                if not self._database.is_sqlite:
                    await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _WRITING})
                kept = await keep(connection, waves, since, now, self._ways)
            kept.moves.count()
            await self._look_after_cases(since, now)
            if kept.new or kept.over:
                async with self._database.read() as connection:
                    await show_under_way(connection)
            return kept

    async def _look_after_cases(self, since: float, now: float) -> None:
        """Apart from the attacks themselves: a case that somebody changed meanwhile is looked after at the next look."""
        async with self._database.read() as connection:
            known = await cases.to_look_after(connection, since)
        for attack_id, begun_at in known:
            with contextlib.suppress(Unavailable):
                async with self._database.begin() as connection:
                    await cases.bring_back(connection, attack_id, now)
                    await cases.lay_aside(connection, attack_id, begun_at, now)

    async def _recognised(self, connection: AsyncConnection, since: float, now: float) -> list[Wave]:
        tries = await failures(connection, since, self._small)
        if len({each.account_id for each in tries}) < LEAST_ACCOUNTS:
            return []
        codes = {each.account_id for each in tries if each.tried == "code"}
        known = await uses_of(connection, worth_asking(tries), now - _KNOWN_S, codes)
        # Apart, so that the work beside it goes on.
        waves = await asyncio.to_thread(recognise, tries, known, since, now)
        return [await self._with_gave_way(connection, wave, tries, known, now) for wave in waves]

    async def _with_gave_way(
        self, connection: AsyncConnection, wave: Wave, tries: Sequence[Tries], known: Known, now: float
    ) -> Wave:
        sources = {each.source for each in wave.sources}
        networks = {each.network for each in tries if each.source in sources and each.network is not None}
        between = (wave.begun_at - EDGE_S, wave.last_at + EDGE_S)
        passed: list[Passed] = await passed_at(
            connection, tried_in(wave.kind), sources, networks, between, self._small
        )
        unknown = {each.account_id for each in passed} - set(known)
        more = await uses_of(connection, unknown, now - _KNOWN_S, ())
        return with_gave_way(wave, passed, {**known, **more})

    async def _rest(self, progress: Progress, stopping: asyncio.Event, until: float) -> None:
        """Wait until then, and on for something new; not for ever, as what goes on must be seen to be over."""
        while (now := time.monotonic()) < until or (not self._new.is_set() and now < until + _ANYWAY_S):
            await pause(stopping, min(1.0, max(0.1, until - now)))
            progress.turned()

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[bool]:
        if self._database.is_sqlite:
            yield True
            return
        async with self._database.begin() as connection:
            yield bool(
                await connection.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": _ALONE})
            )


async def _since(connection: AsyncConnection, now: float) -> float:
    """From when on attempts are looked at: a day, and all of what goes on."""
    begun = await connection.scalar(select(func.min(attacks.c.begun_at)).where(attacks.c.state == "open"))
    since = now - _WINDOW_S
    return since if begun is None else max(now - _LONGEST_S, min(since, begun - QUIET_S))


def _concerns(event: AnyEvent) -> bool:
    if isinstance(event, Login):
        return event.outcome == "failure"
    if isinstance(event, ChallengeOutcome):
        return event.outcome != "expired"
    return isinstance(event, Transaction) and event.status == "failed"
