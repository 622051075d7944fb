"""Wrong passwords on one account, quickly, until the right one."""

from __future__ import annotations

from tests.stories.tale import ASKED, SCRIPT, Tale, hosting, stranger


async def test_the_fifth_wrong_password_is_noticed_and_the_right_one_is_stopped() -> None:
    tale = Tale()
    lin = tale.account("lin").lives(days=20)
    guesser = stranger(hosting("Berlin", 4), "guesser", SCRIPT)
    tale.on(20, "02:00")
    tries = [lin.fails_to_log_in(guesser) for _ in range(12)]
    right = lin.logs_in(guesser)
    told = await tale.told()

    assert "failed_login_burst" not in told.reasons(tries[3])
    assert "failed_login_burst" in told.reasons(tries[4])
    assert told.action(tries[-1]) == "notify"
    assert {tries[-1], right} <= set(told.alerts([*tries, right]))
    assert told.action(right) in ASKED
    assert {"success_after_failures", "new_device"} <= told.reasons(right)
    assert told.asked() == [right]
