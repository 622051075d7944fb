"""The desk's queue over one database: looked at, counted, claimed from, searched, and changed for several cases at once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import select

from contracts.errors import Unavailable
from services.cases import bulk, claims, presence, queue, search
from services.cases.case_rows import case_of
from services.cases.days import Day, day_of
from services.cases.row_facts import Facts, facts_of
from services.cases.states import Case
from services.cases.tables import cases
from services.platform.database import Database

#: So old, in seconds, are counts when they are made anew behind the page that shows them, and when a page waits for new ones.
_FRESH_S, _STALE_S = 1.0, 5.0


class Shown(Struct, frozen=True, kw_only=True):
    """One page of the queue, with what each line says, by case; `cursor` leads to the next page."""

    cases: Sequence[Case]
    facts: Mapping[str, Facts]
    cursor: str | None


class QueueService:
    """`clock` gives epoch seconds. Every method raises Unavailable when the database is away."""

    def __init__(
        self, database: Database, clock: Callable[[], float], key_of: search.KeyOf | None = None
    ) -> None:
        """`key_of` gives the names by which activity knows payees; without it no payee is found."""
        self._key_of = key_of
        self._database = database
        self._clock = clock
        self._counted: tuple[float, queue.Counts] | None = None
        self._counting: asyncio.Task[None] | None = None
        self._awaited: tuple[int, asyncio.Task[queue.Counts]] | None = None
        self._changes = 0

    async def counts(self) -> queue.Counts:
        """How many open cases there are: as of now after a change of this process, else a few seconds old at most."""
        counted, at = self._counted, asyncio.get_running_loop().time()
        if counted is None or at - counted[0] >= _STALE_S:
            return await self._count_together()
        if at - counted[0] >= _FRESH_S and (self._counting is None or self._counting.done()):
            self._counting = asyncio.create_task(self._count_behind(), name="queue-counts")
        return counted[1]

    async def _count_together(self) -> queue.Counts:
        """Count once for all who wait: a database that is behind is not asked anew by each of them."""
        if self._awaited is None or self._awaited[0] != self._changes or self._awaited[1].done():
            self._awaited = self._changes, asyncio.create_task(self._count(), name="queue-counts")
        return await asyncio.shield(self._awaited[1])

    async def _count(self) -> queue.Counts:
        changes, at = self._changes, asyncio.get_running_loop().time()
        async with self._database.read() as connection:
            found = await queue.counts(connection, self._clock())
        if changes == self._changes:
            self._counted = at, found
        return found

    async def _count_behind(self) -> None:
        with contextlib.suppress(Unavailable):  # whoever looks later counts anew
            await self._count()

    def _changed(self) -> None:
        self._counted = None
        self._changes += 1

    async def page(self, wanted: queue.Filter, name: str, cursor: str | None, limit: int) -> Shown:
        """Cases of whoever bears that name, the most urgent first. Raises Malformed for a cursor that is not ours."""
        now = self._clock()
        async with self._database.read() as connection:
            found = await queue.listed(connection, wanted, name, now, cursor, limit)
            facts = await facts_of(connection, found.cases, now)
        return Shown(cases=found.cases, facts=facts, cursor=found.cursor)

    async def listed(self, wanted: queue.Filter, name: str, cursor: str | None, limit: int) -> queue.Listed:
        """The same without what their lines say."""
        async with self._database.read() as connection:
            return await queue.listed(connection, wanted, name, self._clock(), cursor, limit)

    async def facts(self, found: Sequence[Case]) -> Mapping[str, Facts]:
        """What one line says of each of these cases, by case."""
        async with self._database.read() as connection:
            return await facts_of(connection, found, self._clock())

    async def next(self, name: str, actor: str, *, senior: bool, kind: str | None = None) -> Case | None:
        """Give `name` the most urgent case that nobody holds; None when none waits."""
        async with self._database.begin() as connection:
            taken = await claims.claim_next(connection, name, actor, self._clock(), senior=senior, kind=kind)
        self._changed()
        return taken

    async def claim(self, case_id: str, name: str, actor: str) -> Case | None:
        """Give `name` this case; None when there is none. Raises Held, IllegalTransition."""
        async with self._database.begin() as connection:
            taken = await claims.claim(connection, case_id, name, actor, self._clock())
        self._changed()
        return taken

    async def assign(self, case_ids: Sequence[str], name: str, actor: str) -> bulk.Done:
        """Give the cases to `name`, whoever holds them."""
        async with self._database.begin() as connection:
            done = await bulk.assign(connection, case_ids, name, actor, self._clock())
        self._changed()
        return done

    async def snooze(self, case_ids: Sequence[str], until: float, why: str, actor: str) -> bulk.Done:
        """Look away from the cases until then."""
        async with self._database.begin() as connection:
            done = await bulk.snooze(connection, case_ids, until, why, actor, self._clock())
        self._changed()
        return done

    async def merge(self, case_ids: Sequence[str], actor: str) -> bulk.Done:
        """Close the cases as duplicates of others of their accounts."""
        async with self._database.begin() as connection:
            done = await bulk.merge(connection, case_ids, actor, self._clock())
        self._changed()
        return done

    async def undo(self, bulk_id: str, actor: str) -> bulk.Undone | None:
        """Take back what this person did to several cases; None where it is too late, or was not theirs."""
        async with self._database.begin() as connection:
            undone = await bulk.undo(connection, bulk_id, actor, self._clock())
        self._changed()
        return undone

    async def done(self, bulk_id: str, actor: str) -> bulk.Recent | None:
        """What this person did to several cases, while it can be taken back; None otherwise."""
        if not bulk_id:
            return None
        async with self._database.read() as connection:
            return await bulk.recent(connection, bulk_id, actor, self._clock())

    async def picked(self, case_ids: Sequence[str]) -> tuple[list[Case], Mapping[str, Case]]:
        """The cases, and by case the one that each would be merged into."""
        some = sorted(set(case_ids))[: bulk.MOST_CASES]
        query = select(cases).where(cases.c.case_id.in_(some)).order_by(cases.c.next_due_at, cases.c.case_id)
        async with self._database.read() as connection:
            found = [Case(**row) for row in (await connection.execute(query)).mappings()]
            into = await bulk.targets(connection, found)
            others = {
                case_id: case
                for case_id in set(into.values())
                if (case := await case_of(connection, case_id, lock=False)) is not None
            }
        return found, {case_id: others[other] for case_id, other in into.items() if other in others}

    async def day(self, actor: str, since_s: float) -> Day:
        """What this person did from epoch seconds `since_s` on."""
        async with self._database.read() as connection:
            return await day_of(connection, actor, since_s)

    async def looks(self, case_id: str, name: str) -> list[str]:
        """Note that `name` looks at the case; who else does."""
        now = self._clock()
        async with self._database.begin() as connection:
            await presence.looks(connection, case_id, name, now)
            return await presence.looking(connection, case_id, name, now)

    async def named(self, wanted: queue.Filter, said: str, actor: str) -> queue.Filter:
        """The filter, for what was said alone: the cases that a search finds."""
        found = await self.search(said, actor)
        accounts = set() if found.account is None else {found.account.account_id}
        return replace(wanted, found=accounts | {case.case_id for case in found.cases})

    async def search(self, said: str, actor: str) -> search.Found:
        """Everything that is exactly what was said, or read out; the audit says who asked."""
        asked, now = search.tidy(said), self._clock()
        async with self._database.read() as connection:
            found = await search.search(connection, asked, self._key_of, now)
        if asked:
            async with self._database.begin() as connection:
                await search.note(connection, asked, found, actor, now)
        return found
