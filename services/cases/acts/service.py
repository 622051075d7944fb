"""Acts of support on cases: asked for, taken back, and carried out once by whoever gets to it, whoever is killed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct, json
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.cases.acts.asked import ActOff, Asked, Malasked, Off
from services.cases.acts.attached import Attached
from services.cases.acts.doing import Doing
from services.cases.acts.opening import USUAL
from services.cases.acts.registry import ACTS, Act
from services.cases.acts.rows import Kept, kept_of, kept_row, leaving_of, mark, returned_of
from services.cases.acts.situation import Ground, Situation, found, situation_of
from services.cases.acts.tables import desk_acts
from services.cases.approvals import NothingLeft, SamePerson
from services.cases.case_deadlines import ClockOf
from services.cases.case_rows import Conflict, Entry, case_of, entries_of, of_version
from services.cases.denials import Denied
from services.cases.end_notices import TAKE_BACK_S
from services.cases.endings import NeedsMissing, OtherOpen
from services.cases.hold_service import NotAllowed
from services.cases.states import Case, IllegalTransition
from services.cases.unfreezing import StepsMissing
from services.http.api_keys import Acting
from services.platform.database import Database

#: Why an act cannot be done any more: its agent is told, and nothing else comes of it.
REFUSALS = (
    ActOff,
    Conflict,
    Denied,
    IllegalTransition,
    Malasked,
    NeedsMissing,
    NotAllowed,
    NothingLeft,
    OtherOpen,
    SamePerson,
    StepsMissing,
)
_AT_ONCE = 50
_LONGEST = 4000


class Settled(Struct, frozen=True):
    """An act as it stands after somebody asked for it; `again`: it had been asked for before, under the same id."""

    kept: Kept
    again: bool = False


class DeskActs:
    """Every method raises Unavailable when the database is away."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], float],
        ground: Ground,
        take_back_s: float = TAKE_BACK_S,
        clock_of: ClockOf = USUAL,
    ) -> None:
        """What is staged leaves after `take_back_s` seconds; `clock_of` is for reports opened by hand."""
        self.clock_of = clock_of
        self.database = database
        self.clock = clock
        self.ground = ground
        self.take_back_s = take_back_s

    async def situation(self, case_id: str, by: str) -> Situation | None:
        """How it stands with the case for whoever that is; None when there is none."""
        async with self.database.read() as connection:
            return await found(connection, case_id, by, self.clock(), self.ground)

    async def ask(
        self,
        case_id: str,
        name: str,
        asked: Asked,
        by: Acting,
        version: int | None,
        act_id: str,
        *,
        now: bool = False,
        file: Attached | None = None,
    ) -> Settled | None:
        """Ask for the act on the case as `version` was; the same `act_id` is the same act. None when there is no such case.

        What can be taken back waits, unless it is wanted `now`; a `file` is for an act that takes one. Raises ActOff, Malasked,
        Conflict and what a deed does at once.
        """
        act = ACTS[name]
        require(act, asked)
        at = self.clock()
        doing: Doing | None = None
        async with self.database.begin() as connection:
            case = await case_of(connection, case_id, lock=True)
            if case is None:
                return None
            known = await kept_of(connection, act_id)
            if known is not None:
                return Settled(known, again=True)
            if act.careful or version is not None:
                of_version(case, version)
            situation = await situation_of(connection, case, by.actor, at, self.ground)
            if (off := act.off(situation, asked)) is not None:
                raise ActOff(name, off)
            waits = act.when == "staged" and not now
            waiting_s = self.take_back_s if waits else 0.0
            kept = _asked_for(act_id, case, name, asked, by.actor, at, waiting_s, waits=waits)
            await connection.execute(insert(desk_acts).values(kept_row(kept)))
            if not waits:
                doing = Doing(
                    connection=connection,
                    act_id=act_id,
                    by=by.actor,
                    now=at,
                    ground=self.ground,
                    person=by,
                    file=file,
                )
                await _do(doing, act, situation, asked)
        _after(doing)
        return Settled(kept)

    async def undo(self, act_id: str, by: str) -> bool:
        """Take an act back within half a minute; whether it was. Nobody else may, and what has left stays done."""
        now = self.clock()
        async with self.database.begin() as connection:
            kept = await kept_of(connection, act_id)
            if kept is None or kept.by != by or kept.undone_at is not None:
                return False
            if kept.outcome is None:
                return await mark(connection, act_id, "undone", now)
            back = ACTS[kept.kind].back
            if back is None or now > kept.at + self.take_back_s:
                return False
            situation = await found(connection, kept.case_id, by, now, self.ground, lock=True)
            doing = Doing(connection=connection, act_id=act_id, by=by, now=now, ground=self.ground)
            if situation is None or not await back(doing, situation, kept.asked):
                return False
            await _go_on(connection, situation, by)
            undone = update(desk_acts).where(desk_acts.c.act_id == act_id)
            await connection.execute(undone.values(outcome="undone", undone_at=now))
            return True

    async def carry_out(self) -> int:
        """Do what is due, each in one transaction with noting it done; how many were looked at."""
        due = (
            select(desk_acts.c.act_id)
            .where(desk_acts.c.outcome.is_(None), desk_acts.c.leaves_at <= self.clock())
            .order_by(desk_acts.c.leaves_at, desk_acts.c.at, desk_acts.c.act_id)
            .limit(_AT_ONCE)
        )
        async with self.database.read() as connection:
            ids = list((await connection.execute(due)).scalars())
        for act_id in ids:
            try:
                await self._carry(act_id)
            except REFUSALS as error:
                await self._return(act_id, refusal(error))
            except IntegrityError:
                await self._return(act_id, Off("changed"))
        return len(ids)

    async def _carry(self, act_id: str) -> None:
        doing: Doing | None = None
        now = self.clock()
        async with self.database.begin() as connection:
            known = await kept_of(connection, act_id)
            case = None if known is None else await case_of(connection, known.case_id, lock=True)
            kept = await kept_of(connection, act_id, lock=True)
            if case is None or kept is None or kept.outcome is not None:
                return
            act = ACTS[kept.kind]
            if act.careful and case.version != kept.case_version:
                raise ActOff(kept.kind, Off("changed", {"since": str(kept.case_version)}))
            situation = await situation_of(connection, case, kept.by, now, self.ground, leaving=False)
            if (off := act.off(situation, kept.asked)) is not None:
                raise ActOff(kept.kind, off)
            doing = Doing(connection=connection, act_id=act_id, by=kept.by, now=now, ground=self.ground)
            await _do(doing, act, situation, kept.asked)
            await mark(connection, act_id, "done", now)
        _after(doing)

    async def _return(self, act_id: str, why: Off) -> None:
        async with self.database.begin() as connection:
            await mark(connection, act_id, "returned", self.clock(), json.encode(why).decode())

    async def leaving(self, case_id: str) -> list[Kept]:
        """Acts on the case that wait to be carried out, oldest first."""
        async with self.database.read() as connection:
            return await leaving_of(connection, case_id)

    async def returned(self, by: str) -> list[Kept]:
        """Acts that went back to whoever asked for them, and that they have not seen to."""
        async with self.database.read() as connection:
            return await returned_of(connection, by)

    async def act(self, act_id: str) -> Kept | None:
        """The act of that id."""
        async with self.database.read() as connection:
            return await kept_of(connection, act_id)

    async def seen(self, act_id: str, by: str) -> None:
        """Whoever asked has seen that the act went back to them."""
        this = desk_acts.c.act_id == act_id, desk_acts.c.by == by
        async with self.database.begin() as connection:
            await connection.execute(update(desk_acts).where(*this).values(seen_at=self.clock()))

    async def changes(self, case_id: str, version: int) -> Sequence[Entry]:
        """What has happened to the case since it was at that version, oldest first."""
        async with self.database.read() as connection:
            case = await case_of(connection, case_id, lock=False)
            entries = await entries_of(connection, case_id)
        count = 0 if case is None else case.version - version
        return entries[-count:] if count > 0 else []


def require(act: Act, asked: Asked) -> None:
    """Raises Malasked where what the act needs is missing, or what it takes is too long."""
    for field in act.needs:
        value = getattr(asked, field)
        if not (value.strip() if isinstance(value, str) else value):
            raise Malasked(field, f"{act.name} needs {field}")
    for field in ("why", "text"):
        if len(getattr(asked, field)) > _LONGEST or "\0" in getattr(asked, field):
            raise Malasked(field, f"{field} has at most {_LONGEST} characters, and no zero byte")


def refusal(error: Exception) -> Off:
    """Why it could not be done, as words of the desk know it."""
    if isinstance(error, ActOff):
        return error.off
    if isinstance(error, StepsMissing):
        return Off("steps_missing", {"steps": " ".join(error.missing)})
    if isinstance(error, NeedsMissing):
        return Off("needs", {"kind": error.kind, "field": error.field})
    codes = {Denied: "denied", OtherOpen: "other_open", Conflict: "changed", NotAllowed: "not_allowed"}
    code = codes.get(type(error), "own" if isinstance(error, SamePerson) else "illegal")
    return Off(code, {"said": str(error)})


def _asked_for(
    act_id: str, case: Case, name: str, asked: Asked, by: str, at: float, waiting_s: float, *, waits: bool
) -> Kept:
    """The act as it is kept once it was asked for: it waits, or is done."""
    return Kept(
        act_id=act_id,
        case_id=case.case_id,
        account_id=case.account_id,
        kind=name,
        asked=asked,
        case_version=case.version,
        by=by,
        at=at,
        leaves_at=at + waiting_s,
        done_at=None if waits else at,
        outcome=None if waits else "done",
    )


async def _do(doing: Doing, act: Act, situation: Situation, asked: Asked) -> None:
    """The deed, and what else of the same agent waits on the case goes on from the case as it is now."""
    await act.deed(doing, situation, asked)
    await _go_on(doing.connection, situation, doing.by)


async def _go_on(connection: AsyncConnection, situation: Situation, by: str) -> None:
    case = await case_of(connection, situation.case.case_id, lock=False)
    if case is None:
        return
    waiting = (
        desk_acts.c.case_id == case.case_id,
        desk_acts.c.by == by,
        desk_acts.c.outcome.is_(None),
        desk_acts.c.case_version == situation.case.version,
    )
    await connection.execute(update(desk_acts).where(*waiting).values(case_version=case.version))


def _after(doing: Doing | None) -> None:
    for each in () if doing is None else doing.after:
        each()
