"""No two Python files say the same at length: what two places need is written once."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.house.repetition import repeated

ROOT = Path(__file__).parents[2]
MOST_LINES = 15


def counting(name: str, lines: int) -> str:
    """A function of so many lines that holds its name, and others made of it, in all of them."""
    return (
        f'def {name}(of: int) -> int:\n    """What {name} is."""\n'
        + f'    {name}_d["{name}"] = of + 7\n' * (lines - 1)
    )


@pytest.mark.parametrize(("lines", "runs"), [(15, []), (16, [16]), (40, [40])])
def test_a_function_that_stands_again_under_other_names_is_found_from_sixteen_lines_on(
    lines: int, runs: list[int]
) -> None:
    files = [("a.py", counting("one", lines)), ("b.py", "import os\n\n\n" + counting("other", lines))]

    assert [each.lines for each in repeated(files, MOST_LINES)] == runs


def test_a_run_is_told_by_its_first_lines_though_comments_and_blank_lines_lie_between() -> None:
    ours = counting("one", 20).splitlines()
    theirs = ["", "# why", *ours[:9], "", "    # because", *ours[9:]]
    (found,) = repeated([("a.py", "\n".join(ours)), ("b.py", "\n".join(theirs))], MOST_LINES)

    assert (found.path, found.line, found.other, found.other_line, found.lines) == ("a.py", 1, "b.py", 3, 20)


@pytest.mark.parametrize(
    "text",
    [
        "from a import b\n" * 40,
        "class Row:\n" + "    field: int = 1\n" * 40,
        "TABLE = (\n" + "    row(1, 2),\n" * 40 + ")\n",
        "@cases(\n" + "    1,\n" * 40 + ")\ndef test() -> None:\n    pass\n",
        "def one() -> None:\n    known = {\n" + "        'a': 1,\n" * 40 + "    }\n",
        'def one() -> None:\n    """Meaning.\n' + "\n    Words.\n" * 40 + '    """\n',
    ],
    ids=["imports", "fields", "a table", "cases", "a literal", "a docstring"],
)
def test_tables_and_texts_may_look_alike(text: str) -> None:
    assert repeated([("a.py", text), ("b.py", text)], MOST_LINES) == []


def test_another_sign_or_keyword_is_another_shape() -> None:
    other = counting("one", 20).replace(" + ", " - ", 10)

    assert repeated([("a.py", counting("one", 20)), ("b.py", other)], MOST_LINES) == []


def test_no_two_files_share_more_than_fifteen_lines_of_the_same_shape() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = [
        path for path in listed.stdout.splitlines() if "/migrations/" not in path and (ROOT / path).is_file()
    ]

    assert repeated(((path, (ROOT / path).read_text("utf-8")) for path in paths), MOST_LINES) == []
