"""Settings by which an owner is told less are told of, once and by every way; other changes are not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json
from sqlalchemy import select

from services.cases.classes import class_of
from services.cases.news import News, Quiet, Reduced
from services.cases.preferences import CHOSEN, DEFAULT, Preferences, Wanted
from services.cases.reductions import REDUCED, choose, reduced
from services.cases.tables import notices
from services.platform.database import Database
from tests.notifier.looked_at import letter

NOW = 1_790_000_000.0
NIGHT: dict[str, Any] = {"quiet_from": 22 * 60 + 30, "quiet_to": 7 * 60}


def chosen(**changes: Any) -> Preferences:
    return Preferences(account_id="li", **changes)


def security(*channels: str) -> dict[Any, frozenset[str]]:
    return {**DEFAULT, "security": frozenset(channels)}


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        (chosen(), chosen(alerts=security("push")), Reduced(off=("mail", "inbox", "chat"))),
        (chosen(), chosen(alerts=security()), Reduced(off=("mail", "push", "chat", "inbox"))),
        (chosen(), chosen(**NIGHT), Reduced(quiet=Quiet(start=1350, end=420))),
        (
            chosen(**NIGHT),
            chosen(quiet_from=1200, quiet_to=420),
            Reduced(quiet=Quiet(start=1200, end=420), quiet_before=Quiet(start=1350, end=420)),
        ),
        (
            chosen(**NIGHT),
            chosen(**NIGHT, time_zone="America/New_York"),
            Reduced(quiet=Quiet(start=1350, end=420), quiet_before=Quiet(start=1350, end=420)),
        ),
        (chosen(phrase="red hat"), chosen(), Reduced(phrase="gone")),
        (chosen(phrase="red hat"), chosen(phrase="blue hat"), Reduced(phrase="changed")),
        (chosen(), chosen(alerts=security("mail", "sms", "push", "chat", "inbox")), None),
        (chosen(), chosen(alerts={**DEFAULT, "weekly": frozenset()}), None),
        (chosen(**NIGHT), chosen(quiet_from=1380, quiet_to=360), None),
        (chosen(**NIGHT), chosen(), None),
        (chosen(), chosen(quiet_from=600, quiet_to=600), None),
        (chosen(), chosen(time_zone="America/New_York"), None),
        (chosen(), chosen(phrase="red hat"), None),
    ],
)
def test_what_is_less_is_named_and_what_is_more_is_not(
    before: Preferences, after: Preferences, wanted: Reduced | None
) -> None:
    found = reduced(before, after)

    assert (found is None) == (wanted is None)
    if found is not None and wanted is not None:
        assert set(found.off) == set(wanted.off)
        assert (found.quiet, found.quiet_before, found.phrase) == (
            wanted.quiet,
            wanted.quiet_before,
            wanted.phrase,
        )


_MINUTE = st.integers(0, 1439)


@given(
    st.frozensets(st.sampled_from(CHOSEN)), st.frozensets(st.sampled_from(CHOSEN)), _MINUTE, _MINUTE, _MINUTE, _MINUTE
)  # fmt: skip
def test_back_to_what_was_is_less_only_where_the_way_there_was_more(
    one: frozenset[str], other: frozenset[str], a: int, b: int, c: int, d: int
) -> None:
    before = chosen(alerts=security(*one), quiet_from=a, quiet_to=b)
    after = chosen(alerts=security(*other), quiet_from=c, quiet_to=d)
    there, back = reduced(before, after), reduced(after, before)

    assert reduced(before, before) is None
    assert set(there.off if there else ()) == one - other
    assert set(back.off if back else ()) == other - one


async def told(database: Database) -> list[News]:
    async with database.read() as connection:
        query = select(notices.c.news).where(notices.c.template == REDUCED)
        return [json.decode(each, type=News) for each in (await connection.execute(query)).scalars()]


async def test_a_change_to_less_is_told_once_and_saving_it_again_is_no_change(database: Database) -> None:
    less = Wanted(alerts={"security": frozenset({"push"})}, **NIGHT)
    for wait_s, wanted in ((0.0, less), (1.0, less), (2.0, Wanted()), (3.0, Wanted())):
        async with database.begin() as connection:
            await choose(connection, "li", wanted, "page", NOW + wait_s)

    (news,) = await told(database)
    assert news.reduced is not None
    assert set(news.reduced.off) == {"mail", "inbox", "chat"}
    assert news.reduced.quiet == Quiet(start=1350, end=420)


def test_no_preference_and_no_quiet_hour_holds_it_back() -> None:
    assert class_of(REDUCED) == "critical"


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        (
            "en",
            (
                "No longer by: Mail, push",
                "Quiet hours: 20:00 to 07:00 (before: 22:30 to 07:00)",
                "Your phrase: Changed",
                "set it back",
            ),
        ),
        (
            "zh-CN",
            ("已关闭：邮件、推送", "免打扰时段：20:00 至 07:00（此前：22:30 至 07:00）", "识别语：已修改", "恢复"),
        ),
    ],
)  # fmt: skip
def test_the_letter_names_what_changed_and_the_way_back(locale: str, said: tuple[str, ...]) -> None:
    less = Reduced(
        off=("mail", "push"),
        quiet=Quiet(start=1200, end=420),
        quiet_before=Quiet(start=1350, end=420),
        phrase="changed",
    )
    made = letter(REDUCED, locale, news=News(at=NOW, reduced=less))

    assert all(each in made.text for each in said)
