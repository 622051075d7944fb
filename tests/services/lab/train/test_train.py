"""Training on a small made-up stream, through the commands as people run them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from services.cli.main import app
from services.lab.train.fit import calibration_points, category_odds
from services.lab.train.rows import FeatureTap, Rows
from services.risk.model_file import InvalidModel, written
from services.risk.model_loading import load_model
from tests.services.scoring.models import model_file, stump

FIRST = datetime(2026, 3, 2, tzinfo=UTC)
DAYS, PEOPLE = 24, 30
FRAUD_PAYEE, FROM, TO = "shed", "2026-03-12", "2026-03-21"


def stream() -> Iterator[dict[str, Any]]:
    """Everybody pays about 20 twice a day; in the evening now and then 60 go to a shed, which is always fraud."""
    random = Random(5)
    number = 0
    for day in range(DAYS):
        for person in range(PEOPLE):
            for hour in (9, 18):
                number += 1
                stolen = hour == 18 and random.random() < 0.2
                yield {
                    "type": "transaction",
                    "event_id": f"e{number}",
                    "account_id": f"person-{person}",
                    "occurred_at": (FIRST + timedelta(days=day, hours=hour, minutes=person)).isoformat(),
                    "amount": f"{60 if stolen else random.uniform(15, 25):.2f}",
                    "currency": "EUR",
                    "category": "sheds" if stolen and random.random() < 0.9 else "food",
                    "payee_id": FRAUD_PAYEE if stolen else "shop",
                    "label": {"fraud": stolen},
                }


@pytest.fixture(scope="module")
def events_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("train") / "events.jsonl"
    in_order = sorted(stream(), key=lambda event: str(event["occurred_at"]))
    file.write_text("".join(json.dumps(event) + "\n" for event in in_order))
    return file


def trained(file: Path, out: Path, *flags: str) -> Result:
    days = ("--from", FROM, "--to", TO)
    return CliRunner().invoke(app, ["lab", "train", str(file), "--out", str(out), *days, *flags])


@pytest.fixture(scope="module")
def model(events_file: Path) -> Path:
    out = events_file.with_name("model.json")
    result = trained(events_file, out, "--trees", "25")
    assert result.exit_code == 0, result.output
    assert "Reliability on held-out days" in result.output
    return out


def decisions(file: Path, *flags: str) -> list[dict[str, Any]]:
    result = CliRunner().invoke(app, ["replay", str(file), *flags])
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_the_same_rows_give_the_same_file(events_file: Path, model: Path) -> None:
    again = model.with_name("again.json")
    assert trained(events_file, again, "--trees", "25").exit_code == 0
    assert again.read_bytes() == model.read_bytes()


def test_a_model_ranks_what_it_has_learnt_first_and_says_why(events_file: Path, model: Path) -> None:
    after = 2 * 2 * PEOPLE
    last_days = decisions(events_file, "--model", str(model), "--explain", "en")[-after:]
    lines = [json.loads(line) for line in events_file.read_text().splitlines()][-after:]
    bad = {line["event_id"] for line in lines if line["label"]["fraud"]}
    ranked = sorted(last_days, key=lambda decision: -decision["risk"])
    first = {decision["event_id"] for decision in ranked[: len(bad)]}
    assert len(first & bad) > 0.7 * len(bad) > 2
    worst = ranked[0]
    assert worst["model_version"].startswith("trained-to-2026-03-21+")
    assert any(finding["detector"] == "learned_pattern" for finding in worst["findings"])
    assert sum(finding.get("share", 0) for finding in worst["findings"]) == worst["score"]
    assert any("past payments like this one" in sentence for sentence in worst["words"])


def test_a_decision_that_a_model_made_holds_the_counts_it_read(tmp_path: Path) -> None:
    calm, model = tmp_path / "calm.jsonl", tmp_path / "model.json"
    model.write_bytes(written(model_file(stump(0, 6.9, -3.0, 4.0), detectors={})))
    events = islice((event for event in stream() if event["account_id"] == "person-1"), 6)
    calm.write_text("".join(json.dumps(event) + "\n" for event in events))
    made = decisions(calm, "--model", str(model))

    assert any(not decision.get("findings") for decision in made)
    assert all("payee_count_30d" in decision["tallies"] for decision in made)


def test_without_a_model_decisions_name_none(events_file: Path) -> None:
    assert all("model_version" not in decision for decision in decisions(events_file))


def test_the_file_holds_numbers_and_no_account_or_payee(model: Path) -> None:
    text = model.read_text()
    assert "person-" not in text
    assert FRAUD_PAYEE not in text.replace("sheds", "")


def test_provenance_says_what_it_was_trained_on(model: Path) -> None:
    loaded = load_model(model)
    assert loaded is not None
    of = loaded.file.provenance
    assert (of.trained_from, of.trained_to, of.events) == (FROM, TO, 10 * PEOPLE * 2)
    assert sum(each.events for each in of.reliability) == of.events


def test_a_spoilt_file_is_refused_at_start_in_one_sentence(events_file: Path, model: Path) -> None:
    spoilt = model.with_name("spoilt.json")
    spoilt.write_bytes(model.read_bytes().replace(b'"base":-', b'"base":-1'))
    with pytest.raises(InvalidModel, match=r"spoilt\.json: checksum: the content's is"):
        load_model(spoilt)


def test_too_few_frauds_are_said(events_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "model.json"
    command = ["lab", "train", str(events_file), "--from", FROM, "--to", FROM, "--out", str(out)]
    result = CliRunner().invoke(app, command)
    assert result.exit_code != 0
    assert "are needed" in str(result.exception)
    assert not out.exists()


def test_a_written_model_is_what_was_loaded(model: Path) -> None:
    loaded = load_model(model)
    assert loaded is not None
    assert written(loaded.file) == model.read_bytes()


def test_calibration_points_rise_in_both_numbers_whatever_the_scores() -> None:
    random = np.random.default_rng(3)
    raw = np.round(random.normal(size=4000), 1)
    frauds = (random.random(4000) < 0.1).astype(np.float64)
    points = calibration_points(raw, frauds)
    assert len(points) >= 2
    assert all(a[0] < b[0] and a[1] < b[1] for a, b in pairwise(points))


@pytest.mark.parametrize(("frauds", "points"), [(30, 3), (40, 4), (400, 16)])
def test_a_point_of_the_calibration_stands_for_ten_frauds_up_to_sixteen_points(
    frauds: int, points: int
) -> None:
    """Frauds are ever denser towards the highest scores, so that no two bins are pooled."""
    gaps = np.repeat(np.arange(frauds, 0, -1), 2)
    fraud = np.concatenate([[*[0.0] * int(gap), 1.0] for gap in gaps[::2]])
    raw = np.arange(len(fraud), dtype=np.float64)

    assert len(calibration_points(raw, fraud)) == points


def test_what_a_category_says_of_a_row_comes_from_other_days_alone() -> None:
    random = Random(3)
    days = np.repeat(np.arange(10, dtype=np.int32), 200)
    frauds = np.array([float(random.random() < 0.1) for _ in days])
    rows = Rows(FeatureTap(0.0, 1.0))
    rows.category_names["food"] = 0
    rows.categories.extend([0] * len(days))

    _, column = category_odds(rows, frauds, days)

    for day in range(10):
        assert len(set(column[days == day].tolist())) == 1, "the row's own truth must not show"
