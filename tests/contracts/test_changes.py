"""The table of account changes is whole, and says of each kind what the parts of PayGuard once said apart."""

from __future__ import annotations

from typing import get_args

import pytest

from contracts.changes import CHANGES, CREDENTIAL_CHANGES, KINDS, OWN_CHANGES, TAKEOVER_STEPS, ChangeName


def test_every_change_of_an_event_has_one_row() -> None:
    assert tuple(kind.name for kind in KINDS) == get_args(ChangeName)
    assert len(CHANGES) == len(KINDS)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_change_is_called_something_in_both_languages_or_in_neither(kind) -> None:  # type: ignore[no-untyped-def]
    assert bool(kind.en) == bool(kind.zh_cn)
    assert kind.en or kind.name not in CREDENTIAL_CHANGES | TAKEOVER_STEPS


def test_only_our_own_word_changes_what_factor_an_account_has() -> None:
    assert {kind.name for kind in KINDS if kind.factor is not None} <= OWN_CHANGES
