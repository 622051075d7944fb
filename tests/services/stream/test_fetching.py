"""What the fetcher makes of batches, readable and not, without a broker."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import cramjam
import pytest
from aiokafka import codec
from aiokafka.consumer.fetcher import Fetcher, FetchResult, PartitionRecords
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import calc_crc32c
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from services.events.decode import decode
from services.stream.fetching import ParsedRecordsFetcher, UnreadableBatch, isolate

A = TP("account-events", 0)
GZIP, SNAPPY, LZ4, ZSTD = 1, 2, 3, 4
HEADER_BYTES, ATTRIBUTES_AT, CRC_AT = 61, 21, 17


def batch(
    first: int, *values: bytes, packed: int = 0, headers: tuple[tuple[str, bytes], ...] = ()
) -> bytearray:
    """A batch of record format 2 whose first offset is `first`."""
    builder = DefaultRecordBatchBuilder(
        2, packed, is_transactional=0, producer_id=-1, producer_epoch=-1, base_sequence=0, batch_size=900_000
    )
    for index, value in enumerate(values):
        builder.append(index, 1_234, key=b"ann", value=value, headers=list(headers))
    made = bytearray(builder.build())
    struct.pack_into(">q", made, 0, first)
    return made


def sealed(made: bytearray) -> bytearray:
    """The batch with a sum that fits its content."""
    struct.pack_into(">I", made, CRC_AT, calc_crc32c(bytes(made[ATTRIBUTES_AT:])))
    return made


def repacked(made: bytearray, payload: bytes, codec_number: int) -> bytearray:
    """The batch with this packed content in the place of its own."""
    new = bytearray(made[:HEADER_BYTES]) + payload
    struct.pack_into(">i", new, 8, len(new) - 12)
    struct.pack_into(">h", new, ATTRIBUTES_AT, codec_number)
    return sealed(new)


def read(*batches: bytearray, position: int = 0) -> list[Any]:
    parsed = PartitionRecords(
        A, MemoryRecords(b"".join(map(bytes, batches))), [], position, None, None, True, 0
    )
    isolate(parsed)
    return list(parsed)


async def test_the_installed_aiokafka_hands_over_records_as_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    made = batch(0, b"{}", headers=(("reply-to", b"api"),))
    parsed = PartitionRecords(A, MemoryRecords(bytes(made)), [], 0, None, None, True, 0)
    fetcher: Any = object.__new__(ParsedRecordsFetcher)
    fetcher._records = {A: FetchResult(A, assignment=None, partition_records=parsed, backoff=0.0)}

    async def answered(self: Fetcher, *arguments: Any) -> bool:
        return True

    monkeypatch.setattr(Fetcher, "_proc_fetch_request", answered)
    assert await fetcher._proc_fetch_request(None, 0, None)
    assert await fetcher._proc_fetch_request(None, 0, None)
    [record] = parsed

    assert type(record).__name__ == "DefaultRecord"
    assert (record.offset, record.timestamp, record.key, record.value) == (0, 1_234, b"ann", b"{}")
    assert list(record.headers) == [("reply-to", b"api")]


@pytest.mark.parametrize("packed", [0, GZIP, SNAPPY, LZ4, ZSTD])
def test_every_codec_of_kafka_is_read(packed: int) -> None:
    values = [b"%d" % number * 3_000 for number in range(40)]

    assert values == [record.value for record in read(batch(0, *values, packed=packed))]


def test_snappy_is_read_with_and_without_the_frame_of_java() -> None:
    plain = batch(0, b"x" * 100_000)
    content = bytes(plain[HEADER_BYTES:])
    for payload in (
        codec.snappy_encode(content),
        codec.snappy_encode(content, xerial_blocksize=1_000),
        bytes(cramjam.snappy.compress_raw(content)),
    ):
        [record] = read(repacked(plain, payload, SNAPPY))

        assert record.value == b"x" * 100_000


def test_lz4_is_read_with_linked_blocks_and_sums() -> None:
    plain = batch(0, b"x" * 100_000)
    content = bytes(plain[HEADER_BYTES:])
    for options in ({"block_linked": True}, {"content_checksum": True}):
        packer = cramjam.lz4.Compressor(level=4, **options)
        packer.compress(content)
        [record] = read(repacked(plain, bytes(packer.finish()), LZ4))

        assert record.value == b"x" * 100_000


BROKEN: dict[str, Callable[[bytearray], bytearray]] = {
    "an unknown codec": lambda made: repacked(made, b"whatever", 5),
    "another unknown codec": lambda made: repacked(made, b"whatever", 7),
    "no gzip": lambda made: repacked(made, b"this is no gzip at all", GZIP),
    "half a gzip": lambda made: repacked(made, codec.gzip_encode(bytes(made[HEADER_BYTES:]))[:-12], GZIP),
    "no snappy": lambda made: repacked(made, b"\xff" * 40, SNAPPY),
    "a Java frame cut short": lambda made: repacked(
        made, codec.snappy_encode(bytes(made[HEADER_BYTES:]))[:18], SNAPPY
    ),
    "no lz4": lambda made: repacked(made, b"this is no lz4", LZ4),
    "no zstd": lambda made: repacked(made, b"this is no zstd", ZSTD),
    "well packed nonsense": lambda made: repacked(made, codec.zstd_encode(b"\xff" * 90), ZSTD),
    "nothing": lambda made: repacked(made, b"", LZ4),
    "a header whose name is not UTF-8": lambda made: sealed(
        bytearray(bytes(made).replace(b"name-of-it", b"name\xff\xfe\xff-it"))
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_batch_that_cannot_be_read_is_one_dead_letter_and_the_next_one_is_read(name: str) -> None:
    broken = BROKEN[name](batch(2, b"lost", b"lost", headers=(("name-of-it", b"x"),)))
    found = read(batch(0, b"0", b"1"), broken, batch(4, b"4"))
    letters = [each for each in found if isinstance(each, UnreadableBatch)]
    [dead] = decode(letters, 300.0).dead

    assert [0, 1, 3, 4] == [each.offset for each in found]
    assert "unreadable_batch" == dead.error.reason
    assert "offsets 2 to 3" in dead.error.detail


def test_two_broken_batches_are_two_letters() -> None:
    broken = [repacked(batch(first, b"x", b"x"), b"junk", ZSTD) for first in (0, 2)]

    assert [1, 3] == [each.offset for each in read(*broken)]


def test_a_batch_whose_sum_is_wrong_is_not_passed_over() -> None:
    made = batch(0, b"{}")
    made[-1] ^= 1

    with pytest.raises(CorruptRecordException):
        read(made)


@given(st.sampled_from([GZIP, SNAPPY, LZ4, ZSTD]), st.binary(max_size=300))
def test_whatever_is_said_to_be_packed_ends_no_reader(packed: int, payload: bytes) -> None:
    found = read(repacked(batch(5, b"x"), payload, packed), batch(6, b"y"), position=5)

    assert b"y" == found[-1].value
    assert 6 == found[-1].offset
