"""A trained model as data: a versioned, checksummed JSON document, and the reader that refuses whatever is not one. Pure.

Trees are arrays of numbers. Node i of a tree sends a vector to `left[i]` when its feature is at most `threshold[i]`, else to
`right[i]`; children come after their parent; `feature[i]` -1 marks a leaf. `value[i]` is in nats: of a leaf what it adds, of
an inner node the mean of its leaves as the training met them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from math import isfinite
from typing import Annotated, Any

from msgspec import Meta, Struct, ValidationError, convert, json, structs, to_builtins

FORMAT = 1
MOST_TREES, MOST_NODES = 400, 127
_LEAF = -1

Name = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9_.-]{0,39}$")]


class InvalidModel(ValueError):
    """The model file is refused; the message says what is wrong and where."""


class Tree(Struct, frozen=True, forbid_unknown_fields=True):
    """One tree, by node."""

    feature: tuple[int, ...]
    threshold: tuple[float, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    value: tuple[float, ...]


class Bin(Struct, frozen=True, forbid_unknown_fields=True):
    """A point of the reliability curve on held-out days: the mean risk said of `events`, and the share that was fraud."""

    events: int
    said: float
    found: float


class Provenance(Struct, frozen=True, forbid_unknown_fields=True):
    """What the model was trained on: days (UTC, both included), counts, delay of the labels, digest of the rows."""

    trained_from: str
    trained_to: str
    events: int
    frauds: int
    label_delay_days: int
    data_digest: str
    reliability: tuple[Bin, ...] = ()


class ModelFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A model file. `detectors` are those whose findings the model has learnt, with their versions: after the features, the
    weight of each one's finding is a number of the vector. `calibration` maps raw nats to log-odds of fraud.
    """

    format: int
    name: Name
    features_version: int
    features: tuple[str, ...]
    detectors: dict[str, int]
    categories: dict[str, float]
    base: float
    trees: tuple[Tree, ...]
    calibration: tuple[tuple[float, float], ...]
    provenance: Provenance
    checksum: str = ""

    @property
    def version(self) -> str:
        """The name, a plus sign and eight digits of the checksum, as decisions are stamped."""
        return f"{self.name}+{self.checksum[:8]}"


def checksum_of(model: ModelFile) -> str:
    """SHA-256, hex, of everything else in the file, as JSON with sorted keys and without spaces."""
    content = to_builtins(structs.replace(model, checksum=""))
    return hashlib.sha256(json.encode(content, order="sorted")).hexdigest()


def written(model: ModelFile) -> bytes:
    """The file of a model, with its checksum."""
    return json.encode(structs.replace(model, checksum=checksum_of(model)), order="deterministic") + b"\n"


def read_model(
    content: bytes, features_version: int, features: Sequence[str], detectors: dict[str, int]
) -> ModelFile:
    """The model in a file's content, checked against the features and detectors (name to version) at hand.

    Raises InvalidModel.
    """
    try:
        document = json.decode(content)
    except ValueError as error:
        raise InvalidModel(f"not JSON: {error}") from None
    stated = document.get("format") if isinstance(document, dict) else None
    if stated != FORMAT:
        raise InvalidModel(f"format: expected {FORMAT}, got {_shown(stated)}")
    try:
        model = convert(document, ModelFile)
    except ValidationError as error:
        raise InvalidModel(str(error)) from None
    expected = checksum_of(model)
    if model.checksum != expected:
        raise InvalidModel(f"checksum: the content's is {expected}, the file states {_shown(model.checksum)}")
    _check_vector(model, features_version, features, detectors)
    _check_numbers(model)
    for index, tree in enumerate(model.trees):
        _check_tree(tree, f"trees[{index}]", len(model.features) + len(model.detectors))
    return model


def _check_vector(
    model: ModelFile, features_version: int, features: Sequence[str], detectors: dict[str, int]
) -> None:
    if model.features_version != features_version:
        raise InvalidModel(
            f"features_version: trained on {model.features_version}, this PayGuard has {features_version}; train anew"
        )
    if model.features != tuple(features):
        raise InvalidModel("features: other names than this PayGuard has; train anew")
    for name, version in model.detectors.items():
        if name not in detectors:
            raise InvalidModel(f"detectors.{name}: there is no such detector; train anew")
        if detectors[name] != version:
            raise InvalidModel(
                f"detectors.{name}: trained on version {version}, this PayGuard has {detectors[name]}; train anew"
            )


def _check_numbers(model: ModelFile) -> None:
    if not isfinite(model.base):
        raise InvalidModel("base: not a finite number")
    for name, odds in model.categories.items():
        if not isfinite(odds):
            raise InvalidModel(f"categories.{name}: not a finite number")
    if not 1 <= len(model.trees) <= MOST_TREES:
        raise InvalidModel(f"trees: expected 1 to {MOST_TREES}, got {len(model.trees)}")
    points = model.calibration
    if len(points) < 2:
        raise InvalidModel("calibration: expected at least two points")
    for index, (raw, odds) in enumerate(points):
        if not (isfinite(raw) and isfinite(odds)):
            raise InvalidModel(f"calibration[{index}]: not a finite number")
        if index and not (raw > points[index - 1][0] and odds > points[index - 1][1]):
            raise InvalidModel(f"calibration[{index}]: both numbers must be above those of the point before")


def _check_tree(tree: Tree, path: str, features: int) -> None:
    size = len(tree.feature)
    if not 1 <= size <= MOST_NODES:
        raise InvalidModel(f"{path}: expected 1 to {MOST_NODES} nodes, got {size}")
    for name in ("threshold", "left", "right", "value"):
        if len(getattr(tree, name)) != size:
            raise InvalidModel(f"{path}.{name}: expected {size} entries, got {len(getattr(tree, name))}")
    parents = [0] * size
    for node, feature in enumerate(tree.feature):
        if not (isfinite(tree.threshold[node]) and isfinite(tree.value[node])):
            raise InvalidModel(f"{path}: node {node} holds a number that is not finite")
        if feature == _LEAF:
            continue
        if not 0 <= feature < features:
            raise InvalidModel(f"{path}.feature[{node}]: expected -1 to {features - 1}, got {feature}")
        for child in (tree.left[node], tree.right[node]):
            if not node < child < size:
                raise InvalidModel(
                    f"{path}: node {node} has child {child}; expected {node + 1} to {size - 1}"
                )
            parents[child] += 1
    if size > 1 and any(count != 1 for count in parents[1:]):
        raise InvalidModel(f"{path}: every node but the first needs exactly one parent")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
