"""The two answers in letters: "no" first, "yes" only where a link may say so, the same in HTML and plain text."""

from __future__ import annotations

import pytest

from notifier.answering import asked
from notifier.preview import Shot, shots
from notifier.render import Templates
from notifier.samples import every, samples
from notifier.words import LOCALES
from tests.notifier.looked_at import Page

SHOTS = shots("UPay", LOCALES)
#: Letters of what their owner did or was spared, which ask nothing.
SILENT = {"account_frozen", "payment_cancelled", "contact_added", "reset_cancelled", "digest"}
CODE_ONLY = {"deny_notice", "contact_changed"}


def ways(shot: Shot) -> list[str]:
    """Where the links of the page lead, in order."""
    page = Page(shot.letter.html)
    links = [str(told["href"]) for tag, told in page.elements if tag == "a"]
    return [link.rpartition("/")[2] for link in links if "/my/answer/" in link]


@pytest.mark.parametrize("shot", SHOTS, ids=[shot.name for shot in SHOTS])
def test_a_letter_has_its_answers_in_order_and_text_and_page_lead_to_the_same(shot: Shot) -> None:
    lines = [line for line in shot.letter.text.splitlines() if "/my/answer/" in line]

    assert [line.rpartition("/")[2] for line in lines] == ways(shot)
    assert ways(shot) in ([], ["no"], ["no", "yes"])
    assert all(len(line) < 200 for line in lines)


def test_the_letters_that_ask_are_those_of_what_a_thief_could_have_done() -> None:
    silent = {shot.template for shot in SHOTS if not ways(shot)}

    assert SILENT <= silent | {"weekly"}
    assert not silent & {"hold_notice", "deny_notice", "login_notice", "account_unfrozen", "factor_removed"}


def test_yes_is_left_out_where_only_a_code_counts() -> None:
    assert all(ways(shot) == ["no"] for shot in SHOTS if shot.template in CODE_ONLY)
    by_change = {
        told.decision.shown.kind: asked(told.template, told.decision)
        for _, notices in samples("change_notice")
        for notice in notices
        for told in notice.told
        if told.decision is not None and told.decision.shown is not None
    }
    assert {kind: found and found.yes for kind, found in by_change.items()} == {
        "email_change": "code",
        "password_reset": "link",
        "limit_raise": "link",
    }


def test_without_links_letters_say_what_to_do_in_words() -> None:
    from notifier.routing import Route

    templates = Templates("UPay")
    notice = samples("hold_notice")[1][1][0]
    letter = templates.letter(notice, Route("mail", "li@example.com", "en", "UTC"))

    assert "If it wasn’t you" in letter.text
    assert "/my/answer" not in letter.text + letter.html
    assert every()
