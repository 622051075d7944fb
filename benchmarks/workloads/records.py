"""Events as a broker would give them, for what is measured without one."""

from __future__ import annotations

from aiokafka import ConsumerRecord


def record_of(offset: int, key: bytes, value: bytes, at_ms: int) -> ConsumerRecord:
    """The record at that offset of one partition of account events, written at epoch milliseconds `at_ms`."""
    return ConsumerRecord("account-events", 0, offset, at_ms, 0, key, value, None, len(key), len(value), ())
