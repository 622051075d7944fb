"""Finding and running the programs of the real parts."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

READY_TIMEOUT_S = 90.0


class PartMissing(Exception):
    """A program of a real part is not on this machine; the message says how to get it."""


def new_parts_folder() -> Path:
    """A new temporary folder, yours to remove; other users may walk through it, as PostgreSQL needs."""
    folder = Path(tempfile.mkdtemp(prefix="payguard-parts-"))
    folder.chmod(0o755)
    return folder


def program_of(name: str, package: str, more_folders: list[str] | None = None) -> str:
    """Path of a program on PATH or in the folders given.

    :raises PartMissing: names the Debian package that has it.
    """
    found = shutil.which(name)
    for folder in sorted(more_folders or [], reverse=True):
        found = shutil.which(name, path=folder) or found
    if found is None:
        raise PartMissing(f"{name} is not on this machine; on Debian: apt-get install {package}")
    return os.path.realpath(found) if more_folders else found


def is_root() -> bool:
    """True when this process may do anything."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def unprivileged() -> list[str]:
    """The prefix that runs a program as ``postgres`` when we are root (and still dies with its guard)."""
    if not is_root():
        return []
    user = ["--reuid=postgres", "--regid=postgres", "--clear-groups", "--pdeathsig=KILL"]
    return [program_of("setpriv", "util-linux"), *user, "--"]
