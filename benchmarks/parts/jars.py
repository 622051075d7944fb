"""Jars that tests run as programs of their own: fetched by Maven, as a folder's `pom.xml` pins them."""

from __future__ import annotations

import subprocess
from hashlib import file_digest
from pathlib import Path

from benchmarks.parts.real_stores import PartMissing, program_of

SUMS = "SHA256SUMS"


def ensure_jars(folder: Path, what: str) -> Path:
    """The folder of the jars, fetched when they are not there yet. Where `SHA256SUMS` lies beside the pom, they are compared.

    :raises PartMissing: no Java, no Maven, the fetch failed, or a jar is another.
    """
    program_of("java", "openjdk-17-jre-headless")
    libs = folder / "build" / "libs"
    if not libs.is_dir():
        maven = program_of("mvn", "maven")
        command = [maven, "-B", "-q", "-ntp", "package"]
        fetched = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if fetched.returncode != 0:
            raise PartMissing(f"Maven could not fetch {what}'s jars: {fetched.stdout[-2000:]}")
    if (folder / SUMS).exists():
        _compare(libs, (folder / SUMS).read_text("ascii"), what)
    return libs


def _compare(libs: Path, sums: str, what: str) -> None:
    wanted = {line.split()[1]: line.split()[0] for line in sums.splitlines()}
    there = {}
    for jar in libs.glob("*.jar"):
        with jar.open("rb") as opened:
            there[jar.name] = file_digest(opened, "sha256").hexdigest()
    if there != wanted:
        odd = sorted(name for name in there.keys() | wanted.keys() if there.get(name) != wanted.get(name))
        raise PartMissing(f"{what}'s jars are not those that are pinned: {', '.join(odd)}")
