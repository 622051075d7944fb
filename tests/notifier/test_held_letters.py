"""What the owner reads of a payment that waits, of a code that is asked for, and of their ends."""

from __future__ import annotations

import pytest
from msgspec import structs

from contracts.decisions import HoldPayment
from services.cases.news import News
from tests.notifier.looked_at import T0, letter, paid
from tests.services.cases.decided import challenge, open_case

HELD = HoldPayment(effect_id="h", due_s=259_200, amount="2600.00", currency="CNY", payee_id="blue-lotus")


@pytest.mark.parametrize(
    ("effects", "said"),
    [
        ((challenge("e"), HELD, open_case("e")), "Type the code of your authenticator in the UPay app"),
        ((HELD, open_case("e")), "Contact support in the UPay app, so that it can go on."),
        ((HELD,), "Confirm it in the UPay app, where you are signed in."),
    ],
)
def test_a_held_payment_says_how_it_goes_on(effects: tuple[object, ...], said: str) -> None:
    made = letter("hold_notice", "en", paid(effects=effects))

    assert said in made.text
    assert "waits until Thu 24 Sep 2026, 22:13" in made.text


def test_a_challenge_says_until_when_it_can_be_answered_and_that_nobody_is_told_the_code() -> None:
    made = letter("challenge_notice", "en", paid(effects=(challenge("e"),)))

    assert made.subject == "A code was asked for: CNY 18,000.00 to chen-wei-4471"
    assert "can be answered until 22:18" in made.text
    assert "Never read it out to anybody, not to us either." in made.text


@pytest.mark.parametrize(
    ("notice", "by", "subject", "lead"),
    [
        ("payment_released", "owner", "CNY 18,000.00 to chen-wei-4471 released", "You confirmed it"),
        (
            "payment_released",
            "support",
            "CNY 18,000.00 to chen-wei-4471 released",
            "Our support looked at it",
        ),
        (
            "payment_cancelled",
            "support",
            "CNY 18,000.00 to chen-wei-4471 cancelled",
            "Our support cancelled it.",
        ),
        ("payment_cancelled", "owner", "CNY 18,000.00 to chen-wei-4471 cancelled", "You cancelled it."),
        (
            "payment_expired",
            None,
            "CNY 18,000.00 to chen-wei-4471 given up: nobody confirmed it",
            "It was held",
        ),
    ],
)
def test_an_end_of_a_held_payment_says_who_ended_it(notice: str, by: str, subject: str, lead: str) -> None:
    made = letter(notice, "en", paid(), News(at=T0 + 3600.0, by=by))  # type: ignore[arg-type]

    assert made.subject == subject
    assert lead in made.text
    assert "Held: Mon 21 Sep 2026, 22:13\n" in made.text
    assert ": Mon 21 Sep 2026, 23:13 (Shanghai time, UTC+08:00)\n" in made.text


def test_an_end_of_a_freeze_says_what_stays_stopped() -> None:
    about = structs.replace(paid(), action="deny")
    made = letter("account_unfrozen", "en", about, News(at=T0 + 3600.0, by="support", since=T0))

    assert made.subject == "Outgoing money works again"
    assert "What stays stopped\nThe payment of CNY 18,000.00 stays refused." in made.text
    assert "Stopped: Mon 21 Sep 2026, 22:13 (after something that did not look like you)" in made.text
