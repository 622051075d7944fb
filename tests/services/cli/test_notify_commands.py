"""`payguard notify preview`."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli.main import app


def test_a_preview_is_a_page_of_every_letter_and_a_file_for_each(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["notify", "preview", "--out", str(tmp_path), "--locale", "en"])
    page = (tmp_path / "index.html").read_text("utf-8")
    letters = [path.name for path in tmp_path.glob("*.dark.html")]

    assert done.exit_code == 0, done.output
    assert f"{len(letters)} letters" in done.output
    assert letters
    assert all(f'src="{name}"' in page for name in letters)
    assert not any(name.endswith("zh-CN.dark.html") for name in letters)
    assert "@media not all" in (tmp_path / "deny_notice-transaction-1-en.html").read_text("utf-8")
    assert 'src="http' not in page


@pytest.mark.parametrize("wrong", [["--locale", "fr"], ["--out", "/dev/null/letters"]])
def test_a_language_or_folder_that_cannot_be_is_a_usage_error(wrong: list[str], tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["notify", "preview", "--out", str(tmp_path), *wrong]).exit_code == 2
