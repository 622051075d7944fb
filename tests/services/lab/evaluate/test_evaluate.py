"""Evaluation on small made-up streams, through the command as people run it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from services.cli.main import app

FIRST = datetime(2026, 3, 2, tzinfo=UTC)
TEST_FROM, TEST_TO = "2026-03-23", "2026-03-29"


def stream(days: int = 28, people: int = 30) -> Iterator[dict[str, Any]]:
    """Each person pays about 20 twice a day; from the fourth week on every tenth person loses 2,000 once a day."""
    random = Random(5)
    number = 0
    for day in range(days):
        for person in range(people):
            for hour in (9, 18):
                stolen = day >= 21 and person % 10 == 0 and hour == 18
                number += 1
                yield {
                    "type": "transaction",
                    "event_id": f"e{number}",
                    "account_id": f"person-{person}",
                    "occurred_at": (FIRST + timedelta(days=day, hours=hour, minutes=person)).isoformat(),
                    "amount": "2000.00" if stolen else f"{random.uniform(15, 25):.2f}",
                    "currency": "EUR",
                    "payee_id": "shop",
                    "label": {"fraud": stolen, "scenario": "drain" if stolen else 0},
                }


@pytest.fixture
def events_file(tmp_path: Path) -> Path:
    file = tmp_path / "events.jsonl"
    in_order = sorted(stream(), key=lambda event: str(event["occurred_at"]))
    file.write_text("".join(json.dumps(event) + "\n" for event in in_order))
    return file


def evaluated(file: Path, *flags: str) -> dict[str, Any]:
    figures: dict[str, Any] = json.loads(ran(file, "--json", *flags).stdout)
    return figures


def ran(file: Path, *flags: str) -> Result:
    result = CliRunner().invoke(
        app, ["evaluate", str(file), "--test-from", TEST_FROM, "--test-to", TEST_TO, *flags]
    )
    assert result.exit_code == 0, result.output
    return result


def test_frauds_that_stand_out_are_ranked_above_the_rest(events_file: Path) -> None:
    figures = evaluated(events_file)

    assert figures["auc"] > 0.99
    assert figures["ap"] > 0.9
    assert figures["recall_at_1pct_fpr"] > 0.9
    assert figures["frauds"] == 21
    assert figures["events"] == 420


def test_card_precision_finds_each_card_once(events_file: Path) -> None:
    assert evaluated(events_file)["cp100"] == pytest.approx(3 / 100 / 7)


def test_each_measure_has_an_interval_around_it(events_file: Path) -> None:
    figures = evaluated(events_file)

    for name in ("auc", "ap", "cp100", "recall_at_1pct_fpr"):
        low, high = figures["intervals"][name]
        assert low <= figures[name] <= high


def test_scenarios_are_measured_one_by_one(events_file: Path) -> None:
    assert evaluated(events_file)["scenarios"]["drain"]["frauds"] == 21


def test_the_same_seed_gives_the_same_figures(events_file: Path) -> None:
    assert evaluated(events_file, "--seed", "3") == evaluated(events_file, "--seed", "3")


def test_accounts_known_from_earlier_frauds_are_left_out(events_file: Path) -> None:
    kept = evaluated(events_file, "--keep-known", "--label-delay-days", "2")
    left_out = evaluated(events_file, "--label-delay-days", "2")

    assert (kept["frauds"], left_out["frauds"]) == (21, 9)


def test_several_folds_give_means_and_each_fold(events_file: Path) -> None:
    flags = ("--test-from", "2026-03-27", "--test-to", "2026-03-29", "--label-delay-days", "7")
    result = CliRunner().invoke(app, ["evaluate", str(events_file), *flags, "--folds", "2", "--json"])
    figures = json.loads(result.stdout)

    assert [fold["test_from"] for fold in figures["folds"]] == ["2026-03-27", "2026-03-24"]
    assert figures["auc"] == pytest.approx(sum(fold["overall"]["auc"] for fold in figures["folds"]) / 2)


def test_events_without_a_label_teach_and_are_not_measured(events_file: Path) -> None:
    lines = [json.loads(line) for line in events_file.read_text().splitlines()]
    for event in lines[::2]:
        if not event["label"]["fraud"]:
            del event["label"]
    events_file.write_text("".join(json.dumps(event) + "\n" for event in lines))

    assert evaluated(events_file)["frauds"] == 21
    assert evaluated(events_file)["events"] < 300


def test_a_packed_file_gives_the_same_figures(events_file: Path) -> None:
    packed = events_file.with_suffix(".jsonl.gz")
    packed.write_bytes(gzip.compress(events_file.read_bytes()))

    assert evaluated(packed) == evaluated(events_file)


def test_the_table_names_the_scenarios(events_file: Path) -> None:
    assert "drain" in ran(events_file).output


def test_days_without_fraud_are_said_to_hold_nothing_to_measure(events_file: Path) -> None:
    result = CliRunner().invoke(
        app, ["evaluate", str(events_file), "--test-from", "2026-03-16", "--test-to", "2026-03-17"]
    )

    assert result.exit_code != 0
    assert "holds no labelled fraud" in str(result.exception)


def test_days_in_the_wrong_order_are_refused(events_file: Path) -> None:
    result = CliRunner().invoke(
        app, ["evaluate", str(events_file), "--test-from", "2026-03-17", "--test-to", "2026-03-16"]
    )

    assert result.exit_code == 2
