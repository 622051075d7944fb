"""Evidence packs: made of a case as it stands, hashed into the audit, and complete only where a second person allowed it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.audit import audit_log
from services.audit.tables import audit
from services.cases import approvals
from services.cases.approvals import Act, ActRule, Approval
from services.cases.case_rows import case_of
from services.cases.hold_tables import approvals as approval_rows
from services.cases.references import case_number
from services.cases.report_tables import case_files
from services.cases.tables import cases as _cases
from services.desk.pack import FORMAT, About, Anchor, Pack, sha256, written
from services.desk.pack_masks import Masked, Open
from services.desk.pack_parts import (
    acts_of,
    challenges_of,
    deadlines_of,
    decisions_of,
    files_of,
    holds_of,
    messages_of,
    outcome_words,
    statement_of,
)
from services.desk.pack_pdf import pdf_of
from services.desk.pack_reading import Found, found_of
from services.desk.pack_story import story_of
from services.desk.pack_words import Teller
from services.mfa.vault import Vault, VaultClosed
from services.platform.database import Database
from services.reports import sealed_files
from services.scoring.explain import Reasons

#: The act that a second person allows: a copy without masks.
UNMASKED: Act = "pack_unmasked"
MADE = "pack_made"
#: So long after it was allowed may whoever asked make complete copies.
ALLOWED_S = 4 * 3600.0


class NotAllowed(Exception):
    """A complete copy was asked for that no second person has allowed lately."""


class Wanted(Struct, frozen=True, kw_only=True):
    """Which pack: of which case, in which language and zone, by whom, and whether masked."""

    case_id: str
    by: str
    locale: str = "en"
    time_zone: str = "UTC"
    masked: bool = True


class Made(Struct, frozen=True, kw_only=True):
    """A pack with its bytes; `pdf` is None where it was not wanted."""

    pack: Pack
    body: bytes
    pdf: bytes | None

    @property
    def name(self) -> str:
        """What its file is called, without its ending."""
        return f"pack-{self.pack.case.number}-{self.pack.made_at[:10]}"


class Known(Struct, frozen=True, kw_only=True):
    """A pack that the audit knows by a hash: when it was made, by whom, and what was noted of it."""

    at: float
    by: str
    what: str


class Packs:
    """Makes packs. Every method raises Unavailable when the database is away."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], float],
        vault: Vault | None,
        reasons: Reasons,
        service: str,
        fonts: Path | None = None,
    ) -> None:
        """`vault` opens files, None where its keys are not at hand; `service` is the wallet's name, `fonts` as in `pdf_of`."""
        self.database = database
        self.clock = clock
        self._vault = vault
        self._reasons = reasons
        self._service = service
        self._fonts = fonts
        self._one_pdf = asyncio.Semaphore(1)

    async def make(self, wanted: Wanted, *, pdf: bool) -> Made | None:
        """The pack, as PDF too if asked, with its hashes in the audit; None when there is no such case.

        Raises Malformed for a language or zone that there is not, NotAllowed, PacksUnavailable and GlyphMissing: then nothing
        was made.
        """
        pack = await self.look(wanted)
        if pack is None:
            return None
        body = written(pack)
        made = Made(pack=pack, body=body, pdf=await self._pdf(pack, body) if pdf else None)
        await self._note(made, wanted.by)
        return made

    async def look(self, wanted: Wanted) -> Pack | None:
        """The same as it would be made, for a look at it: nothing is noted. Raises Malformed and NotAllowed."""
        now = self.clock()
        async with self.database.read() as connection:
            allowed_by = None if wanted.masked else await self._allowed_by(connection, wanted, now)
            found = await found_of(connection, wanted.case_id, now)
            if found is None:
                return None
            hashes = {row["number"]: await self._hash(connection, row["file_id"]) for row in found.files}
            addresses = found.addresses
        teller = Teller(wanted.locale, wanted.time_zone, Masked() if wanted.masked else Open())
        return Pack(
            format=FORMAT,
            made_at=teller.at(now),
            made_by=teller.by(wanted.by) or "",
            service=self._service,
            locale=wanted.locale,
            time_zone=wanted.time_zone,
            masked=wanted.masked,
            allowed_by=teller.by(allowed_by),
            anchor=Anchor(
                partition=found.anchor.partition, row=found.anchor.seq, hash=found.anchor.hash.hex()
            ),
            case=_about(found, [teller.masks.address(each) for each in addresses], teller),
            statement=statement_of(found, teller),
            story=story_of(found, teller),
            decisions=decisions_of(found, teller, self._reasons),
            holds=holds_of(found, teller),
            challenges=challenges_of(found, teller),
            messages=messages_of(found.letters, teller),
            acts=acts_of(found, teller),
            files=files_of(found.files, hashes, teller),
            deadlines=deadlines_of(found.case, now, teller),
            check=_check(found, allowed_by, teller),
        )

    async def ask_unmasked(self, case_id: str, by: str, why: str) -> Approval | None:
        """Ask a second person to allow complete copies of this case; None when there is none. What waits already is answered."""
        now = self.clock()
        async with self.database.begin() as connection:
            case = await case_of(connection, case_id, lock=True)
            if case is None:
                return None
            asked = await approvals.ask(connection, UNMASKED, case_id, case.account_id, by, why, now)
            await audit_log.record(connection, approvals.entry(asked, now))
        return asked

    async def asked(self, case_id: str) -> Approval | None:
        """What waits for a second person to allow complete copies of the case."""
        async with self.database.read() as connection:
            return await approvals.open_of(connection, UNMASKED, case_id, self.clock())

    async def allowed(self, case_id: str, by: str) -> str | None:
        """Who allowed this person complete copies of the case, while that holds."""
        async with self.database.read() as connection:
            return await _allowed(connection, case_id, by, self.clock())

    async def _allowed_by(self, connection: AsyncConnection, wanted: Wanted, now: float) -> str:
        by = await _allowed(connection, wanted.case_id, wanted.by, now)
        if by is None:
            raise NotAllowed(
                "a complete copy needs a second person: ask for it, have it approved, and make it within four hours"
            )
        return by

    async def _pdf(self, pack: Pack, body: bytes) -> bytes:
        async with self._one_pdf:
            return await asyncio.to_thread(pdf_of, pack, body, self._fonts)

    async def _hash(self, connection: AsyncConnection, file_id: str) -> str | None:
        """The SHA-256 of a file as it is handed out; None where it does not open."""
        if self._vault is None:
            return None
        row = (await connection.execute(select(case_files).where(case_files.c.file_id == file_id))).one()
        sealed = sealed_files.Sealed(row.secret, row.sealed)
        try:
            return await asyncio.to_thread(_opened_hash, self._vault, row.account_id, file_id, sealed)
        except VaultClosed:
            return None

    async def _note(self, made: Made, by: str) -> None:
        """Put the hashes into the audit."""
        pack = made.pack
        said = [f"case {pack.case.number}", f"json {sha256(made.body)}"]
        if made.pdf is not None:
            said.append(f"pdf {sha256(made.pdf)}")
        said += [f"file {each.number} {each.sha256}" for each in pack.files if each.sha256 is not None]
        async with self.database.begin() as connection:
            case = await case_of(connection, pack.case.case_id, lock=False)
            entry = audit_log.Entry(
                at=self.clock(),
                action=MADE,
                result="masked" if pack.masked else "complete",
                actor=by,
                account_id=None if case is None else case.account_id,
                reason=", ".join(said),
            )
            await audit_log.record(connection, entry)


async def known(database: Database, digest: str) -> list[Known]:
    """The packs whose JSON or PDF has this SHA-256, as the audit has them. Raises Unavailable."""
    query = select(audit.c.at, audit.c.actor, audit.c.reason).where(
        audit.c.action == MADE, audit.c.reason.contains(digest, autoescape=True)
    )
    async with database.read() as connection:
        return [Known(at=row.at, by=row.actor, what=row.reason) for row in await connection.execute(query)]


async def carry_out(_connection: AsyncConnection, _approval: Approval, _by: object, _now: float, /) -> None:
    """Nothing follows at once: whoever asked makes the copy while the approval holds."""


#: Who may allow a complete copy, and what follows.
RULE = ActRule(carry_out)


async def _allowed(connection: AsyncConnection, case_id: str, by: str, now: float) -> str | None:
    rows = approval_rows.c
    query = (
        select(rows.decided_by)
        .join(_cases, _cases.c.account_id == rows.account_id)
        .where(
            _cases.c.case_id == case_id,
            rows.act == UNMASKED,
            rows.subject == case_id,
            rows.asked_by == by,
            rows.decision == "approved",
            rows.decided_at > now - ALLOWED_S,
        )
        .order_by(rows.decided_at.desc())
        .limit(1)
    )
    found: str | None = await connection.scalar(query)
    return found


def _opened_hash(vault: Vault, account_id: str, file_id: str, sealed: sealed_files.Sealed) -> str:
    return sha256(sealed_files.open_sealed(vault, account_id, file_id, sealed))


def _about(found: Found, addresses: list[str], teller: Teller) -> About:
    case = found.case
    known = found.known.get(case.subject_event_id or "") or next(iter(found.known.values()), None)
    own = None if known is None else known.own
    return About(
        number=case_number(case.case_id),
        case_id=case.case_id,
        account=teller.masks.name(case.account_id),
        kind=case.kind,
        kind_words=teller.said(f"pack_kind.{case.kind}", case.kind),
        state=case.state,
        severity=case.severity,
        opened_at=teller.at(case.opened_at),
        closed_at=teller.at_if(case.resolved_at),
        outcome=case.verdict,
        outcome_words=None if case.verdict is None else outcome_words(case.verdict, teller),
        assignee=case.assignee,
        event_id=None if own is None else own.event_id,
        event=None if own is None else teller.event(own),
        addresses=addresses,
    )


def _check(found: Found, allowed_by: str | None, teller: Teller) -> list[str]:
    head = found.anchor
    where = {"partition": head.partition, "row": head.seq, "hash": head.hash.hex()}
    masked = teller.t("pack.check_masked")
    return [
        masked if allowed_by is None else teller.t("pack.check_open", allowed=teller.by(allowed_by)),
        teller.t("pack.check_words"),
        teller.t("pack.check_hash", **where),
        teller.t("pack.check_command"),
    ]
