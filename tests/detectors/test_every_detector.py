"""Every detector of the folder keeps the contract, and every check of the contract catches a detector that does not."""

from __future__ import annotations

import ast
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import detectors
from contracts.findings import PAYEE
from detectors import Detector, discover, read
from tests.detectors.build import Case
from tests.detectors.claims import cases_of, two_firing_two_quiet
from tests.detectors.contract import CHECKS
from tests.detectors.stream import play

FOLDER = Path(detectors.__file__).parent
BAD = Path(__file__).parent / "bad"
NAMES = [detector.spec.name for detector in discover()]
#: Each bad detector with the check that must catch it.
CAUGHT_BY = {
    "no_runbook": "four_headings",
    "no_full_stop": "card",
    "unitless": "parameters",
    "own_params": "parameters",
    "asks_the_clock": "purity",
    "teaches_the_profile": "inputs_unchanged",
    "changes_its_mind": "same_answer_twice",
    "remembers_others": "other_accounts_irrelevant",
    "trusts_every_field": "missing_fields_harmless",
    "fears_newcomers": "unknown_account_quiet",
    "undeclared_reason": "declared_only",
    "overweight": "declared_only",
    "half_a_sentence": "sentences_fill",
    "tells_the_address": "names_nobody",
    "holds_on_counts": "counts_never_hold",
    "forgets_at_the_cut": "splits_harmless",
    "oversleeps": "awake_when_needed",
    "sleeps_in_class": "taught_when_needed",
    "counts_twice": "duplicates_harmless",
    "hoards": "memory_small",
    "dawdles": "speed",
}


def own_tests(name: str) -> ModuleType:
    return import_module(f"tests.detectors.test_{name}")


@cache
def cases(name: str) -> tuple[Case, ...]:
    detector = read(import_module(f"detectors.{name}"))
    return (*cases_of(own_tests(name)), *play(detector))


@cache
def bad(name: str) -> tuple[Detector, tuple[Case, ...]]:
    detector = read(import_module(f"tests.detectors.bad.{name}"))
    lives = (case for seed in (1, 2) for case in play(detector, seed=seed))
    return detector, tuple(lives)


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", NAMES)
def test_the_detector_keeps_the_contract(name: str, check: str) -> None:
    CHECKS[check](read(import_module(f"detectors.{name}")), FOLDER / f"{name}.py", cases(name))


@pytest.mark.parametrize("name", NAMES)
def test_its_own_tests_make_it_fire_twice_and_find_it_quiet_twice(name: str) -> None:
    two_firing_two_quiet(own_tests(name))


@pytest.mark.parametrize("name", NAMES)
def test_every_declared_reason_is_given_somewhere_in_its_tests(name: str) -> None:
    given = {case.answer.reason for case in cases(name) if case.answer is not None}

    assert given == {reason.code for reason in read(import_module(f"detectors.{name}")).spec.reasons}


@pytest.mark.parametrize("name", NAMES)
def test_the_file_states_its_name_and_its_family_once(name: str) -> None:
    stated = [
        (word.arg, word.value.value)
        for word in ast.walk(ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8")))
        if isinstance(word, ast.keyword) and isinstance(word.value, ast.Constant)
    ]
    family = read(import_module(f"detectors.{name}")).spec.family

    assert [each for each in stated if each[0] in {"name", "detector"}].count(("name", name)) == 1
    assert "detector" not in dict(stated), "SPEC.finding fills in the detector"
    assert len([value for word, value in stated if word == "family"]) <= 1, f"{family} is stated again"


def test_ids_and_tally_names_are_unique() -> None:
    specs = [detector.spec for detector in discover()]
    tallies = [spec.tally.name for spec in specs if spec.tally is not None and spec.tally is not PAYEE]

    assert len({spec.name for spec in specs}) == len(specs)
    assert len(set(tallies)) == len(tallies)


def test_the_folder_is_the_registry() -> None:
    files = {path.stem for path in FOLDER.glob("*.py")} - {"__init__", "new", "docs"}

    assert sorted(files) == NAMES


@pytest.mark.parametrize("name", CAUGHT_BY)
def test_a_bad_detector_fails_its_check(name: str) -> None:
    detector, questions = bad(name)

    with pytest.raises((AssertionError, AttributeError)):
        CHECKS[CAUGHT_BY[name]](detector, BAD / f"{name}.py", questions)


@pytest.mark.parametrize("name", sorted(set(CAUGHT_BY) - {"changes_its_mind"}))
def test_a_bad_detector_keeps_every_other_check(name: str) -> None:
    detector, questions = bad(name)

    for check in CHECKS.keys() - {CAUGHT_BY[name]}:
        CHECKS[check](detector, BAD / f"{name}.py", questions)


def test_every_check_has_a_bad_detector() -> None:
    assert set(CAUGHT_BY.values()) == set(CHECKS)


@pytest.mark.parametrize("name", ["one_claim", "empty_claims"])
def test_tests_that_claim_too_little_are_caught(name: str) -> None:
    with pytest.raises(AssertionError):
        two_firing_two_quiet(import_module(f"tests.detectors.bad.{name}"))


def test_a_file_that_is_no_detector_is_named() -> None:
    with pytest.raises(ValueError, match="pages lacks SPEC, PARAMS, observe"):
        read(ModuleType("detectors.pages"))


def test_a_detector_that_calls_itself_otherwise_is_named() -> None:
    impostor = ModuleType("detectors.impostor")
    vars(impostor).update(vars(import_module("detectors.new_device")), __name__="detectors.impostor")

    with pytest.raises(ValueError, match="impostor calls itself new_device"):
        read(impostor)
