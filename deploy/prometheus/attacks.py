"""The alerts on attacks on many accounts, and their test cases."""

from __future__ import annotations

from deploy.prometheus.rules import Alert
from deploy.prometheus.stories import QUIET, Story, counter, gauge, says

_RUNBOOK = "attack-under-way.md"
ATTACKS = (
    Alert(
        "AttackUnderWay",
        "ticket",
        "0s",
        "max by (kind) (payguard_attacks) > 0",
        _RUNBOOK,
    ),
    Alert(
        "AttackGaveWay",
        "page",
        "0s",
        'sum by (kind) (increase(payguard_attack_accounts_total{what="gave_way"}[15m])) > 0',
        _RUNBOOK,
    ),
)

_KINDS = ("credential_stuffing", "password_spraying", "code_guessing", "card_testing")
_NOW = 'payguard_attacks{kind="%s",instance="%s"}'
_ACCOUNTS = 'payguard_attack_accounts_total{kind="%s",what="%s"}'


def _under_way(kind: str) -> Story:
    others = {_NOW % (other, "a"): gauge((50, 0)) for other in _KINDS if other != kind}
    seen = {_NOW % (kind, name): gauge((10, 0), (20, 1), (20, 0)) for name in ("a", "b")}
    return Story(
        "AttackUnderWay",
        f"fires once for {kind} however many processes know of it, and resolves when it is over",
        others | seen,
        (("9m", QUIET), ("15m", ({"kind": kind},)), ("40m", QUIET)),
    )


ATTACK_STORIES = (
    *map(_under_way, _KINDS),
    Story(
        "AttackUnderWay",
        "stays quiet when nothing is under way",
        {_NOW % (kind, "a"): gauge((30, 0)) for kind in _KINDS},
        (("20m", QUIET),),
    ),
    Story(
        "AttackGaveWay",
        "fires when an account gives way, and resolves a quarter of an hour after the last",
        {
            _ACCOUNTS % ("credential_stuffing", "gave_way"): counter((10, 0), (5, 2), (35, 0)),
            _ACCOUNTS % ("password_spraying", "gave_way"): counter((50, 0)),
        },
        (("9m", QUIET), ("15m", says("10", kind="credential_stuffing")), ("40m", QUIET)),
    ),
    Story(
        "AttackGaveWay",
        "stays quiet while accounts are touched and none gives way",
        {
            _ACCOUNTS % ("credential_stuffing", "touched"): counter((30, 200)),
            _ACCOUNTS % ("credential_stuffing", "gave_way"): counter((30, 0)),
        },
        (("20m", QUIET),),
    ),
)
