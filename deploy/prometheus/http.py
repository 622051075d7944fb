"""The alerts on connections of the API, and their test cases."""

from __future__ import annotations

from deploy.prometheus.rules import Alert
from deploy.prometheus.stories import FIRES, QUIET, Story, counter, says

HTTP = (
    Alert(
        "ConnectionsCut",
        "ticket",
        "5m",
        'sum(rate(payguard_http_connections_cut_total{reason!="idle"}[5m])) > 5',
        "connections-cut.md",
    ),
    Alert(
        "ConnectionsRefused",
        "page",
        "1m",
        'sum(rate(payguard_http_connections_cut_total{reason="refused"}[1m])) > 0.1',
        "connections-cut.md",
    ),
)

_CUT = "payguard_http_connections_cut_total"
HTTP_STORIES = (
    Story(
        "ConnectionsCut",
        "fires while headers do not come, and resolves when that is over",
        {f'{_CUT}{{reason="headers"}}': counter((10, 0), (20, 600), (20, 0))},
        (("9m", QUIET), ("20m", says("10")), ("40m", QUIET)),
    ),
    Story(
        "ConnectionsCut",
        "stays quiet while idle connections end and a few clients are slow",
        {
            f'{_CUT}{{reason="idle"}}': counter((40, 6000)),
            f'{_CUT}{{reason="body"}}': counter((40, 60)),
        },
        (("30m", QUIET),),
    ),
    Story(
        "ConnectionsRefused",
        "fires while callers are turned away, and resolves when they are not",
        {f'{_CUT}{{reason="refused"}}': counter((10, 0), (10, 60), (10, 0))},
        (("9m", QUIET), ("15m", FIRES), ("25m", QUIET)),
    ),
    Story(
        "ConnectionsRefused",
        "stays quiet while others are cut for newcomers",
        {f'{_CUT}{{reason="crowded"}}': counter((30, 200))},
        (("20m", QUIET),),
    ),
)
