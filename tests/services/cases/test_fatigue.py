"""What owners are told and what they answer, over 30 days and within a bound."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert, update

from contracts.decisions import Contribution
from notifier.tiring import show
from services.cases import fatigue
from services.cases.answer_links import AnswerLinks, LinkProof, Verdict, note_answer
from services.cases.message_tables import ACCOUNT, messages
from services.cases.repository import keep
from services.cases.tables import notices
from services.platform.database import Database
from services.platform.keyring import Keyring
from services.platform.metrics import DETECTOR_ANSWERS, LETTERS_ANSWERED, OWNERS_TOLD
from tests.services.cases.decided import no_challenges, notify, recorded
from tests.services.cases.test_answer_links import given

NOW = 1_790_100_000.0
LINKS = AnswerLinks(Keyring({1: b"k" * 32}, 1))


def finding(detector: str, mode: Any = "on") -> Contribution:
    return Contribution(detector=detector, reason=detector, weight=1.0, share=50, mode=mode)


def message(
    notice_id: str, account_id: str, channel: str, state: str, address_key: str = "k"
) -> dict[str, Any]:
    return {
        "message_id": f"{notice_id}.{channel}",
        "notice_id": notice_id,
        "account_id": account_id,
        "channel": channel,
        "address_key": address_key,
        "message_class": "critical",
        "template": "hold_notice",
        "locale": "en",
        "time_zone": "UTC",
        "state": state,
        "planned_at": NOW,
        "next_at": NOW,
    }


async def told(
    database: Database,
    event_id: str,
    account_id: str = "li",
    answer: Verdict | None = None,
    at: float = NOW - 60.0,
    proof: LinkProof = "link",
    findings: tuple[Contribution, ...] = (finding("new_device"), finding("tried", "shadow")),
) -> None:
    """A letter that was delivered by mail and stands in the inbox, and what its owner answered."""
    effect = notify(event_id, "hold_notice", account_id)
    async with database.begin() as connection:
        await keep(connection, [recorded(event_id, account_id, (effect,), findings=findings)], no_challenges)
        ended = update(notices).where(notices.c.notice_id == effect.effect_id)
        await connection.execute(ended.values(state="delivered", ended_at=at))
        rows = [
            message(effect.effect_id, account_id, "mail", "handed_over"),
            message(effect.effect_id, account_id, "sms", "failed"),
            message(effect.effect_id, account_id, "inbox", "handed_over", ACCOUNT),
        ]
        await connection.execute(insert(messages), rows)
        if answer is not None:
            link = await LINKS.find(connection, LINKS.text(effect.effect_id, account_id) or "")
            assert link is not None
            await note_answer(connection, link, given(link, answer, proof, at))


async def measured(database: Database) -> fatigue.Fatigue:
    async with database.read() as connection:
        return await fatigue.measured(connection, NOW)


async def test_letters_are_counted_by_template_and_answer_and_messages_by_account(database: Database) -> None:
    await told(database, "e1", answer="was_me")
    await told(database, "e2", answer="not_me")
    await told(database, "e3", "wang")
    await told(database, "e4", "wang", "was_me", at=NOW - 31 * 86_400.0)

    found = await measured(database)

    assert (found.accounts, found.messages) == (2, 3)
    assert found.letters == {
        ("hold_notice", "was_me"): 1,
        ("hold_notice", "not_me"): 1,
        ("hold_notice", "none"): 1,
    }


async def test_answers_are_counted_for_the_detectors_that_acted(database: Database) -> None:
    both = (finding("new_device"), finding("new_payee"))
    await told(database, "e1", answer="was_me", findings=both)
    await told(database, "e2", answer="not_me")

    assert (await measured(database)).detectors == {
        ("new_device", "was_me"): 1,
        ("new_payee", "was_me"): 1,
        ("new_device", "not_me"): 1,
    }


async def test_no_more_is_looked_at_than_the_newest_letters(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fatigue, "MOST_LETTERS", 2)
    for number in range(4):
        await told(database, f"e{number}", at=NOW - 100.0 + number)

    assert (await measured(database)).letters == {("hold_notice", "none"): 2}


async def test_the_metrics_show_what_was_measured_last(database: Database) -> None:
    await told(database, "e1", answer="was_me")
    show(await measured(database))
    assert OWNERS_TOLD.labels("accounts")._value.get() == 1
    assert LETTERS_ANSWERED.labels("hold_notice", "was_me")._value.get() == 1
    assert DETECTOR_ANSWERS.labels("new_device", "was_me")._value.get() == 1

    show(fatigue.Fatigue(accounts=0, messages=0, letters={}, detectors={}))
    assert LETTERS_ANSWERED.labels("hold_notice", "was_me")._value.get() == 0
    assert DETECTOR_ANSWERS._metrics == {}
