"""The pages' scripts: small, and none sends anything before a person does."""

from __future__ import annotations

import re
from pathlib import Path

import services

ALL = {path: path.read_text() for path in Path(services.__file__).parent.rglob("*.js")}
#: Of owners' pages, which letters lead to; the desk's are for people who have signed in.
OWNERS = {path.name: text for path, text in ALL.items() if path.parents[1].name != "desk"}
DESK = {path.name: text for path, text in ALL.items() if path.name not in OWNERS}


def test_the_scripts_of_owners_pages_and_those_of_the_desk_have_250_lines_each_at_most() -> None:
    assert "portal.js" in OWNERS
    assert "desk.js" in DESK
    assert all(sum(len(text.splitlines()) for text in scripts.values()) <= 250 for scripts in (OWNERS, DESK))


def test_no_script_of_owners_sends_a_form_or_follows_a_link_by_itself() -> None:
    """Scanners of mail run scripts: what a script does on its own, they do in the reader's name."""
    acts = re.compile(r"requestSubmit|\.submit\(|\.click\(\)|sendBeacon|XMLHttpRequest")

    assert {name for name, text in OWNERS.items() if acts.search(text)} == set()
