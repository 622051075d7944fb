"""What follows from an answer by a link: noted once, believed as far as its proof goes, in one transaction."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import IssueChallenge
from contracts.events import UserReport
from contracts.profile import Key
from services.cases import answer_links, owner_words, trusted_devices
from services.cases.answer_links import Answered, AnswerLink, AnswerLinks, LinkProof, Verdict, note_answer
from services.cases.forgotten_devices import ACT, came_from_device
from services.cases.owner_words import Following
from services.mfa import factors, repository
from services.mfa.factor_records import Refused
from services.mfa.records import Challenge, Context
from services.mfa.service import ChallengesService
from services.mfa.with_code import WithCode
from services.platform.database import Database
from services.platform.metrics import CHALLENGES, LINKS

#: Who says it, in the audit and in what owners said.
BY = "letter"


class LinkOver(Exception):
    """The link was answered before, for good."""


class Answers:
    """Every method raises Unavailable when the database is away. `clock` gives epoch seconds."""

    def __init__(
        self,
        database: Database,
        links: AnswerLinks,
        clock: Callable[[], float],
        following: Following,
        challenges: ChallengesService,
        codes: WithCode,
    ) -> None:
        self.links = links
        self.clock = clock
        self.following = following
        self._database = database
        self._challenges = challenges
        self._codes = codes

    async def look(self, text: str) -> AnswerLink | None:
        """The link, answered or not, while it may be looked at; None when it is over or not ours."""
        async with self._database.read() as connection:
            link = await self.links.find(connection, text)
        if link is None:
            LINKS.labels("tampered").inc()
            return None
        over = link.expires_at <= self.clock()
        LINKS.labels("expired" if over else "answered" if link.settled else "viewed").inc()
        return None if over else link

    async def forgets(self, link: AnswerLink) -> bool:
        """Whether a "no" asks the wallet to trust the device no more that the event came from."""
        if ACT not in self.following.not_me:
            return False
        async with self._database.read() as connection:
            return await came_from_device(connection, link.account_id, link.event_id)

    async def needs_code(self, link: AnswerLink) -> bool:
        """Whether a "no" is believed with a code alone: whoever reads the owner's mail has stopped their money often enough.

        Never of an account that has no factor in use.
        """
        async with self._database.read() as connection:
            if not await answer_links.is_nuisance(connection, link.account_id, self.clock()):
                return False
            in_use = (await factors.standing(connection, link.account_id)).in_use
        return in_use is not None and in_use.state == "active"

    async def no(self, link: AnswerLink, code: str | None, context: Context) -> Answered | Refused:
        """Stop what the policy stops; Refused when a code is needed and there is none, or it is wrong.

        Raises LinkOver when the link was answered meanwhile, and as every check of a code.
        """
        if not await self.needs_code(link):
            async with self._database.begin() as connection:
                closed = await self._close_challenge(connection, link)
                given = await self._given(connection, link, "not_me", "link", self.clock())
        elif code is None:
            return Refused()
        else:

            async def then(connection: AsyncConnection, at: float) -> Answered:
                return await self._given(connection, link, "not_me", "code", at)

            judged = await self._codes.do("answer", link.account_id, code, context, then)
            if isinstance(judged, Refused):
                return judged
            given = judged
            async with self._database.begin() as connection:
                closed = await self._close_challenge(connection, link)
        if closed is not None:
            CHALLENGES.labels(closed.purpose, "failed").inc()
        return given

    async def yes(self, link: AnswerLink) -> Answered:
        """Note a "yes" that nothing but the link bears out: the incident ends, nothing is learned or let go. Raises LinkOver."""
        async with self._database.begin() as connection:
            return await self._given(connection, link, "was_me", "link", self.clock())

    async def device_of(self, link: AnswerLink) -> tuple[Key, str | None] | None:
        """The device that the event of the letter came from, as far as it is known."""
        async with self._database.read() as connection:
            return await trusted_devices.device_of(connection, link.account_id, link.event_id)

    async def yes_with_code(
        self, link: AnswerLink, code: str, context: Context, trust: bool = False
    ) -> Answered | Refused:
        """Believe a "yes" with a code, which also passes the challenge that the letter tells of, while it is open.

        `trust`: the device that the event came from is the owner's from now on.
        Raises LinkOver, and as every check of a code.
        """
        challenge_id = _challenge_in(link)
        challenge = None if challenge_id is None else await self._challenges.challenge(challenge_id)
        if challenge is not None and challenge.state == "open":
            passed = await self._challenges.verify(challenge.challenge_id, code, context)
            if not passed.passed:
                return Refused(passed.hint)
            async with self._database.begin() as connection:
                return await self._given(connection, link, "was_me", "code", self.clock(), trust)

        async def then(connection: AsyncConnection, at: float) -> Answered:
            return await self._given(connection, link, "was_me", "code", at, trust)

        return await self._codes.do("answer", link.account_id, code, context, then)

    async def _given(
        self,
        connection: AsyncConnection,
        link: AnswerLink,
        answer: Verdict,
        proof: LinkProof,
        at: float,
        trust: bool = False,
    ) -> Answered:
        """Note the answer and what the owner said by it."""
        given = Answered(answer=answer, proof=proof, report_id=link.report_id(answer, proof), answered_at=at)
        if not await note_answer(connection, link, given):
            raise LinkOver
        report = UserReport(
            event_id=given.report_id,
            account_id=link.account_id,
            occurred_at=int(at * 1000),
            about_event_id=link.event_id,
            verdict=answer,
            proof=proof,
        )
        await owner_words.tell(connection, self.following, report, BY, at)
        if trust:
            await trusted_devices.trust(connection, link.account_id, given.report_id, link.event_id, BY, at)
        return given

    async def _close_challenge(self, connection: AsyncConnection, link: AnswerLink) -> Challenge | None:
        """Refuse the challenge that the letter tells of; it, when it was open."""
        challenge_id = _challenge_in(link)
        found = None if challenge_id is None else await repository.find(connection, challenge_id)
        if found is None or not await repository.close(connection, found, "failed", self.clock()):
            return None
        return found


def _challenge_in(link: AnswerLink) -> str | None:
    """The challenge that the letter tells of."""
    for effect in () if link.decision is None else link.decision.effects:
        if isinstance(effect, IssueChallenge):
            return effect.challenge_id
    return None
