"""veraPDF as a program: what a PDF breaks of PDF/A."""

from __future__ import annotations

import subprocess
from pathlib import Path
from xml.etree import ElementTree

from benchmarks.parts.jars import ensure_jars

_FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "verapdf"
_MAIN = "org.verapdf.apps.GreenfieldCliWrapper"
_WITHIN_S = 240.0


def verapdf() -> Path:
    """The folder of its jars. Raises PartMissing."""
    return ensure_jars(_FOLDER, "veraPDF")


def broken_rules(libs: Path, pdf: Path) -> list[str]:
    """The rules of PDF/A-3b that the file breaks, each with what it says; empty for a file that keeps to all of them."""
    command = ["java", "-Xmx512m", "-cp", f"{libs}/*", _MAIN, "--flavour", "3b", "--format", "xml", str(pdf)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_WITHIN_S)
    report = ElementTree.fromstring(done.stdout).find(".//validationReport")  # noqa: S314  veraPDF's own
    assert report is not None, done.stdout + done.stderr
    broken = [
        f"{rule.get('clause')} {rule.findtext('description')}"
        for rule in report.iter("rule")
        if rule.get("status") == "failed"
    ]
    assert (report.get("isCompliant") == "true") == (not broken), done.stdout
    return broken
