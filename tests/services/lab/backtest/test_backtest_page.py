"""A backtest is told in words, tables and a page that needs nothing from elsewhere; the command says what is wrong."""

from __future__ import annotations

import gzip
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from msgspec import json
from typer.testing import CliRunner

from contracts.actions import ACTIONS
from services.cli.main import app
from services.lab.backtest.comparison import Comparison
from services.lab.backtest.page import page
from services.lab.backtest.summary import LOCALES, texts
from tests.services.lab.backtest.backtested import compared


class Outline(HTMLParser):
    """The tags of a page, and which of them were left open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "input", "line", "circle"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("locale", LOCALES)
def test_the_page_stands_alone_and_can_be_heard(comparison: Comparison, locale: str) -> None:
    text = page(comparison, locale)
    outline = Outline(text)

    assert outline.open == []
    assert not re.search(r"https?:|<script|@import|url\(|src=", text)
    plots = [attributes for tag, attributes in outline.tags if tag == "svg"]
    assert len(plots) >= 6
    assert all(attributes["role"] == "img" for attributes in plots)
    assert text.count("<desc ") == len(plots)
    assert sum(tag == "details" for tag, _ in outline.tags) >= 3
    assert ("html", {"lang": locale}) in outline.tags


def test_both_languages_have_every_text_with_the_same_blanks() -> None:
    blanks = {
        locale: {name: set(re.findall(r"\{\w+\}", text)) for name, text in texts(locale).items()}
        for locale in LOCALES
    }

    assert blanks["en"] == blanks["zh-CN"]


def test_what_events_are_called_cannot_break_the_page(tmp_path: Path, strict: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text(
        '{"type":"login","event_id":"e1","account_id":"a","occurred_at":1767571200000,"outcome":"success",'
        '"label":{"fraud":true,"scenario":"<b>&"}}'
    )

    text = page(compared(file, None, strict), "en")

    assert "<b>&" not in text
    assert "&lt;b&gt;&amp;" in text


def test_the_command_writes_a_page_and_prints_figures_of_a_packed_file(
    life: Path, strict: Path, tmp_path: Path
) -> None:
    packed, out = tmp_path / "life.jsonl.gz", tmp_path / "report.html"
    packed.write_bytes(gzip.compress(life.read_bytes()))

    ran = CliRunner().invoke(
        app, ["backtest", str(packed), "--policy", str(strict), "--out", str(out), "--json"]
    )

    assert ran.exit_code == 0, ran.output
    figures = json.decode(ran.stdout)
    assert set(figures["matrix"]) == set(ACTIONS)
    assert [side["policy"] for side in figures["sides"]] == ["default", "strict"]
    assert out.read_text("utf-8").startswith("<!doctype html>")


def test_tables_come_in_the_readers_language(life: Path, strict: Path) -> None:
    ran = CliRunner().invoke(app, ["backtest", str(life), "--policy", str(strict), "--lang", "zh-CN"])

    assert ran.exit_code == 0, ran.output
    assert "策略回测" in ran.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-", "--policy", "{strict}"], "read twice"),
        (["{life}", "--policy", "{bad}"], "thresholds.login.challenge"),
        (["{life}", "--policy", "{missing}"], "there is no file"),
        (["{life}", "--policy", "{strict}", "--policy", "{strict}", "--policy", "{strict}"], "once or twice"),
    ],
)
def test_wrong_usage_is_said_in_one_sentence(
    arguments: list[str], said: str, life: Path, strict: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text('version = "x"\n[thresholds.login]\nchallenge = 7\n')
    paths = {"life": life, "strict": strict, "bad": bad, "missing": tmp_path / "none.toml"}
    filled = [argument.format(**paths) for argument in arguments]

    ran = CliRunner().invoke(app, ["backtest", *filled], env={"COLUMNS": "400"})

    assert ran.exit_code == 2
    assert said in re.sub(r"\s+", " ", ran.output)
