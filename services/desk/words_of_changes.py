"""What a change of an account is called at the desk. Pure."""

from __future__ import annotations

from services.desk.story_parts import Telling


def changed(kind: str | None, tell: Telling) -> str:
    """The change with a capital: "New mail address"."""
    said = tell.reader.words.find("change", kind or "") or tell.t("story.change")
    return said[:1].upper() + said[1:]
