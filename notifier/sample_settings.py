"""Made-up changes of settings to look at letters with. Pure."""

from __future__ import annotations

from services.cases.news import Quiet, Reduced

_NIGHT = Quiet(start=22 * 60 + 30, end=7 * 60)
#: Two ways are off; it is quiet all day; a phrase is gone and it is quiet at night.
REDUCED = (
    Reduced(off=("mail", "push")),
    Reduced(quiet=Quiet(start=0, end=23 * 60 + 59), quiet_before=_NIGHT, phrase="changed"),
    Reduced(off=("inbox",), quiet=_NIGHT, phrase="gone"),
)
