"""What alerts say, in English and Chinese: the files in words/, made into Prometheus's templates."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from deploy.prometheus.rules import Alert

#: Annotations of every alert. `summary` says what and how much, `description` what to do first.
TEXTS = ("summary", "summary_zh", "description", "description_zh")
#: The label of a story's expected alert that holds its value, as people read it.
VALUE = "value"
#: What `runbook_url` begins with where Prometheus has no external label `runbooks`.
RUNBOOKS = "docs/runbooks"
_FOLDER = Path(__file__).parent / "words"
_GAP = re.compile(r"\{(\w+)\}")
_VALUES = {
    "n": '{{ $value | printf "%.0f" }}',
    "part": "{{ $value | humanizePercentage }}",
    "time": "{{ $value | humanizeDuration }}",
}


@cache
def words() -> Mapping[str, Mapping[str, str]]:
    """The texts of each name that alerts have their words under. Raises ValueError where two files have one name."""
    found: dict[str, Mapping[str, str]] = {}
    for path in sorted(_FOLDER.glob("*.toml")):
        for name, texts in tomllib.loads(path.read_text(encoding="utf-8")).items():
            if name in found:
                raise ValueError(f"{path.name} says again what {name} says")
            found[name] = texts
    return found


def templates(alert: Alert) -> dict[str, str]:
    """The annotations as Prometheus fills them in."""
    link = f'{{{{ or $externalLabels.runbooks "{RUNBOOKS}" }}}}/{alert.runbook}'
    return {**_texts(alert, lambda gap: _VALUES.get(gap, f"{{{{ $labels.{gap} }}}}")), "runbook_url": link}


def filled(alert: Alert, labels: Mapping[str, str], runbooks: str) -> dict[str, str]:
    """The annotations as they reach people. `labels` has the value too, under VALUE, if a text speaks of it."""
    link = f"{runbooks}/{alert.runbook}"
    return {**_texts(alert, lambda gap: labels[VALUE if gap in _VALUES else gap]), "runbook_url": link}


def _texts(alert: Alert, of: Callable[[str], str]) -> dict[str, str]:
    known = alert.gaps

    def put(found: re.Match[str]) -> str:
        gap = found.group(1)
        return known[gap] if gap in known else of(gap)

    return {name: _GAP.sub(put, text) for name, text in words()[alert.words or alert.name].items()}
