"""Writes the page about all detectors from their docstrings and specs: `python -m detectors.docs`."""

from __future__ import annotations

import sys
from pathlib import Path

from contracts.circumstances import Circumstance
from contracts.findings import PayeeWanted, Spec
from detectors import Detector, discover, stated_params

PAGE = Path("docs") / "detectors.md"
_HEADINGS = ("Sees", "Misses", "Fires falsely when", "When it fires")
_TOP = """# Detectors

This page is written by `python -m detectors.docs` from the files in `detectors/`; a test says when it is stale.
A detector compares one event with the account as it was before it. Its weight is a log-likelihood ratio in nats, 0 to 8;
findings of one family do not add up in full. A new detector is two files: `make new-detector NAME=...` writes both.

| detector | family | asked about | reasons | ATT&CK |
|---|---|---|---|---|
"""


def page() -> str:
    """The whole page as Markdown."""
    detectors = discover()
    rows = "".join(_row(detector.spec) for detector in detectors)
    return _TOP + rows + "".join(_section(detector) for detector in detectors)


def _row(spec: Spec) -> str:
    cells = (
        f"[{spec.name}](#{spec.name})",
        spec.family,
        ", ".join(str(kind.__struct_config__.tag) for kind in spec.event_types),
        ", ".join(f"`{reason.code}`" for reason in spec.reasons),
        ", ".join(spec.attack),
    )
    return "| " + " | ".join(cells) + " |\n"


def _section(detector: Detector) -> str:
    spec = detector.spec
    first, *rest = detector.doc.split("\n\n", 1)
    lines = [f"\n## {spec.name}\n", f"{first}\n"]
    for line in "".join(rest).splitlines():
        heading, colon, text = line.partition(":")
        lines.append(f"- **{heading}:**{text}" if colon and heading in _HEADINGS else f"  {line}")
    woken = [each.name or "" for each in Circumstance if each & spec.wakes_on]
    if woken != ["ALWAYS"]:
        lines.append(f"- **Asked only when:** `{'`, `'.join(woken)}` (see `contracts/circumstances.py`).")
    if isinstance(spec.tally, PayeeWanted):
        lines.append("- **Counts across accounts:** those of the payee (see `contracts/payees.py`).")
    elif spec.tally is not None:
        lines.append(
            f"- **Counts across accounts:** `{spec.tally.name}`, buckets of {spec.tally.bucket_s} s."
        )
    if detector.memory is not None:
        lines.append(f"- **Own memory:** {(detector.memory.__doc__ or '').strip()}")
    lines.append("\nSentences:\n")
    for reason in spec.reasons:
        lines.append(f"- `{reason.code}`: {reason.en} {reason.zh_cn}")
    lines.append("\nParameters: " + ", ".join(_parameters(detector)) + ".")
    return "\n".join(lines) + "\n"


def _parameters(detector: Detector) -> list[str]:
    params = detector.params
    return [f"`{name}` = {getattr(params, name):.6g}" for name in stated_params(params)]


def main(arguments: list[str]) -> int:
    """Writes the page; with `--check` only compares, and answers 1 when it is stale."""
    path = Path(__file__).resolve().parents[1] / PAGE
    fresh = page()
    if arguments == ["--check"]:
        stale = not path.exists() or path.read_text(encoding="utf-8") != fresh
        sys.stderr.write(f"{PAGE} is stale: python -m detectors.docs\n" if stale else "")
        return int(stale)
    path.parent.mkdir(exist_ok=True)
    path.write_text(fresh, encoding="utf-8")
    sys.stdout.write(f"wrote {PAGE}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
