"""How owners want to be told."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from contracts.errors import Malformed
from services.audit.tables import audit
from services.cases.preferences import (
    DEFAULT,
    Preferences,
    Wanted,
    change_preferences,
    preferences_by_account,
    preferences_of,
    stop_weekly,
)
from services.platform.database import Database

NOW = 1_790_000_000.0
NIGHT = Wanted(
    alerts={"security": frozenset({"push"}), "top_up": frozenset({"mail"})},
    quiet_from=22 * 60 + 30,
    quiet_to=7 * 60,
    time_zone="Europe/London",
    phrase="  外婆家的  石榴树 ",
)


async def change(database: Database, wanted: Wanted, at: float = NOW) -> Preferences:
    async with database.begin() as connection:
        return await change_preferences(connection, "li", wanted, "key:app", at)


async def chosen(database: Database, account_id: str = "li") -> Preferences:
    async with database.read() as connection:
        return await preferences_of(connection, account_id)


async def test_whoever_chose_nothing_has_the_defaults(database: Database) -> None:
    assert await chosen(database) == Preferences(account_id="li", alerts=DEFAULT)


async def test_what_was_chosen_is_kept_and_what_was_left_out_has_its_default(database: Database) -> None:
    changed = await change(database, NIGHT)

    assert await chosen(database) == changed
    assert changed.phrase == "外婆家的 石榴树"
    assert changed.alerts == {**DEFAULT, **NIGHT.alerts}
    async with database.read() as connection:
        both = await preferences_by_account(connection, ["li", "wang"])
    assert both == {"li": changed, "wang": Preferences(account_id="wang")}


async def test_a_later_choice_takes_the_place_of_the_one_before(database: Database) -> None:
    await change(database, NIGHT)
    await change(database, Wanted(), NOW + 1.0)

    assert await chosen(database) == Preferences(account_id="li", changed_at=NOW + 1.0)


async def test_the_audit_says_who_changed_them_and_not_what_to(database: Database) -> None:
    await change(database, NIGHT)

    async with database.read() as connection:
        [entry] = (await connection.execute(select(audit))).all()
    assert (entry.action, entry.actor, entry.account_id, entry.reason) == (
        "preferences_changed", "key:app", "li", None,
    )  # fmt: skip


async def test_the_weekly_summary_ends_once_and_nothing_else_changes(database: Database) -> None:
    before = await change(database, NIGHT)
    async with database.begin() as connection:
        assert await stop_weekly(connection, "li", "owner", NOW + 1.0)
        assert not await stop_weekly(connection, "li", "owner", NOW + 2.0)

    after = await chosen(database)
    assert after.alerts == {**before.alerts, "weekly": frozenset()}
    assert (after.phrase, after.quiet_from, after.time_zone) == (
        before.phrase, before.quiet_from, before.time_zone,
    )  # fmt: skip


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(alerts={"security": frozenset({"pigeon"})}),
        Wanted(quiet_from=10),
        Wanted(quiet_from=0, quiet_to=1440),
        Wanted(phrase="Qx7!pz20"),
    ],
)
async def test_what_there_is_not_is_refused_and_changes_nothing(database: Database, wanted: Wanted) -> None:
    with pytest.raises(Malformed):
        await change(database, wanted)
    assert (await chosen(database)).changed_at is None
