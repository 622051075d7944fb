"""Links in letters by which owners answer "was this you?": their text, what they ask about, and what was answered.

A link's text follows from its notice's id and the account: a letter that is sent again holds the same bytes, and
nothing is kept of a link before it is answered. It can be looked at as often as anybody likes.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Literal

from msgspec import Struct, json
from sqlalchemy import RowMapping, and_, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import Decision, derived_id
from services.cases import link_texts
from services.cases.answer_tables import answer_links
from services.cases.hold_tables import owner_words
from services.cases.news import News
from services.cases.tables import contact_points, notices, recorded_decisions
from services.platform.database import insert_new
from services.platform.keyring import Keyring

Verdict = Literal["was_me", "not_me"]
#: What bears an answer out: the link alone, which whoever reads the mail may have pressed, or a code as well.
LinkProof = Literal["link", "code"]

#: For how long a link can answer after its notice was put down.
LIVES_S = 7 * 86_400.0
#: So many answers taken back within so many seconds, and the next asks for a code first.
NUISANCES, NUISANCE_S = 3, 30 * 86_400.0
_ID = re.compile(r"[0-9a-f]{32}")
_decode = json.Decoder(Decision).decode
_ASKED = tuple(
    notices.c[name] for name in ("notice_id", "account_id", "event_id", "template", "recorded_at", "news")
)
_GIVEN = tuple(
    answer_links.c[name].label(f"given_{name}") for name in ("answer", "proof", "report_id", "answered_at")
)
_decode_news = json.Decoder(News).decode


class Answered(Struct, frozen=True, kw_only=True):
    """An answer as it was given; `report_id` is the owner's report that followed from it."""

    answer: Verdict
    proof: LinkProof
    report_id: str
    answered_at: float


class AnswerLink(Struct, frozen=True, kw_only=True):
    """A link that is ours, and what its letter told: of a decision, or `news`. Its text form names nobody.

    `time_zone` and `locale` are the owner's, None where nobody said them.
    """

    text: str
    notice_id: str
    account_id: str
    event_id: str
    template: str
    recorded_at: float
    decision: Decision | None = None
    news: News | None = None
    time_zone: str | None = None
    locale: str | None = None
    answered: Answered | None = None

    def __repr__(self) -> str:
        return f"AnswerLink(template={self.template!r})"

    @property
    def expires_at(self) -> float:
        """When it can answer no more, in epoch seconds."""
        return self.recorded_at + LIVES_S

    @property
    def settled(self) -> bool:
        """Whether it was answered for good. A "was me" by the link alone is not: a "not me" may still follow."""
        return self.answered is not None and (self.answered.answer, self.answered.proof) != ("was_me", "link")

    def report_id(self, answer: Verdict, proof: LinkProof) -> str:
        """The id of the owner's report of that answer: giving it twice is giving it once."""
        return derived_id(self.notice_id, f"{answer}:{proof}")


class AnswerLinks:
    """Makes links and tells ours from others. Keys are derived from `keys`: the current one makes, every one is accepted."""

    def __init__(self, keys: Keyring) -> None:
        derived = keys.derived("payguard answers")
        self._keys = [derived.keys[version] for version in derived.versions]

    def text(self, notice_id: str, account_id: str) -> str | None:
        """The text of the link of that notice, 27 characters; None for a notice whose id is not one of ours."""
        if _ID.fullmatch(notice_id) is None:
            return None
        return link_texts.written(notice_id, _mac(self._keys[0], "letter", notice_id, account_id))

    def is_of(self, text: str, notice_id: str, account_id: str) -> bool:
        """Whether the text is a link of that notice and account."""
        said = link_texts.read(text)
        made = (_mac(key, said.purpose, notice_id, account_id)[: len(said.mac)] for key in self._keys)
        known = [bool(said.mac) and hmac.compare_digest(said.mac, each) for each in made]
        return any(known) and said.names(notice_id)

    def token(self, page: str, link: AnswerLink) -> str:
        """What a form of that page of the link carries, so that nothing but that page sends it."""
        return _mac(self._keys[0], page, link.notice_id, link.account_id).hex()[:32]

    def is_token(self, token: str, page: str, link: AnswerLink) -> bool:
        """Whether the form was made by that page of the link."""
        made = (_mac(key, page, link.notice_id, link.account_id).hex()[:32] for key in self._keys)
        fits = [hmac.compare_digest(each.encode(), token.encode()) for each in made]
        return any(fits)

    async def find(self, connection: AsyncConnection, text: str) -> AnswerLink | None:
        """The link of that text, answered, over or not; None for a text that we did not make, after the same work."""
        said = link_texts.read(text)
        query = (
            select(*_ASKED, recorded_decisions.c.body, *_GIVEN)
            .outerjoin(
                recorded_decisions,
                and_(
                    recorded_decisions.c.account_id == notices.c.account_id,
                    recorded_decisions.c.event_id == notices.c.event_id,
                ),
            )
            .outerjoin(answer_links, answer_links.c.notice_id == notices.c.notice_id)
            .where(notices.c.notice_id.between(said.first, said.last))
        )
        rows = (await connection.execute(query)).mappings().all()
        # As much is done for a text that names nothing as for one of another's notice.
        ours = [row for row in rows if self.is_of(text, row["notice_id"], row["account_id"])]
        if not rows:
            self.is_of(text, said.first, "")
        account_id = ours[0]["account_id"] if ours else ""
        reads = select(contact_points.c.time_zone, contact_points.c.locale).where(
            contact_points.c.account_id == account_id, contact_points.c.until.is_(None)
        )
        point = (await connection.execute(reads)).first()
        if not ours:
            return None
        time_zone, locale = (None, None) if point is None else point
        return _link(text, ours[0], time_zone, locale)


def _link(text: str, row: RowMapping, time_zone: str | None, locale: str | None) -> AnswerLink:
    given = {name: row[f"given_{name}"] for name in Answered.__struct_fields__}
    asked = {column.name: row[column.name] for column in _ASKED if column is not notices.c.news}
    return AnswerLink(
        text=text,
        **asked,
        decision=None if row["body"] is None else _decode(row["body"]),
        news=None if row["news"] is None else _decode_news(row["news"]),
        time_zone=time_zone,
        locale=locale,
        answered=None if given["answer"] is None else Answered(**given),
    )


async def note_answer(connection: AsyncConnection, link: AnswerLink, given: Answered) -> bool:
    """Note the answer; False, and nothing, when the link was answered for good before.

    A "was me" by the link alone gives way to whatever follows it.
    """
    row = {
        "link_hash": hashlib.sha256(link.text.encode()).hexdigest(),
        "account_id": link.account_id,
        "notice_id": link.notice_id,
        "event_id": link.event_id,
        "expires_at": link.expires_at,
        "answered_at": given.answered_at,
        "answer": given.answer,
        "proof": given.proof,
        "report_id": given.report_id,
    }
    added = insert_new(answer_links).values(row).returning(answer_links.c.notice_id)
    if (await connection.execute(added)).first() is None:
        weak = and_(answer_links.c.answer == "was_me", answer_links.c.proof == "link")
        stronger = answer_links.c.report_id != given.report_id
        again = update(answer_links).where(answer_links.c.notice_id == link.notice_id, weak, stronger)
        if (await connection.execute(again.values(row))).rowcount != 1:
            return False
    return True


async def is_nuisance(connection: AsyncConnection, account_id: str, now: float) -> bool:
    """Whether so many "not me" of the account were taken back lately that the next one needs a code."""
    query = select(func.count()).where(
        owner_words.c.account_id == account_id,
        owner_words.c.verdict == "not_me",
        owner_words.c.undone_at > now - NUISANCE_S,
    )
    return int((await connection.execute(query)).scalar_one()) >= NUISANCES


def _mac(key: bytes, purpose: str, notice_id: str, account_id: str) -> bytes:
    said = f"{purpose}\0{notice_id}\0{account_id}".encode()
    return hmac.new(key, said, "sha256").digest()
