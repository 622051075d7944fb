"""The alerts on clocks and on what their being wrong does to events, and their test cases."""

from __future__ import annotations

from deploy.prometheus.rules import Alert
from deploy.prometheus.stories import QUIET, Story, counter, gauge, says

CLOCKS = (
    Alert(
        "ClockOff",
        "ticket",
        "5m",
        "max by (instance, against) (abs(payguard_clock_offset_seconds)) > 2",
        "clock-off.md",
    ),
    Alert(
        "LateEvents",
        "ticket",
        "5m",
        "sum(increase(payguard_late_events_total[15m])) > 20\n"
        "and sum(increase(payguard_late_events_total[15m]))\n"
        "  > 0.01 * sum(increase(payguard_events_received_total[15m]))",
        "late-events.md",
    ),
    Alert(
        "EventsFromTheFuture",
        "ticket",
        "0s",
        "sum(increase(payguard_clamped_events_total[15m])) > 20",
        "events-from-the-future.md",
    ),
)

_OFFSET = 'payguard_clock_offset_seconds{instance="api:1",against="database"}'
_LATE, _CLAMPED = "payguard_late_events_total", "payguard_clamped_events_total"
_RECEIVED = 'payguard_events_received_total{type="login"}'

CLOCK_STORIES = (
    Story(
        "ClockOff",
        "fires for a clock that is ten minutes slow, and resolves when it is set",
        {_OFFSET: gauge((10, 0), (10, -600), (10, 0))},
        (("9m", QUIET), ("16m", says("10m 0s", instance="api:1", against="database")), ("21m", QUIET)),
    ),
    Story("ClockOff", "stays quiet at half a second", {_OFFSET: gauge((30, 0.5))}, (("20m", QUIET),)),
    Story(
        "LateEvents",
        "fires when one event of fifty is late, and resolves after 15 quiet minutes",
        {_LATE: counter((20, 0), (15, 4), (30, 0)), _RECEIVED: counter((65, 200))},
        (("20m", QUIET), ("34m", says("56")), ("64m", QUIET)),
    ),
    Story(
        "LateEvents",
        "stays quiet at one of a thousand",
        {_LATE: counter((60, 2)), _RECEIVED: counter((60, 2000))},
        (("50m", QUIET),),
    ),
    Story(
        "EventsFromTheFuture",
        "fires while a host is ahead, and resolves after 15 quiet minutes",
        {_CLAMPED: counter((10, 0), (10, 6), (30, 0))},
        (("9m", QUIET), ("20m", says("60")), ("40m", QUIET)),
    ),
    Story(
        "EventsFromTheFuture",
        "stays quiet at a few",
        {_CLAMPED: counter((10, 0), (10, 1), (10, 0))},
        (("20m", QUIET),),
    ),
)
