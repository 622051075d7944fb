"""A channel is tried by one letter that says it is a test, and what the other side says is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.errors import Malformed
from notifier.channels.apprise_url import AppriseChannel
from notifier.channels.mail_folder import FolderMail
from notifier.short import parts
from notifier.trial import Tried, address_of, channel_of, letter, tried
from notifier.words import LOCALES
from services.platform.database import Database
from services.platform.settings import Settings
from tests.notifier.doubles import HttpDouble


@pytest.mark.parametrize(("locale", "mark"), [("en", "UPay (test)"), ("zh-CN", "UPay（测试）")])
def test_every_form_of_the_sample_says_that_it_is_a_test(locale: str, mark: str) -> None:
    sample = letter("UPay", "li@upay.example", locale)

    assert sample.subject.startswith(("Test: ", "测试："))
    assert sample.short.title.startswith(("Test: ", "测试："))
    assert all(mark in said for said in (sample.text, sample.html, sample.short.text))
    assert parts(sample.short.text) <= 2
    assert "https://" not in sample.text + sample.short.text
    assert locale in LOCALES


async def test_a_letter_that_was_taken_has_the_name_that_the_provider_gave_it(tmp_path: Path) -> None:
    sample = letter("UPay", "li@upay.example", "en")

    assert await tried(FolderMail(tmp_path, "a@upay.example"), sample, "test-1", 0.0) == Tried(taken=True)
    assert (tmp_path / "test-1.eml").is_file()


async def test_what_a_provider_says_is_told_to_whoever_tries() -> None:
    async with HttpDouble() as double:
        double.status = 503
        url = f"json://127.0.0.1:{double.port}/send?:to={{to}}&cto=5&rto=5"
        found = await tried(
            AppriseChannel("sms", url, texts=True), letter("UPay", "+8613800138000", "en"), "test-1", 0.0
        )

    assert (found.taken, found.again) == (False, True)
    assert "did not take it" in found.said
    assert "503" in found.said


@pytest.mark.parametrize(
    ("channel", "says"),
    [("fax", "mail, push, web_push, chat, sms"), ("inbox", "not inbox"), ("sms", "PAYGUARD_SMS_URL")],
)
def test_a_channel_that_cannot_be_tried_says_why(channel: str, says: str, database: Database) -> None:
    with pytest.raises(Malformed, match=says):
        channel_of(channel, Settings(), database)


@pytest.mark.parametrize(
    ("channel", "to", "says"),
    [
        ("mail", "li", "name@example.com"),
        ("mail", "li @x.example", "name@example.com"),
        ("sms", "13800138000", "E.164"),
        ("push", "https://a.example", "token"),
        ("web_push", "{}", "subscription"),
    ],
)
def test_an_address_of_another_form_is_refused_by_its_rule(channel: str, to: str, says: str) -> None:
    with pytest.raises(Malformed, match=says):
        address_of(channel, to, Settings())
