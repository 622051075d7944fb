"""aiokafka's fetcher, handing over records as its parser makes them, and a batch that cannot be read as one dead letter.

A batch may be packed with an unknown codec, or its content may not be what the codec says, or a header's name may not be
UTF-8. The stock fetcher raises then, at every attempt: the partition would stand still for ever.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

import cramjam
from aiokafka.consumer.fetcher import Fetcher, FetchResult, PartitionRecords
from aiokafka.errors import KafkaError
from msgspec import Struct

from contracts.errors import Malformed
from services.events.decode import Record

_UNREADABLE = (
    KafkaError,
    cramjam.CompressionError,
    cramjam.DecompressionError,
    zlib.error,
    struct.error,
    OSError,
    EOFError,
    ValueError,
    IndexError,
    OverflowError,
    MemoryError,
)
#: In the complaint of aiokafka about a batch whose checksum does not fit.
_WRONG_SUM = "Invalid CRC"


class UnreadableBatch(Struct, frozen=True):
    """What stands for the records of a batch that cannot be read: no key and no value, at the last one's offset."""

    offset: int
    timestamp: int
    fault: Malformed
    key: None = None
    value: None = None
    headers: tuple[()] = ()


class ParsedRecordsFetcher(Fetcher):
    """Hands over the records of the parser as they are, without wrapping each in a ConsumerRecord.

    They have what a batch needs: offset, timestamp, key, value and headers.
    """

    async def _proc_fetch_request(self, *arguments: Any) -> bool:
        new = await super()._proc_fetch_request(*arguments)
        for answer in self._records.values():
            if isinstance(answer, FetchResult) and answer.has_more():
                isolate(answer._partition_records)
        return bool(new)


class _Batches:
    """The batches of an answer, one after the other; `current` is the one being read."""

    def __init__(self, records: Any) -> None:
        self._records = records
        self.current: Any = None
        self.has_next = records.has_next

    def next_batch(self) -> Any:
        self.current = batch = self._records.next_batch()
        return batch


class IsolatedRecords(PartitionRecords):
    """The records of one partition's answer; see `isolate`."""

    next_fetch_offset: int

    def __next__(self) -> Any:
        try:
            return super().__next__()
        except _UNREADABLE as error:
            if _WRONG_SUM in str(error):
                # Damaged on its way or on the disk: fetched again it may be whole, and nothing in it can be believed.
                raise
            return self._pass_over(error)

    def _pass_over(self, error: Exception) -> UnreadableBatch:
        batch = self._records.current
        first, after = self.next_fetch_offset, batch.next_offset
        self.next_fetch_offset = after
        self._records_iterator = self._unpack_records()
        told = f"{type(error).__name__}: {error}" if isinstance(error, KafkaError) else type(error).__name__
        detail = f"the batch of offsets {first} to {after - 1} cannot be unpacked ({told})"
        timestamp = getattr(batch, "max_timestamp", 0)
        return UnreadableBatch(after - 1, timestamp, Malformed("unreadable_batch", detail))


def isolate(records: PartitionRecords) -> None:
    """From now on a batch of these that cannot be read is passed over as one `UnreadableBatch`. Safe to repeat."""
    if records.__class__ is not IsolatedRecords:
        records.__class__ = IsolatedRecords
        records._consumer_record = _as_parsed
        records._records = _Batches(records._records)
        records._records_iterator = records._unpack_records()


def _as_parsed(tp: object, record: Record) -> Record:
    return record
