"""Sentences of the desk that count: one is said as one."""

from __future__ import annotations

import re

import pytest

from services.desk.frame import words
from services.portal.wording import LOCALES, catalogue

_DESK = "services.desk"
#: A number, and a word of many things: no unit such as "s".
_MANY = re.compile(r"\{n\} (?:[a-z]+ )?[a-z]{2,}s\b")
#: Limits and shares, which are never about one thing alone.
_NEVER_ONE = {"unit.times", "evidence.top_ups"}


def test_every_sentence_that_counts_things_has_a_form_for_one_of_them() -> None:
    said = catalogue(_DESK)
    counting = {key for key, texts in said.items() if _MANY.search(texts["en"])} - _NEVER_ONE

    assert len(counting) > 5
    assert [key for key in sorted(counting) if f"{key}_one" not in said] == []


@pytest.mark.parametrize("locale", LOCALES)
def test_a_form_for_one_is_chosen_by_its_number_alone(locale: str) -> None:
    t = words(locale)

    assert t("evidence.failures", n=1) == t("evidence.failures_one")
    assert t("evidence.failures", n=2) == t("evidence.failures", n=1).replace("1", "2").replace(
        "one payment", "2 payments"
    )


def test_one_payment_is_no_payments() -> None:
    assert words("en")("title.failed", n=1, cause="no balance") == "A payment failed: no balance"
    assert words("en")("title.failed", n=3, cause="no balance") == "3 payments failed in 7 days: no balance"
