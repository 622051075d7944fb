"""Letters of the outbox as the demonstration's page frames them."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest

from notifier.channels.mail_folder import FolderMail
from notifier.preview import shots
from services.lab.demo.letters import Letters, as_page

SHOTS = shots("UPay", ["en", "zh-CN"])
TO = frozenset({"reader@wallet.example"})


@pytest.mark.parametrize("shot", SHOTS[:: max(len(SHOTS) // 12, 1)], ids=lambda shot: shot.name)
def test_a_letter_is_shown_by_its_one_style_alone(shot: object) -> None:
    page = as_page(shot.letter.html)  # type: ignore[attr-defined]
    assert page is not None
    (style,) = re.findall(r"<style>(.*?)</style>", page.html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    assert page.style_hash == f"sha256-{digest}"
    assert not re.search(r"<[^>]* style=", page.html)
    assert '<base target="_blank">' in page.html


def test_the_style_of_a_mail_s_lines_is_named_as_a_browser_reads_it() -> None:
    html = SHOTS[0].letter.html

    assert as_page(html.replace("\n", "\r\n")) == as_page(html)


async def test_the_newest_letter_comes_first_and_others_letters_are_nobody_s_business(tmp_path: Path) -> None:
    mail = FolderMail(tmp_path, "security@upay.example")
    for number, shot in enumerate(SHOTS[:3]):
        await mail.send(shot.letter, f"key-{number}", 1_700_000_000.0 + number)
    letters = Letters(tmp_path)

    assert [mail.subject for mail in letters.to(TO)] == [shot.letter.subject for shot in SHOTS[2::-1]]
    assert letters.to(frozenset({"somebody@else.example"})) == []
    assert [mail.at for mail in letters.to(TO)] == [1_700_000_002.0, 1_700_000_001.0, 1_700_000_000.0]


async def test_only_a_letter_that_was_listed_is_shown(tmp_path: Path) -> None:
    await FolderMail(tmp_path / "outbox", "security@upay.example").send(SHOTS[0].letter, "key", 1.0)
    (tmp_path / "secret.eml").write_text("Subject: x\n\nx")
    letters = Letters(tmp_path / "outbox")
    (listed,) = letters.to(TO)

    assert letters.page(listed.name) is not None
    for name in ("../secret.eml", "secret.eml", "", "key.mail"):
        assert letters.page(name) is None


def test_a_folder_that_is_not_there_yet_has_no_letters(tmp_path: Path) -> None:
    assert Letters(tmp_path / "none").to(TO) == []
