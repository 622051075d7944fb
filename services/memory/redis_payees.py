"""Records of payees: the questions of a partition are one script call a tally shard, in the round trip of the counts.

Accounts and transactions are known by 32-bit hashes there: two of a payee's 64 accounts, or of its 8 latest payments, are
taken for one about once in two million records. A transaction is one of its account: two accounts may use one event id. Earlier
releases knew it by the event id alone; their verdicts are still found, and at most the 8 latest payments count again if resent.
"""

from __future__ import annotations

from hashlib import blake2b
from itertools import repeat
from operator import invert
from struct import Struct, pack
from zlib import crc32

from contracts.payees import KEPT_DAYS, MAX_ACCOUNTS, MAX_LABELS, MAX_PAYMENTS, PayeeCounts
from contracts.ports import PAYEE_FRAUD, PayeeQuestions, Shard
from services.memory.redis_client import Command, Script

#: A record is kept for one to two times as long after it last changed, by the store's clock.
KEPT_RECORD_S = 90 * 86_400

SCRIPT = Script("records.lua", "payee_record.lua", "payees.lua")
_row = Struct(">8sBII8sII").pack
_label_row = Struct(">8sBII8s8s").pack
#: No identifier holds it.
_BETWEEN = b"\x1f"
#: The rest of a record's head: one payment on its only day, nothing else.
_FIRST_PAID = pack(">IBBBB", 1, 0, 1, 0, 0)
_answers = Struct(">9i").iter_unpack


def call(head: str, shard: Shard, asked: PayeeQuestions, kept_answers_s: int, kept_batches: int) -> Command:
    """The call that asks the questions; `head` begins every key, with the cluster slot's tag."""
    first, last = asked.offsets[0], asked.offsets[-1]
    memo = f"{head}payees:{shard.epoch}.{shard.partition}"
    return (
        3,
        f"{memo}:highest",
        memo,
        f"{head}payee:",
        _rows(asked),
        pack(f">{len(asked.offsets)}I", *[offset - first for offset in asked.offsets]),
        f"{first:012x}",
        f"{last:012x}",
        kept_answers_s,
        kept_batches,
        KEPT_RECORD_S,
        asked.delay_days,
        KEPT_DAYS + 1,
        MAX_ACCOUNTS,
        MAX_PAYMENTS,
        MAX_LABELS,
    )


def answers(blob: bytes) -> list[PayeeCounts]:
    """The script's answers, in the order of the questions."""
    return list(_answers(blob))


def _rows(asked: PayeeQuestions) -> bytes:
    accounts = list(map(str.encode, asked.members))
    whos = list(map(crc32, accounts))
    about = list(map(str.encode, asked.transactions))
    # The account's hash begins that of the transaction. Inverted, it is not the hash of the two texts in one, which others share.
    whats = list(map(crc32, about, map(invert, whos)))
    days = [hour // 24 for hour in asked.hours]
    if max(asked.changes) < PAYEE_FRAUD:
        rest = repeat(_FIRST_PAID)
        return b"".join(map(_row, asked.payees, asked.changes, asked.hours, days, rest, whats, whos))
    return b"".join(
        _row(payee, change, hour, day, _FIRST_PAID, what, who)
        if change < PAYEE_FRAUD
        else _label_row(payee, change, hour, day, _digest(event_id), _digest(account + _BETWEEN + event_id))
        for payee, change, hour, day, what, who, account, event_id in zip(
            asked.payees, asked.changes, asked.hours, days, whats, whos, accounts, about, strict=True
        )
    )


def _digest(text: bytes) -> bytes:
    return blake2b(text, digest_size=8).digest()
