"""A model file is taken whole and right, or refused with a reason."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import json, to_builtins

from services.risk.features import NAMES, VERSION
from services.risk.model_file import InvalidModel, ModelFile, checksum_of, read_model, written
from tests.services.scoring.models import AMOUNT, DETECTORS, LEAF, model_file, stump


def read(content: bytes, **known: Any) -> ModelFile:
    have = {"features_version": VERSION, "features": NAMES, "detectors": DETECTORS, **known}
    return read_model(content, **have)


def spoilt(**fields: Any) -> bytes:
    """A file with other values, and the checksum that belongs to them."""
    document = {**to_builtins(model_file()), **fields}
    rest = {name: value for name, value in document.items() if name != "checksum"}
    import hashlib

    digest = hashlib.sha256(json.encode({**rest, "checksum": ""}, order="sorted")).hexdigest()
    return json.encode({**document, "checksum": digest})


def test_what_is_written_is_read_back() -> None:
    model = model_file()
    assert read(written(model)) == model


def test_a_version_is_the_name_and_eight_digits_of_the_checksum() -> None:
    model = model_file()
    assert model.version == f"tried+{checksum_of(model)[:8]}"


def test_one_changed_number_is_refused() -> None:
    changed = written(model_file()).replace(b"6.9", b"6.8")
    with pytest.raises(InvalidModel, match=r"^checksum: the content's is [0-9a-f]{64}, the file states '"):
        read(changed)


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (
            {"features_version": VERSION + 1},
            f"trained on {VERSION}, this PayGuard has {VERSION + 1}; train anew",
        ),
        ({"features": NAMES[:-1]}, "features: other names than this PayGuard has"),
        ({"detectors": {"new_payee": 1}}, "detectors.unusual_amount: there is no such detector"),
        ({"detectors": {**DETECTORS, "new_payee": 2}}, "trained on version 1, this PayGuard has 2"),
    ],
)
def test_a_model_of_another_payguard_is_refused(known: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidModel, match=said.replace("+", r"\+")):
        read(written(model_file()), **known)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"format": 2}, "^format: expected 1, got 2$"),
        ({"trees": []}, "^trees: expected 1 to 400, got 0$"),
        ({"calibration": [[0.0, 0.0]]}, "^calibration: expected at least two points$"),
        ({"calibration": [[0.0, 0.0], [1.0, 0.0]]}, r"^calibration\[1\]: both numbers must be above"),
        ({"name": "No Name"}, r"\$\.name"),
        ({"surplus": 1}, "unknown field `surplus`"),
        (
            {"trees": [to_builtins(stump(NAMES.__len__() + 2, 1.0, 0.0, 1.0))]},
            r"^trees\[0\]\.feature\[0\]: expected -1 to",
        ),
        (
            {"trees": [{**to_builtins(LEAF), "value": [0.0, 1.0]}]},
            r"^trees\[0\]\.value: expected 1 entries, got 2$",
        ),
        ({"trees": [{**to_builtins(stump(AMOUNT, 1.0, 0.0, 1.0)), "left": [0, 0, 0]}]}, "node 0 has child 0"),
        ({"trees": [{**to_builtins(stump(AMOUNT, 1.0, 0.0, 1.0)), "left": [2, 0, 0]}]}, "exactly one parent"),
    ],
)
def test_what_is_no_model_is_refused_with_the_place(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidModel, match=said):
        read(spoilt(**fields))


@pytest.mark.parametrize("number", [b"1e999", b"NaN", b"Infinity", b"-1e999"])
def test_a_number_that_is_not_finite_is_refused(number: bytes) -> None:
    with pytest.raises(InvalidModel):
        read(written(model_file()).replace(b"6.9", number))


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(InvalidModel, match=r"^not JSON"):
        read(b"\xff{")
