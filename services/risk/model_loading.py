"""Reads a model file from disk and makes a model of it."""

from __future__ import annotations

from pathlib import Path

from contracts.events import Transaction
from detectors import discover
from services.risk.features import NAMES, VERSION
from services.risk.model import Model
from services.risk.model_file import InvalidModel, read_model


def learnable_detectors() -> dict[str, int]:
    """The detectors whose findings a model may learn, with their versions: those of transactions."""
    return {
        found.spec.name: found.spec.version for found in discover() if Transaction in found.spec.event_types
    }


def load_model(path: Path | None) -> Model | None:
    """The model of a file, or None without one. Raises InvalidModel that names the file, FileNotFoundError."""
    if path is None:
        return None
    try:
        return Model(read_model(path.read_bytes(), VERSION, NAMES, learnable_detectors()))
    except InvalidModel as error:
        raise InvalidModel(f"{path}: {error}") from None
