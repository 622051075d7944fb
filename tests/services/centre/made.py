"""The centre over a test's database: its unlocking takes a code, as by default."""

from __future__ import annotations

from services.cases.owner_words import OwnerWords
from services.cases.unfreezing import Unfreezing
from services.centre.service import Centre
from services.memory.in_process import InProcessProfileStore
from services.memory.known_devices import KnownDevices
from services.memory.pseudonyms import Pseudonyms
from services.mfa.constant_time_response import AnswerTime
from services.mfa.factor_check import CodeChecker
from services.mfa.wallet_lock import WalletLock
from services.mfa.with_code import WithCode
from services.platform.database import Database

#: What devices are named with.
NAMES = Pseudonyms(b"n" * 32)


def centre_over(
    database: Database,
    checker: CodeChecker,
    clock: object,
    words: OwnerWords,
    answers: AnswerTime | None = None,
) -> Centre:
    """The centre of a site."""
    assert callable(clock)
    with_code = WithCode(database, checker, clock, answers)
    lock = WalletLock(database, with_code, clock)
    known = KnownDevices(InProcessProfileStore(), 1, 1)
    return Centre(database, clock, Unfreezing(), words, lock, with_code, NAMES, known)
