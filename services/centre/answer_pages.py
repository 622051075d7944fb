"""The owner's answer about one event: "this wasn't me", and "this was me" for what waits for their word."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from contracts.events import Proof
from contracts.profile import Key
from notifier.answering import Yes
from notifier.facts import Reader
from services.activity.repository import rows_of
from services.activity.rows import Row
from services.cases import held_payments, holds, trusted_devices
from services.cases.held_payments import HeldPayment
from services.cases.owner_words import OwnerWord, last_word
from services.cases.subjects import Known, known_event
from services.centre import says
from services.centre.event_shown import EventShown, of_challenge, of_event, of_payment
from services.centre.questions import OpenQuestion, open_questions
from services.centre.reading import reader_of
from services.centre.service import centre_of
from services.http.problems import Problem
from services.mfa import repository as challenges
from services.mfa.factor_records import Refused
from services.mfa.lifecycle import FactorLifecycle
from services.mfa.records import Challenge
from services.mfa.service import ChallengesService
from services.portal.centre_frame import CENTRE_PREFIX, CentreRoute, centre_form, centre_session
from services.portal.device_choice import device_asked
from services.portal.pages import page
from services.portal.problem_pages import refusal
from services.portal.sessions import Session, code_of, context_of, go_to

router = APIRouter(prefix=CENTRE_PREFIX, route_class=CentreRoute, include_in_schema=False)
_BY = "page"
About = Annotated[str, Query(max_length=128)]


class Subject(Struct, frozen=True, kw_only=True):
    """An event of the account that an answer is about, and what of it still waits for one."""

    event_id: str
    known: Known
    row: Row | None
    payment: HeldPayment | None
    challenge: Challenge | None
    question: OpenQuestion | None
    word: OwnerWord | None

    @property
    def device(self) -> tuple[Key, str | None] | None:
        """The device that it came from, as far as it is known."""
        row = self.row
        return None if row is None or row.device_key is None else (row.device_key, row.device)

    @property
    def has_device(self) -> bool:
        """Whether it is known to have come from a device, whichever."""
        shown = self.known.shown
        return self.device is not None or (shown is not None and shown.device is not None)

    @property
    def waits(self) -> bool:
        """Whether a "yes" would let anything go."""
        return self.challenge is not None or (self.payment is not None and self.payment.state == "held")

    @property
    def yes(self) -> Yes:
        """What bears out a "yes" to what was asked about; None where none is asked for."""
        return None if self.question is None else self.question.yes(self.known)

    @property
    def may_confirm(self) -> bool:
        """Whether a "yes" is asked for."""
        return self.waits or self.yes is not None


@router.get("/answer")
async def answer_page(request: Request, about: About = "") -> Response:
    """What happened, and the two ways on; or what was answered."""
    session = await centre_session(request)
    subject = await _subject(request, session, about)
    return await _shown(request, session, subject, "centre/answer", may_confirm=subject.may_confirm)


@router.get("/not-mine")
async def not_mine_page(request: Request, about: About = "") -> Response:
    """What will be stopped, before it is."""
    session = await centre_session(request)
    subject = await _subject(request, session, about)
    return await _shown(
        request,
        session,
        subject,
        "centre/not-mine",
        follows=_follows(request),
        has_device=subject.has_device,
    )


@router.post("/not-mine")
async def not_mine(request: Request) -> Response:
    """Report the event as not the owner's, and stop what the policy says at once."""
    session, fields = await centre_form(request)
    subject = await _subject(request, session, fields.get("about", ""))
    centre, account_id = centre_of(request), session.visit.account_id
    async with centre.database.begin() as connection:
        now = centre.clock()
        told = await says.report(connection, account_id, subject.event_id, "not_me", "session", now)
        if subject.challenge is not None:
            await challenges.close(connection, subject.challenge, "failed", now)
        await says.say(connection, centre.words.following, told, now)
    return go_to(request, "centre")


@router.get("/confirm")
async def confirm_page(request: Request, about: About = "") -> Response:
    """Ask once more, and for a code where the account has one."""
    session = await centre_session(request)
    subject = await _subject(request, session, about)
    if not subject.may_confirm:
        return go_to(request, "centre")
    return await _shown(
        request, session, subject, "centre/confirm", proof=await _proof(request, session, subject)
    )


@router.post("/confirm")
async def confirm(request: Request) -> Response:
    """Let go what waits for the owner's word."""
    session, fields = await centre_form(request)
    subject = await _subject(request, session, fields.get("about", ""))
    if not subject.may_confirm:
        return go_to(request, "centre")
    proof, trust = await _proof(request, session, subject), fields.get("trust") == "yes"
    if proof == "session":
        await _say_yes(request, session, subject, trust)
        return go_to(request, "centre")
    code = None if proof is None else await code_of(request, session, fields)
    if code is None:
        error = "approve.wrong_form" if proof else ""
        return await _shown(request, session, subject, "centre/confirm", proof=proof, error=error)
    refused = await _with_code(request, session, subject, code, trust)
    if refused is not None:
        error = refusal("approve.wrong_", refused.hint)
        return await _shown(request, session, subject, "centre/confirm", proof=proof, error=error)
    return go_to(request, "centre")


async def _with_code(
    request: Request, session: Session, subject: Subject, code: str, trust: bool
) -> Refused | None:
    """Pass the challenge, or say "this was me" with the code; Refused when the code is. `trust`: its device from now on."""
    centre, visit = centre_of(request), session.visit
    context = context_of(request, visit)
    if subject.challenge is not None:
        service: ChallengesService = request.app.state.challenges
        answer = await service.verify(subject.challenge.challenge_id, code, context)
        if answer.passed and trust:
            async with centre.database.begin() as connection:
                named, about = subject.challenge.challenge_id, subject.event_id
                await trusted_devices.trust(connection, visit.account_id, named, about, _BY, centre.clock())
        return None if answer.passed else Refused(answer.hint)

    async def act(connection: AsyncConnection, at: float) -> bool:
        told = await says.report(connection, visit.account_id, subject.event_id, "was_me", "code", at)
        await says.say(connection, centre.words.following, told, at, trust)
        return True

    act_name = "confirm_payment" if subject.waits else "answer"
    done = await centre.with_code.do(act_name, visit.account_id, code, context, act)
    return done if isinstance(done, Refused) else None


async def _say_yes(request: Request, session: Session, subject: Subject, trust: bool) -> None:
    centre, account_id = centre_of(request), session.visit.account_id
    async with centre.database.begin() as connection:
        now = centre.clock()
        told = await says.report(connection, account_id, subject.event_id, "was_me", "session", now)
        await says.say(connection, centre.words.following, told, now, trust)


async def _proof(request: Request, session: Session, subject: Subject) -> Proof | None:
    """What a "yes" needs: a code where the account has a factor, else this session; None where neither will do.

    A session vouches only for what came from another device than it: whoever has the password has a session, too.
    """
    lifecycle: FactorLifecycle = request.app.state.lifecycle
    if (await lifecycle.status(session.visit.account_id)).state == "active":
        return "code"
    payment, row = subject.payment, subject.row
    held = payment is not None and payment.state == "held"
    by_session = payment.waits_for == "owner" if payment is not None and held else subject.yes == "link"
    here = centre_of(request).device_key(session.visit.device_id)
    if subject.challenge is not None or not by_session:
        return None
    there = None if row is None else row.device_key
    return "session" if here is not None and there is not None and here != there else None


async def _subject(request: Request, session: Session, about: str) -> Subject:
    """The event of the account that is meant. Raises Problem 404 for one that nothing is known of."""
    centre, account_id = centre_of(request), session.visit.account_id
    async with centre.database.read() as connection:
        known = await known_event(connection, account_id, about)
        rows = await rows_of(connection, {(account_id, about)})
        payment = await held_payments.stands(connection, account_id, about)
        asked = await challenges.open_of(connection, account_id, centre.clock())
        questions = await open_questions(connection, account_id, centre.clock())
        word = await last_word(connection, account_id, about)
    challenge = next((each for each in asked if each.event_id == about), None)
    if known.own is None and payment is None and challenge is None:
        raise Problem(404, "unknown_event", "nothing is known of the event")
    return Subject(
        event_id=about,
        known=known,
        row=rows[0] if rows else None,
        payment=payment,
        challenge=challenge,
        question=next((each for each in questions if each.event_id == about), None),
        word=word,
    )


def _follows(request: Request) -> frozenset[str]:
    return centre_of(request).words.following.not_me


async def _shown(
    request: Request, session: Session, subject: Subject, template: str, **values: Any
) -> Response:
    centre = centre_of(request)
    async with centre.database.read() as connection:
        zone = await centre.time_zone(connection, session.visit.account_id)
        frozen = await holds.standing(connection, session.visit.account_id) is not None
    reader = reader_of(request, session, zone)
    values = {"error": "", **values}
    return page(
        request,
        template,
        wanted=session.visit.locale,
        token=session.form_token,
        centre=CENTRE_PREFIX,
        event=_event(subject, reader),
        device=device_asked(subject.device, reader.words),
        waits=subject.waits,
        frozen=frozen,
        asked=None if subject.question is None else reader.moment(subject.question.told_at),
        said=None if subject.word is None else (subject.word.verdict, reader.moment(subject.word.told_at)),
        **values,
    )


def _event(subject: Subject, reader: Reader) -> EventShown:
    own = subject.known.own
    if subject.challenge is not None:
        return of_challenge(subject.challenge, own, reader)
    if subject.payment is not None:
        return of_payment(subject.payment, reader)
    assert own is not None
    return of_event(own, reader)
