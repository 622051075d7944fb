"""What is out of the ordinary about an event, seen at one glance: what a detector may ask to be woken by.

Most events are familiar: a known device on a known network in a known country, nothing held, nothing failed. A detector that
can only fire in some circumstances names them in its `Spec.wakes_on`, and costs nothing in all others.
"""

from __future__ import annotations

from enum import IntFlag


class Circumstance(IntFlag):
    """Each is judged against the account as it was before the event; `services.scoring.glance` says how."""

    #: every event
    ALWAYS = 1
    #: the event brings a device, network, country or payee that the account has no memory of
    NEW_DEVICE = 2
    NEW_NETWORK = 4
    NEW_COUNTRY = 8
    NEW_PAYEE = 16
    #: the event has a place, and the account was not last seen at the same address, or the event comes late
    MOVED = 32
    #: a failed login; an account with login failures since its last learned success
    FAILED_LOGIN = 64
    AFTER_FAILURES = 128
    #: a count across accounts that was read for the event is above one
    COUNTED = 256
    #: facts of earlier events are held back; a challenge was failed and none passed since
    HELD = 512
    FAILED_CHALLENGE = 1024
    #: the detector has a memory of its own of this account; what others remember does not wake it
    REMEMBERED = 2048
    #: log(1 + amount) lies LARGE_LOG above the account's own mean of this kind and currency, or fewer than FEW_AMOUNTS are known
    LARGE = 4096
    #: with this transaction, a count of the currency, or of all currencies, exceeds the account's own pace by the BUSY burst
    #: of its window, and reaches the window's BUSY floor
    BUSY = 8192
    #: the event comes from an address, or with a user agent, that is not among the account's traits
    NEW_ADDRESS = 16384
    NEW_AGENT = 32768
    #: a login, or money, in an hour of the day (UTC) that the account's table of such hours has nothing in, once the account
    #: has SETTLED_HOURS_COUNT of such events behind it
    UNUSUAL_HOUR = 65536
    #: a transaction that failed; money that comes in
    FAILED_PAYMENT = 131072
    TOP_UP = 262144
    #: money that takes at least MUCH_SHARE of the balance that was told with it
    TAKES_MUCH = 524288
    #: the event is a change to the account
    CHANGE = 1048576
    #: fraud was labelled at the payee, in its windows or since; a payee paid for no longer than YOUNG_PAYEE_H, by MANY_PAYERS
    FRAUD_AT_PAYEE = 2097152
    CROWD_AT_PAYEE = 4194304
    #: MANY_CHALLENGES or more were asked for, the last of them within a day
    CHALLENGED = 8388608
    #: money, and a change to the account of the last HELD_CHANGE_S is held back
    HELD_CHANGE = 16777216
    #: money, and other money of the last HELD_MONEY_S is held back
    HELD_MONEY = 33554432
    #: a login failed within RECENT_FAILURE_S, whatever came after it
    RECENT_FAILURE = 67108864


#: Nothing a detector calls a large amount, much of a balance, or a burst, may be smaller than these.
LARGE_LOG = 0.3
#: No detector takes an amount for usual before so many of its kind and currency.
FEW_AMOUNTS = 3
MUCH_SHARE = 0.2
SETTLED_HOURS_COUNT = 15
BUSY_1H_COUNT = 1.5
BUSY_1D_COUNT = 3.0
BUSY_7D_COUNT = 6.0
BUSY_1H_FLOOR = 3.0
BUSY_1D_FLOOR = 4.0
BUSY_7D_FLOOR = 10.0
#: Nothing a detector calls many challenges is fewer.
MANY_CHALLENGES = 5
#: Nothing a detector calls a young payee is older, or a crowd at it smaller.
YOUNG_PAYEE_H = 14 * 24
MANY_PAYERS = 5
#: No detector looks further back for a change that is held back.
HELD_CHANGE_S = 86400.0
HELD_MONEY_S = 86400.0
#: No detector looks further back for a failed login that a success followed.
RECENT_FAILURE_S = 86400.0
#: The account's pace is what the thirty-day count holds beyond the window's own, and this many transactions in this time.
PACE_PRIOR_COUNT = 2.0
PACE_PRIOR_S = 2.0 * 86400.0
