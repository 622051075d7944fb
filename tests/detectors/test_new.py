"""A newcomer's way: write two files, do the TODOs, pass the suite. Played in a copy of the repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from detectors import new

ROOT = Path(__file__).parents[2]
NAME = "demo_rule"
#: What a newcomer types over each TODO of the detector: a login in the small hours counted by failures in a row.
DETECTOR_DONE = {
    "TODO: in one line, what this detector notices.": "A login after a few failures in a row.",
    "TODO: the events and habits it compares.": "successful logins and the failures before them.",
    "TODO: how an attacker stays out of its sight.": "a first guess that is right.",
    "TODO: which honest people look like this, and what lowers the weight for them.": "the owner mistypes often.",
    "TODO: what the wallet, support or the owner does next.": "tell the owner of the login.",
    "  # TODO: the events it is asked about": "",
    "  # TODO: findings of one family do not add up in full": "",
    "TODO: what happened, {value}; usually": "A login after {value} failures; usually",
    "TODO：发生了什么，{value}；平时为": "失败 {value} 次后登录；平时为",
    '(),  # TODO: ATT&CK techniques, such as "T1078"': '("T1078",),',
    "TODO: what each means; every name ends in its unit.": "Failures in a row that are strange, and their weight.",
    "TODO: what the weight measures (a log-likelihood ratio in nats, 0 to 8).": "The weight does not vary.",
    "0  # TODO: measure the event against the account as it was before it": (
        'profile.failures_in_row if event.outcome == "success" else 0'
    ),
    "  # TODO: True keeps the event out of the profile until its challenge is passed": "",
}
TESTS_DONE = (
    ("what_must_be_seen", "settled(failures_in_row=9)"),
    ("at_the_edge", "settled(failures_in_row=3)"),
    ("below_the_edge", "settled(failures_in_row=2)"),
    ("an_honest_person", "settled(failures_in_row=1)"),
)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("repository")
    for folder in ("contracts", "detectors", "tests/detectors", "services/memory", "services/scoring"):
        ignored = shutil.ignore_patterns("__pycache__", "test_*.py") if "tests" in folder else None
        shutil.copytree(ROOT / folder, root / folder, ignore=ignored)
    # Of the others' tests these are the only ones that hold a new detector to anything.
    shutil.copy(ROOT / "tests/detectors/test_every_detector.py", root / "tests/detectors")
    (root / "services/__init__.py").touch()
    (root / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\npythonpath = .\n")
    return root


def run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )


def suite(root: Path) -> subprocess.CompletedProcess[str]:
    return run(root, "pytest", "-q", "-p", "no:cacheprovider", "tests/detectors", "-k", NAME)


def fill_in(root: Path) -> None:
    detector = root / "detectors" / f"{NAME}.py"
    text = detector.read_text(encoding="utf-8")
    for todo, done in DETECTOR_DONE.items():
        assert text.count(todo) == 1, todo
        text = text.replace(todo, done)
    detector.write_text(text, encoding="utf-8")
    test = root / "tests/detectors" / f"test_{NAME}.py"
    parts = test.read_text(encoding="utf-8").split("\n\n\n")
    for number, (claim, account) in enumerate(TESTS_DONE, start=1):
        assert claim in parts[number]
        lines = [line for line in parts[number].splitlines() if "pytest.fail" not in line]
        parts[number] = "\n".join(lines).replace("settled()", account)
    test.write_text("\n\n\n".join(parts).replace("import pytest\n\n", "") + "\n", encoding="utf-8")


def test_a_fresh_detector_fails_its_tests_until_filled_in_and_then_passes_the_suite(repository: Path) -> None:
    written = run(repository, "detectors.new", NAME)
    assert written.returncode == 0, written.stderr

    fresh = suite(repository)
    assert fresh.returncode == 1, fresh.stdout
    assert 4 == fresh.stdout.count(f"FAILED tests/detectors/test_{NAME}.py"), fresh.stdout

    fill_in(repository)
    filled = suite(repository)
    assert filled.returncode == 0, filled.stdout
    assert "passed" in filled.stdout


def test_both_files_have_the_headings_and_the_four_tests(tmp_path: Path) -> None:
    (tmp_path / "detectors").mkdir()
    (tmp_path / "tests/detectors").mkdir(parents=True)

    detector, test = (path.read_text(encoding="utf-8") for path in new.write(NAME, tmp_path))

    for heading in ("Sees:", "Misses:", "Fires falsely when:", "When it fires:"):
        assert f"\n{heading} TODO" in detector
    assert (test.count("def test_fires"), test.count("def test_quiet")) == (2, 2)


@pytest.mark.parametrize("name", ["Demo", "demo-rule", "../demo", "2demo", ""])
def test_a_name_that_is_no_file_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is not a name"):
        new.write(name, tmp_path)


def test_a_detector_that_exists_is_never_overwritten(capsys: pytest.CaptureFixture[str]) -> None:
    assert new.main(["new_device"]) == 2
    assert "detectors/new_device.py is there already" in capsys.readouterr().err


def test_a_call_without_a_name_says_how_to_call(capsys: pytest.CaptureFixture[str]) -> None:
    assert new.main([]) == 2
    assert "usage" in capsys.readouterr().err
