"""`payguard notify`."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cases.references import reference
from services.cases.repository import keep
from services.cli.main import app
from services.platform.database import Database
from tests.services.cases.decided import no_challenges, notify, recorded


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
    for short in ("SMS", "Push, chat, browser", "Wallet inbox"):
        assert page.count(f'<dt lang="en">{short}</dt>') == len(letters)
    assert page.count(" part</span>") + page.count(" parts</span>") == len(letters)


@pytest.mark.parametrize("wrong", [["--locale", "fr"], ["--out", "/dev/null/letters"]])
def test_a_language_or_folder_that_cannot_be_is_a_usage_error(wrong: list[str], tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["notify", "preview", "--out", str(tmp_path), *wrong]).exit_code == 2


def test_a_letter_of_ours_is_found_by_its_reference_and_a_fake_is_not(
    tmp_path: Path, migrated_file: Path
) -> None:
    shutil.copy(migrated_file, tmp_path / "test.db")
    url, effect = f"sqlite:///{tmp_path / 'test.db'}", notify("e1", "deny_notice")

    async def fill() -> None:
        database = Database(url)
        async with database.begin() as connection:
            await keep(connection, [recorded("e1", "li", (effect,))], no_challenges)
        await database.close()

    asyncio.run(fill())
    looked = ["notify", "show", "--database", url]
    ours = CliRunner().invoke(app, [*looked, reference(effect.effect_id).lower()])
    fake = CliRunner().invoke(app, [*looked, "PG-2222-22"])

    assert (ours.exit_code, fake.exit_code) == (0, 1)
    assert ours.stdout.startswith("ours: deny_notice to account li, ")
    assert "no letter of ours" in fake.output


def test_a_channel_is_tried_by_a_sample_that_goes_where_the_operator_says(tmp_path: Path) -> None:
    folder = {"PAYGUARD_OUTBOX_DIR": str(tmp_path), "PAYGUARD_DATABASE": f"sqlite:///{tmp_path / 'none.db'}"}
    asked = ["notify", "test", "--channel", "mail", "--to", "li@upay.example", "--language", "zh-CN"]
    done = CliRunner().invoke(app, asked, env=folder)
    wrong = CliRunner().invoke(app, [*asked[:2], "--channel", "sms", "--to", "+8613800138000"], env=folder)

    assert done.exit_code == 0, done.output
    assert done.stdout == "mail took it\n"
    (written,) = tmp_path.glob("test-*.eml")
    assert b"To: li@upay.example" in written.read_bytes()
    assert "PAYGUARD_SMS_URL" in str(wrong.exception)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ([], "say which"),
        (["PG-1"], "PG-7F3K-92"),
        (["--channel", "fax"], "--channel takes"),
        (["--failed-since", "yesterday"], "90m, 2h or 3d"),
        (["--failed-since", "2026-11-30"], "90m, 2h or 3d"),
    ],
)
def test_a_retry_of_nothing_that_can_be_meant_is_a_usage_error(
    given: list[str], says: str, tmp_path: Path, migrated_file: Path
) -> None:
    shutil.copy(migrated_file, tmp_path / "test.db")
    done = CliRunner().invoke(
        app, ["notify", "retry", "--database", f"sqlite:///{tmp_path / 'test.db'}", *given]
    )

    assert done.exit_code == 2
    assert says in " ".join(done.output.replace("│", " ").split())


def test_a_retry_says_how_many_wait_again(tmp_path: Path, migrated_file: Path) -> None:
    shutil.copy(migrated_file, tmp_path / "test.db")
    url = f"sqlite:///{tmp_path / 'test.db'}"
    done = CliRunner().invoke(app, ["notify", "retry", "--database", url, "--failed-since", "2h", "--json"])

    assert done.exit_code == 0, done.output
    assert done.stdout == '{"again":{},"left":0}\n'
