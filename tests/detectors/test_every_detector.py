"""Every detector of the folder keeps the contract, and every check of the contract catches a detector that does not."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from msgspec import msgpack

import detectors
from contracts.events import Login
from contracts.findings import PAYEE
from detectors import Detector, discover, new_device, read
from tests.detectors.bad_detectors import BAD, loaded, write
from tests.detectors.build import Case, ask, login, settled
from tests.detectors.claims import cases_of, two_firing_two_quiet
from tests.detectors.contract import CHECKS
from tests.detectors.stream import play

FOLDER = Path(detectors.__file__).parent
BadOnes = dict[str, tuple[Detector, Path, tuple[Case, ...]]]
NAMES = [detector.spec.name for detector in discover()]
GOOD = ("plain_detector", "remembering_detector")


def own_tests(name: str) -> ModuleType:
    return import_module(f"tests.detectors.test_{name}")


@cache
def cases(name: str) -> tuple[Case, ...]:
    detector = read(import_module(f"detectors.{name}"))
    return (*cases_of(own_tests(name)), *play(detector))


@pytest.fixture(scope="module")
def bad_ones(tmp_path_factory: pytest.TempPathFactory) -> BadOnes:
    folder = tmp_path_factory.mktemp("bad")
    sources = {name: write(name, folder) for name in BAD}
    return {name: (detector := loaded(path), path, lives(detector)) for name, path in sources.items()}


def lives(detector: Detector) -> tuple[Case, ...]:
    return tuple(case for seed in (1, 2) for case in play(detector, seed=seed))


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


@pytest.mark.parametrize(
    "detector", [each for each in discover() if each.memory], ids=lambda each: each.spec.name
)
def test_a_memory_of_an_unknown_version_is_refused(detector: Detector) -> None:
    assert detector.memory is not None
    assert detector.upgrade is not None

    with pytest.raises(ValueError, match="version 99"):
        detector.upgrade(99, msgpack.encode(detector.memory()))


def test_ids_and_tally_names_are_unique() -> None:
    specs = [detector.spec for detector in discover()]
    tallies = [spec.tally.name for spec in specs if spec.tally is not None and spec.tally is not PAYEE]

    assert len({spec.name for spec in specs}) == len(specs)
    assert len(set(tallies)) == len(tallies)


def test_the_folder_is_the_registry() -> None:
    files = {path.stem for path in FOLDER.glob("*.py")} - {"__init__", "new", "docs"}

    assert sorted(files) == NAMES


@pytest.mark.parametrize("name", GOOD)
def test_what_the_bad_ones_are_made_from_keeps_every_check(name: str) -> None:
    module = import_module(f"tests.detectors.{name}")

    for check in CHECKS.values():
        check(read(module), Path(str(module.__file__)), lives(read(module)))


@pytest.mark.parametrize("name", BAD)
def test_a_bad_detector_fails_its_check(bad_ones: BadOnes, name: str) -> None:
    with pytest.raises((AssertionError, AttributeError)):
        CHECKS[BAD[name].check](*bad_ones[name])


@pytest.mark.parametrize("name", sorted(set(BAD) - {"changes_its_mind"}))
def test_a_bad_detector_keeps_every_other_check(bad_ones: BadOnes, name: str) -> None:
    for check in CHECKS.keys() - {BAD[name].check}:
        CHECKS[check](*bad_ones[name])


def test_every_check_has_a_bad_detector() -> None:
    assert {bad.check for bad in BAD.values()} == set(CHECKS)


def claims_of(*names: str) -> ModuleType:
    """Tests of these names, of which those on a strange device ask about one."""
    tests = ModuleType("tests_of_new_device")
    for name in names:
        vars(tests)[name] = claim(login(device="stolen" if name.endswith("strange_device") else "phone"))
    return tests


def claim(event: Login) -> Callable[[], None]:
    def asked() -> None:
        ask(new_device, event, settled())

    return asked


def test_tests_that_claim_enough_are_let_through() -> None:
    two_firing_two_quiet(
        claims_of(
            "test_fires_on_a_strange_device",
            "test_fires_once_more_on_a_strange_device",
            "test_quiet_here",
            "test_quiet_there",
        )
    )


@pytest.mark.parametrize("second", [(), ("test_fires_in_name_only",)])
def test_tests_that_claim_too_little_are_caught(second: tuple[str, ...]) -> None:
    with pytest.raises(AssertionError):
        two_firing_two_quiet(
            claims_of("test_fires_on_a_strange_device", *second, "test_quiet_here", "test_quiet_there")
        )


def test_a_file_that_is_no_detector_is_named() -> None:
    with pytest.raises(ValueError, match="pages lacks SPEC, PARAMS, observe"):
        read(ModuleType("detectors.pages"))


def test_a_detector_that_calls_itself_otherwise_is_named() -> None:
    impostor = ModuleType("detectors.impostor")
    vars(impostor).update(vars(import_module("detectors.new_device")), __name__="detectors.impostor")

    with pytest.raises(ValueError, match="impostor calls itself new_device"):
        read(impostor)
