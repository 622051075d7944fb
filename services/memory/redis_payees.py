"""Records of payees: the questions of a partition are one script call a tally shard, in the round trip of the counts.

Accounts and transactions are known by 32-bit hashes there: two of a payee's 64 accounts, or of its 8 latest payments, are
taken for one about once in two million records.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from struct import Struct
from zlib import crc32

from contracts.payees import KEPT_DAYS, MAX_ACCOUNTS, MAX_LABELS, MAX_PAYMENTS, PayeeCounts
from contracts.ports import PAYEE_FRAUD, PayeeQuery, Shard
from services.memory.redis_client import Command, Script

#: A record is kept so long after its newest day came, by the wall clock.
KEPT_RECORD_S = 90 * 86_400

SCRIPT = Script("payees.lua")
_row = Struct(">IIIIIIB").pack
_label_row = Struct(">IIII8sB").pack
_answers = Struct(">4x9i").iter_unpack


def call(
    head: str, shard: Shard, queries: Sequence[PayeeQuery], kept_answers_s: int, kept_batches: int
) -> Command:
    """The call that asks the questions; `head` begins every key, with the cluster slot's tag."""
    base = queries[0].offset
    stem = f"{head}payee:".encode()
    indexes: dict[bytes, int] = {}
    keys: list[bytes] = []
    rows: list[bytes] = []
    for query in queries:
        payee, change = query.payee, query.change
        index = indexes.get(payee)
        if index is None:
            keys.append(stem + payee)
            index = indexes[payee] = len(keys) + 2
        about = query.transaction.encode()
        if change < PAYEE_FRAUD:
            who = crc32(query.member.encode())
            rows.append(
                _row(query.offset - base, query.hour, query.until_day, index, who, crc32(about), change)
            )
        else:
            digest = blake2b(about, digest_size=8).digest()
            rows.append(_label_row(query.offset - base, query.hour, query.until_day, index, digest, change))
    memo = f"{head}payees:{shard.epoch}.{shard.partition}"
    return (
        len(keys) + 2,
        f"{memo}:highest",
        memo,
        *keys,
        b"".join(rows),
        f"{base:012x}",
        f"{queries[-1].offset:012x}",
        kept_answers_s,
        kept_batches,
        KEPT_RECORD_S,
        KEPT_DAYS + 1,
        MAX_ACCOUNTS,
        MAX_PAYMENTS,
        b"%d" % MAX_LABELS,
    )


def answers(blob: bytes) -> list[PayeeCounts]:
    """The script's answers, in the order of the questions."""
    return list(_answers(blob))
