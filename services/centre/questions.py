"""What an owner was asked about and has not answered: the incidents of an account that wait for "it was me" or "it wasn't"."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import and_, exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from notifier.answering import Yes, asked_of
from services.cases import held_payments
from services.cases.answer_links import LIVES_S
from services.cases.classes import FINDINGS
from services.cases.hold_tables import held_payments as payments
from services.cases.hold_tables import owner_words
from services.cases.incidents import RANK
from services.cases.owner_tables import incidents
from services.cases.subjects import Known, known_events
from services.cases.tables import notices
from services.mfa import repository
from services.mfa.tables import challenges

_MOST = 200
#: What has its end by somebody's word, or by a code, is no question any more.
_ENDED = ("released", "cancelled")


class OpenQuestion(Struct, frozen=True, kw_only=True):
    """An event that a notice asked its owner about at `told_at` (epoch seconds), of an incident that nobody answered."""

    incident_id: str
    event_id: str
    template: str
    told_at: float

    def yes(self, known: Known) -> Yes:
        """What bears a "yes" out, by what is known of the event."""
        own = known.own
        asked = asked_of(
            self.template, None if own is None else own.type, None if own is None else _kind(known)
        )
        return None if asked is None else asked.yes


async def open_questions(connection: AsyncConnection, account_id: str, now: float) -> list[OpenQuestion]:
    """Everything of the account that is asked and not answered at epoch seconds `now`, newest first.

    What a letter asked is asked as long as its link answers.
    """
    of_event = and_(
        owner_words.c.account_id == notices.c.account_id,
        owner_words.c.about_event_id == notices.c.event_id,
        owner_words.c.undone_at.is_(None),
    )
    settled = and_(
        payments.c.account_id == notices.c.account_id,
        payments.c.event_id == notices.c.event_id,
        payments.c.state.in_(_ENDED),
    )
    passed = and_(
        challenges.c.account_id == notices.c.account_id,
        challenges.c.event_id == notices.c.event_id,
        challenges.c.state == "passed",
    )
    query = (
        select(
            notices.c.incident_id,
            notices.c.event_id,
            notices.c.template,
            notices.c.recorded_at.label("told_at"),
        )
        .join(incidents, incidents.c.incident_id == notices.c.incident_id)
        .where(
            incidents.c.account_id == account_id,
            incidents.c.answer.is_(None),
            incidents.c.last_at > now - LIVES_S,
            notices.c.account_id == account_id,
            notices.c.recorded_at > now - LIVES_S,
            notices.c.template.in_(sorted(FINDINGS)),
            ~exists().where(of_event),
            ~exists().where(settled),
            ~exists().where(passed),
        )
        .order_by(notices.c.recorded_at.desc(), notices.c.notice_id)
        .limit(_MOST)
    )
    return [OpenQuestion(**row) for row in (await connection.execute(query)).mappings()]


async def asked_events(connection: AsyncConnection, account_id: str, now: float) -> frozenset[str]:
    """The events that wait for their owner's answer, for whatever reason: those of open questions, held payments, challenges."""
    waiting = {each.event_id for each in await held_payments.waiting(connection, account_id)}
    asked = {each.event_id for each in await repository.open_of(connection, account_id, now)}
    said = select(owner_words.c.about_event_id).where(
        owner_words.c.account_id == account_id,
        owner_words.c.about_event_id.in_(waiting | asked),
        owner_words.c.undone_at.is_(None),
    )
    answered = set((await connection.execute(said)).scalars()) if waiting | asked else set()
    questions = {each.event_id for each in await open_questions(connection, account_id, now)}
    return frozenset((waiting | asked) - answered | questions)


async def one_each(
    connection: AsyncConnection, account_id: str, questions: Sequence[OpenQuestion]
) -> list[tuple[OpenQuestion, Known]]:
    """The gravest question of each incident with what is known of its event, the gravest incident first.

    An answer about one event of an incident answers all of it.
    """
    first: dict[str, OpenQuestion] = {}
    for each in sorted(questions, key=lambda each: (-RANK[FINDINGS[each.template]], -each.told_at)):
        first.setdefault(each.incident_id, each)
    known = await known_events(connection, {(account_id, each.event_id) for each in first.values()})
    found = [(each, known.get((account_id, each.event_id), Known())) for each in first.values()]
    return [(each, event) for each, event in found if event.own is not None]


def _kind(known: Known) -> str | None:
    return None if known.shown is None else known.shown.kind
