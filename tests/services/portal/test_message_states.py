"""How messages fared, in an owner's words: every state and reason that the log has, in both languages."""

from __future__ import annotations

import re
from typing import Any, get_args

import pytest

from notifier import planner, wishes
from notifier.channels import ADDRESS_REFUSED
from services.cases import incident_rows, message_ends
from services.cases.owners import MessageState, NoticeState, Telling, Try
from services.portal.message_states import fared, in_words, ways_of
from services.portal.wording import LOCALES, wording
from tests.deploy.conftest import ROOT

EN = wording("en")
#: Every reason by which a message is suppressed.
SUPPRESSED = (
    wishes.NOT_WANTED,
    planner.PASSED,
    message_ends.REACHED,
    incident_rows.JOINED,
    incident_rows.DECIDED,
)


def tried(state: MessageState, why: str | None = None, channel: str = "mail") -> Try:
    return Try(channel=channel, address=None, state=state, why=why, at=1.0)


def telling(*tries: Try, state: NoticeState = "delivered", why: str | None = None) -> Telling:
    given: dict[str, Any] = {
        "notice_id": "n",
        "reference": "PG-1",
        "event_id": "e",
        "template": "login_notice",
    }
    return Telling(**given, state=state, why=why, recorded_at=1.0, ended_at=None, tries=list(tries))


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("state", sorted({*get_args(MessageState), *get_args(NoticeState)}))
def test_every_state_has_words(locale: str, state: MessageState) -> None:
    assert in_words(state, None, wording(locale))


@pytest.mark.parametrize("why", SUPPRESSED)
def test_every_reason_for_not_sending_has_words_of_its_own(why: str) -> None:
    assert in_words("suppressed", why, EN) != in_words("suppressed", None, EN)


def test_reasons_of_channels_that_end_a_message_have_words() -> None:
    sources = "".join(file.read_text() for file in (ROOT / "notifier").rglob("*.py"))
    reasons = set(re.findall(r'Malformed\(\s*"(\w+_refused)"', sources))
    reasons |= {ADDRESS_REFUSED, message_ends.BOUNCED, "gave_up"}

    assert len(reasons) >= 4
    assert {why for why in reasons if in_words("failed", why, EN) == in_words("failed", None, EN)} == set()


def test_a_reason_that_is_none_for_owners_is_not_shown() -> None:
    assert in_words("failed", "mail server away: OSError", EN) == EN("messages.state_failed")
    assert in_words("delivered", "preferences", EN) == EN("messages.state_delivered")


@pytest.mark.parametrize(
    ("told", "text", "tone"),
    [
        (telling(tried("failed", "bounced"), tried("delivered", channel="sms")), "delivered", "good"),
        (telling(tried("handed_over"), tried("suppressed", "reached_before", "sms")), "sent", "good"),
        (telling(tried("delivered", channel="inbox"), tried("failed", "bounced"), state="failed"), "came back", "stop"),
        (telling(tried("delivered", channel="inbox"), state="undeliverable"), EN("messages.state_undeliverable"), "stop"),
        (telling(tried("suppressed", "preferences"), state="suppressed"), "not sent, as you chose", ""),
        (telling(state="waiting"), "on its way", "wait"),
        (telling(state="suppressed", why="challenge_passed"), "not needed, you had given the code", ""),
    ],
)  # fmt: skip
def test_the_best_of_several_ways_says_how_it_fared(told: Telling, text: str, tone: str) -> None:
    assert (fared(told, EN).text, fared(told, EN).tone) == (text, tone)


def test_each_way_stands_by_itself_with_its_reason() -> None:
    told = telling(
        tried("failed", "bounced"), tried("delivered", channel="web_push"), tried("delivered", channel="new")
    )

    assert ways_of(told, ": ", EN) == ["Mail: came back", "Push: delivered", "Another way: delivered"]
