"""The work on a case: steps that are ticked and taken back, and fields that are filled in, as the case's kind has them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping

from msgspec import Struct
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.errors import Malformed
from services.cases import states
from services.cases.case_rows import case_of, note_entry, of_version
from services.cases.kind_files import kinds
from services.cases.kind_shapes import DeskField, KindFile, Role
from services.cases.repository import change_case
from services.cases.work_tables import case_fields, case_steps
from services.platform.database import Database

#: Kinds of entries in a case's history.
STEP, STEP_BACK, FIELD = "step", "step_back", "field"
_AMOUNT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,4})?")
_LONGEST = {"short": 200, "long": 4000}


class Refused(Exception):
    """The role may not do this; `who` are those that may."""

    def __init__(self, what: str, who: Collection[Role]) -> None:
        super().__init__(f"{what} is for {', '.join(who)}")
        self.who = tuple(who)


class StepDone(Struct, frozen=True, kw_only=True):
    """A step that somebody ticked, or that a field which was filled in ticked. `done_at` is epoch seconds."""

    step: str
    done_at: float
    done_by: str


class FieldSet(Struct, frozen=True, kw_only=True):
    """A field as it was last filled in. `set_at` is epoch seconds."""

    field: str
    value: str
    set_at: float
    set_by: str


class Work(Struct, frozen=True):
    """What was done on a case, and written down in it, by name."""

    steps: Mapping[str, StepDone] = {}
    fields: Mapping[str, FieldSet] = {}

    def value(self, field: str) -> str:
        """What stands in the field; nothing where it was not filled in."""
        found = self.fields.get(field)
        return "" if found is None else found.value


async def work_of(connection: AsyncConnection, case_id: str) -> Work:
    """The work on the case so far."""
    of_steps = [case_steps.c[name] for name in StepDone.__struct_fields__]
    of_fields = [case_fields.c[name] for name in FieldSet.__struct_fields__]
    steps = await connection.execute(select(*of_steps).where(case_steps.c.case_id == case_id))
    done = {row["step"]: StepDone(**row) for row in steps.mappings()}
    fields = await connection.execute(select(*of_fields).where(case_fields.c.case_id == case_id))
    return Work(done, {row["field"]: FieldSet(**row) for row in fields.mappings()})


def checked_value(kind: KindFile, name: str, value: str) -> str:
    """The value of a field as it is kept, tidied at its ends. Raises Malformed for a field or a value that the kind has not."""
    field = kind.field(name)
    if field is None:
        known = ", ".join(each.name for each in kind.fields) or "none"
        raise Malformed("field", f"a case of this kind has the fields {known}; {name!r} is none of them")
    value = value.replace("\r\n", "\n").strip()
    if value and (wrong := _fault(field, value)):
        raise Malformed("field", f"{name} is {wrong}")
    return value


def _fault(field: DeskField, value: str) -> str:
    if field.form == "choice":
        names = [choice.name for choice in field.choices]
        return "" if value in names else f"one of {', '.join(names)}"
    if field.form == "amount":
        return "" if _AMOUNT.fullmatch(value) else "an amount such as 1299.00"
    most = _LONGEST[field.form]
    if len(value) > most:
        return f"at most {most} characters"
    lines = value.split("\n") if field.form == "long" else [value]
    return "" if all(line.isprintable() for line in lines) else "words to read, in one line unless it is long"


class CaseWork:
    """Every method raises Unavailable when the database is away, IllegalTransition once the case is resolved, and Conflict."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    async def of(self, case_id: str) -> Work:
        """The work on the case so far."""
        async with self._database.read() as connection:
            return await work_of(connection, case_id)

    async def tick(
        self,
        case_id: str,
        name: str,
        actor: str,
        version: int | None,
        *,
        done: bool = True,
        role: Role | None = None,
    ) -> states.Case | None:
        """Tick a step of the case's kind, or take it back; None when there is no such case. Twice is once.

        `role` is that of a person of the desk; a key of the operator's own tools has none, and those know who may what.
        Raises Malformed for a step that the kind has not, Refused for one that is not the role's.
        """
        async with self._database.begin() as connection:
            case = await case_of(connection, case_id, lock=True)
            if case is None:
                return None
            step = kinds()[case.kind].step(name)
            if step is None:
                known = ", ".join(each.name for each in kinds()[case.kind].steps)
                raise Malformed(
                    "step", f"a case of {case.kind} has the steps {known}; {name!r} is none of them"
                )
            if role is not None and role not in step.who:
                raise Refused(step.said.en, step.who)
            changed = states.added(of_version(case, version), self._clock())
            if not await _mark(connection, changed, name, actor, done):
                return case
            await change_case(connection, case, changed)
            return changed

    async def fill(
        self,
        case_id: str,
        values: Mapping[str, str],
        actor: str,
        version: int | None,
        *,
        role: Role | None = None,
    ) -> states.Case | None:
        """Fill in fields of the case's kind; an empty value takes one out. None when there is no such case.

        A field that does a step does it for whoever may. Raises Malformed for what the kind has not, Refused as `tick` does.
        """
        async with self._database.begin() as connection:
            case = await case_of(connection, case_id, lock=True)
            if case is None:
                return None
            kind = kinds()[case.kind]
            wanted = {name: checked_value(kind, name, value) for name, value in values.items()}
            changed = states.added(of_version(case, version), self._clock())
            before = await work_of(connection, case_id)
            new = {name: value for name, value in wanted.items() if value != before.value(name)}
            if not new:
                return case
            for name, value in new.items():
                await _fill_in(connection, changed, name, value, actor)
                for step in kind.steps:
                    if step.field != name:
                        continue
                    if role is not None and role not in step.who:
                        raise Refused(step.said.en, step.who)
                    await _mark(connection, changed, step.name, actor, bool(value))
            await change_case(connection, case, changed)
            return changed


async def _mark(connection: AsyncConnection, case: states.Case, step: str, actor: str, done: bool) -> bool:
    """Whether the step was not so before."""
    this = case_steps.c.case_id == case.case_id, case_steps.c.step == step
    there = await connection.scalar(select(case_steps.c.done_at).where(*this)) is not None
    if there == done:
        return False
    if done:
        row = {"case_id": case.case_id, "account_id": case.account_id, "step": step}
        await connection.execute(insert(case_steps).values(**row, done_at=case.changed_at, done_by=actor))
    else:
        await connection.execute(delete(case_steps).where(*this))
    await note_entry(connection, case, STEP if done else STEP_BACK, actor, step)
    return True


async def _fill_in(
    connection: AsyncConnection, case: states.Case, field: str, value: str, actor: str
) -> None:
    this = case_fields.c.case_id == case.case_id, case_fields.c.field == field
    await connection.execute(delete(case_fields).where(*this))
    if value:
        row = {"case_id": case.case_id, "account_id": case.account_id, "field": field, "value": value}
        await connection.execute(insert(case_fields).values(**row, set_at=case.changed_at, set_by=actor))
    await note_entry(connection, case, FIELD, actor, f"{field}: {value}")
