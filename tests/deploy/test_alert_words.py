"""What alerts say: in both languages, with how much, and with a link that can be followed."""

from __future__ import annotations

import re

import pytest

from deploy.prometheus.generate import ALERTS
from deploy.prometheus.wording import TEXTS, VALUE, filled, templates, words

_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_GAP = re.compile(r"\{(\w+)\}")
_VALUES = {"n", "part", "time"}


@pytest.mark.parametrize("alert", ALERTS.values(), ids=lambda alert: alert.name)
def test_an_alert_says_what_and_what_to_do_first_in_both_languages(alert: object) -> None:
    texts = words()[getattr(alert, "words", "") or getattr(alert, "name", "")]

    assert tuple(texts) == TEXTS
    for name, text in texts.items():
        assert text.endswith("。" if name.endswith("_zh") else "."), text
        assert bool(_CHINESE.search(text)) == name.endswith("_zh"), text
    for one, other in (("summary", "summary_zh"), ("description", "description_zh")):
        assert set(_GAP.findall(texts[one])) == set(_GAP.findall(texts[other]))


def test_all_words_belong_to_an_alert() -> None:
    assert set(words()) == {alert.words or alert.name for alert in ALERTS.values()}


def test_the_labels_that_a_text_names_are_those_that_its_expression_keeps() -> None:
    for alert in ALERTS.values():
        named = {gap for text in words()[alert.words or alert.name].values() for gap in _GAP.findall(text)}
        kept = {
            label.strip()
            for found in re.findall(r"by \(([^)]*)\)", alert.expression)
            for label in found.split(",")
        }
        # A comparison of `up` alone keeps all its labels.
        kept |= {"job", "instance"} if alert.expression.startswith("up{") else set()
        assert named - _VALUES - set(alert.gaps) <= kept, alert.name


def test_a_link_stays_in_the_repository_where_nobody_said_where_the_runbooks_are() -> None:
    link = templates(ALERTS["NoWorker"])["runbook_url"]

    assert link == '{{ or $externalLabels.runbooks "docs/runbooks" }}/no-worker.md'
    assert (
        filled(ALERTS["NoWorker"], {}, "https://wiki.example")["runbook_url"]
        == "https://wiki.example/no-worker.md"
    )


def test_a_value_reaches_people_in_its_own_form() -> None:
    told = templates(ALERTS["DecisionsBurn14x"])["summary"]

    assert told.startswith("{{ $value | humanizePercentage }} of the events of the last 1h")
    assert filled(ALERTS["DecisionsBurn14x"], {VALUE: "2.5%"}, "")["summary"].startswith("2.5% of the events")
