"""The second factor is removed, replaced or gone around, and then money leaves to somewhere new.

Sees: outgoing money within a day of a second factor removed, enrolled or replaced, a recovery code used or new ones made, when a
new device or payee (or both) came with it. A change that is held back until its challenge is passed counts too.
Misses: attackers who wait longer than a day; who own the factor already; who pay a known payee from a known device.
Fires falsely when: the owner moves to a new phone: removes the old authenticator, enrols the new one and pays from it. An
enrolment alone weighs little, and so do new recovery codes; on the own device and to a known payee nothing fires.
When it fires: hold the money and call the owner on a known number. A code from the new factor proves nothing now.
"""

from __future__ import annotations

from contracts.findings import Reason
from detectors.measures.then_money import Begins, Changes, NewcomerParams, NewcomerThenMoney, sequence_spec

SPEC = sequence_spec(
    name="factor_change_then_money",
    reasons=(
        Reason(
            code="factor_removed_then_money",
            en="The second factor was removed {value:hours} ago, and now money leaves {how}.",
            zh_cn="{value:hours}前解除了两步验证，现在{how}转出资金。",
        ),
        Reason(
            code="recovery_code_then_money",
            en="A recovery code was used {value:hours} ago instead of the second factor, and now money leaves {how}.",
            zh_cn="{value:hours}前使用恢复码代替了两步验证，现在{how}转出资金。",
        ),
        Reason(
            code="factor_enrolled_then_money",
            en="A new second factor was set up {value:hours} ago, and now money leaves {how}.",
            zh_cn="{value:hours}前设置了新的两步验证方式，现在{how}转出资金。",
        ),
    ),
    attack=("T1556.006", "T1098", "T1657"),
)

MAX_CHANGES = 6
#: Changes to the factor, the most telling first.
FACTOR_CHANGES = {
    "totp_removed": Begins("removed_nats", "factor_removed_then_money"),
    "recovery_code_used": Begins("code_used_nats", "recovery_code_then_money"),
    "totp_enrolled": Begins("enrolled_nats", "factor_enrolled_then_money"),
    "totp_replaced": Begins("enrolled_nats", "factor_enrolled_then_money"),
    "recovery_codes_made": Begins("codes_made_nats", "factor_enrolled_then_money"),
}


class Params(NewcomerParams, frozen=True):
    """Evidence in nats by step.

    Each is ln(share of takeovers / share of owners) of the step within a day before money, about halved because owners
    take several of these steps together: removed .2/.004, code used .2/.01, enrolled .3/.06, device .8/.015, payee .9/.05.
    """

    removed_nats: float = 2.0
    code_used_nats: float = 1.5
    enrolled_nats: float = 0.8
    codes_made_nats: float = 0.3
    further_change_nats: float = 0.5
    device_nats: float = 2.0
    payee_nats: float = 1.5
    most_nats: float = 6.0


PARAMS = Params()


class Memory(Changes):
    """Recent changes to the factor as (event time, what changed), ascending, at most MAX_CHANGES."""


SEQUENCE = NewcomerThenMoney(SPEC, Memory, FACTOR_CHANGES, MAX_CHANGES)
observe, learn, upgrade = SEQUENCE.observe, SEQUENCE.learn, SEQUENCE.upgrade
