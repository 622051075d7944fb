"""Every finding of every story is said in the reader's language, with figures that people can read."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator

import pytest

from contracts.decisions import Decision
from detectors import discover
from services.bootstrap.pipelines import offline_core
from services.lab.simulate.simulate import Simulation, plant, simulate
from services.lab.simulate.stories import stories_named
from services.platform.settings import Settings
from services.replay.offline import offline_records
from services.scoring.explain import reasons_of, sentence
from services.scoring.wording import LOCALES

MONDAY_S = 1_767_571_200
REASONS = reasons_of(found.spec for found in discover())
#: A figure with more than two decimals, in scientific notation, or not a number at all.
UNREADABLE = re.compile(r"\d\.\d{3,}|\de[+-]?\d|\bnan\b|\binf\b|\{|\}")


@pytest.fixture(scope="module")
def decisions() -> list[Decision]:
    simulation = Simulation(60, 20, 11, MONDAY_S, stories_named("all"), "e11")
    plant(simulation)
    events = [each.event for each in simulate(simulation)]
    core = offline_core(Settings())
    answered: list[Decision] = []
    for start in range(0, len(events), 500):
        part = offline_records(events[start : start + 500], start)
        answered += asyncio.run(core.decide(part)).decisions
    return answered


def said(decisions: list[Decision], locale: str) -> Iterator[tuple[str, str, str]]:
    for decision in decisions:
        for finding in decision.findings:
            yield finding.detector, finding.reason, sentence(finding, locale, REASONS)


@pytest.mark.parametrize("locale", LOCALES)
def test_every_sentence_has_the_facts_it_asks_for(decisions: list[Decision], locale: str) -> None:
    assert {detector for detector, reason, words in said(decisions, locale) if words == reason} == set()


@pytest.mark.parametrize("locale", LOCALES)
def test_no_figure_is_longer_than_people_read(decisions: list[Decision], locale: str) -> None:
    odd = {(detector, words) for detector, _, words in said(decisions, locale) if UNREADABLE.search(words)}

    assert odd == set()


def test_shares_of_acting_findings_add_up_to_the_score(decisions: list[Decision]) -> None:
    for decision in decisions:
        acting = [finding for finding in decision.findings if finding.mode == "on"]
        if acting:
            assert sum(finding.share for finding in acting) == decision.score


def test_the_stories_make_most_detectors_speak(decisions: list[Decision]) -> None:
    spoke = {finding.detector for decision in decisions for finding in decision.findings}

    assert len(spoke) >= 12
