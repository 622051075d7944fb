"""Kinds of cases as data: every file is whole, and a file that is not says all that is wrong with it."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

from contracts.report_kinds import RULES
from services.cases.kind_contract import contract_page
from services.cases.kind_files import PLACEHOLDERS, KindFault, kinds, parse_kind
from services.portal.wording import catalogue

ROOT = Path(__file__).parents[3]
WHOLE = files("services.cases").joinpath("kinds/dispute.toml").read_text("utf-8")


def test_the_contracts_are_written_from_the_files() -> None:
    assert (ROOT / "contracts/kind_rows.py").read_text("utf-8") == contract_page()
    assert {*RULES, "risk"} == {*kinds()}


@pytest.mark.parametrize("name", kinds())
def test_a_kind_has_steps_ends_and_messages_in_both_languages(name: str) -> None:
    kind = kinds()[name]

    assert kind.steps
    assert kind.waiting
    assert kind.macros
    assert [name for name in RULES if name in kinds()] == [*RULES]
    said = [each.said for part in (kind.steps, kind.waiting, kind.macros, kind.closings) for each in part]
    assert all(re.search("[\u4e00-\u9fff]", each.zh) for each in said)
    assert not any(re.search("[\u4e00-\u9fff]", each.en) for each in said)


def test_what_owners_read_of_a_kind_stands_in_the_pages_words() -> None:
    assert catalogue()["report.title_dispute"]["zh-CN"] == "对一笔交易有异议"
    assert catalogue()["outcome.fraud"]["en"] == "It was somebody else"
    assert catalogue()["step.dispute_contacted"]["en"] == "We asked the other side"


def test_a_file_says_all_its_faults_at_once_with_place_wish_and_find() -> None:
    broken = (
        WHOLE.replace('severity = "medium"', 'severity = "dire"')
        .replace("order = 2", 'order = "second"')
        .replace('query = "device"', 'query = "weather"')
        .replace('who = ["senior", "security", "admin"]', 'who = ["boss"]')
        .replace('[[waiting]]\nname = "offer"', '[[waiting]]\nnote = "x"\nname = "offer"')
    )

    with pytest.raises(KindFault) as told:
        parse_kind("dispute", broken)
    lines = str(told.value).splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "kinds/dispute.toml.order",
        "kinds/dispute.toml.severity",
        "kinds/dispute.toml.closings[4].who[1]",
        "kinds/dispute.toml.evidence[3].query",
        "kinds/dispute.toml.waiting[3].note",
    ]
    assert "which is 'dire'" in lines[1]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('field = "offer"', 'field = "price"', "steps.offer.field: expected one of"),
        ('macro = "for_owner"', 'macro = "hello"', "closings.for_owner.macro: expected one of"),
        ('key = "c"', 'key = "u"', "closings.key: expected each once, got 'u' twice"),
        ("We asked {payee}", "We asked {shop}", "got {shop}"),
        ("{regulator} with", "them with", "the same names in both languages"),
        ("[owner]", "[owner", "kinds/dispute.toml:"),
        ('about = "a payment they dispute"', "", "a kind that owners cannot report"),
    ],
)
def test_what_a_file_names_must_be_there(old: str, new: str, told: str) -> None:
    assert old in WHOLE
    with pytest.raises(KindFault, match=re.escape(told)):
        parse_kind("dispute", WHOLE.replace(old, new, 1))


def test_every_placeholder_is_used() -> None:
    said = " ".join(macro.text.en for kind in kinds().values() for macro in kind.macros)
    assert {*re.findall(r"\{(\w+)\}", said)} == PLACEHOLDERS
