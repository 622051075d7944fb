"""Locks pyproject.toml with hashes: requirements.txt to run PayGuard with its packs, requirements-dev.txt for what else
checks and tests need.

Versions stay as they are locked unless pyproject.toml asks for others; `--upgrade` takes the newest that it allows.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

RUN_TIME, DEV, PROJECT = Path("requirements.txt"), Path("requirements-dev.txt"), Path("pyproject.toml")
_EVERYTHING = ("--extra", "packs", "--extra", "lab", "--extra", "dev")
#: One package with its hashes: a line that begins with its name, and the lines that go on after a backslash.
_PACKAGE = re.compile(r"^[A-Za-z0-9](?:.*\\\n)*.*\n", re.MULTILINE)


def packages(file: Path, *options: str, more: str = "") -> list[str]:
    """Compile the project and `more` requirements into a file; the blocks of its packages."""
    command = [Path(sys.executable).with_name("uv"), "pip", "compile", "--quiet", "--universal"]
    command += ["--generate-hashes", "--no-emit-index-url", "--annotation-style", "line", *options]
    command += [*sys.argv[1:], "--output-file", file, PROJECT, "-"]
    environment = {**os.environ, "UV_CUSTOM_COMPILE_COMMAND": "make lock"}
    subprocess.run(command, input=more, env=environment, stdout=subprocess.DEVNULL, text=True, check=True)
    return _PACKAGE.findall(file.read_text())


def main() -> None:
    """Write both files; the second begins with the first and names nothing again."""
    build = tomllib.loads(PROJECT.read_text())["build-system"]["requires"]
    locked = {each.split("==")[0] for each in packages(RUN_TIME, "--extra", "packs", more="\n".join(build))}
    everything = packages(DEV, *_EVERYTHING, "--constraint", str(RUN_TIME))
    beyond = [each for each in everything if each.split("==")[0] not in locked]
    DEV.write_text("# Written by: make lock\n-r requirements.txt\n" + "".join(beyond))


if __name__ == "__main__":
    main()
