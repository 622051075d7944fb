"""Reading the files that data sets come in: CSV, plain or gzip, and Parquet. A wrong file is Malformed, and says why."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from contracts.errors import Malformed

_BATCH_ROWS = 20_000
_GZIP_MAGIC = b"\x1f\x8b"
NO_PYARROW = "reading Parquet needs pyarrow: pip install 'payguard[lab]'"


def parquet_file(path: Path) -> Any:
    """The opened Parquet file."""
    try:
        import pyarrow.parquet as parquet
        from pyarrow.lib import ArrowInvalid
    except ImportError:
        raise Malformed("no_pyarrow", NO_PYARROW) from None
    try:
        return parquet.ParquetFile(path)
    except ArrowInvalid as error:
        raise Malformed("not_parquet", f"{path} is not a Parquet file: {error}") from None


def parquet_dicts(path: Path, columns: set[str]) -> Iterator[dict[str, Any]]:
    """The rows of a Parquet file that has these columns."""
    file = parquet_file(path)
    missing = columns - set(file.schema_arrow.names)
    if missing:
        raise Malformed("other_columns", f"{path} has no column {', '.join(sorted(missing))}")
    for batch in file.iter_batches(_BATCH_ROWS):
        yield from batch.to_pylist()


def csv_dicts(path: Path, columns: set[str], plain: bool = False) -> Iterator[dict[str, str]]:
    """The rows of a gzip CSV file that has these columns; `plain` allows one that is not compressed."""
    unpacked = plain and not _is_gzip(path)
    try:
        with (
            path.open(newline="", encoding="utf-8-sig")
            if unpacked
            else gzip.open(path, "rt", newline="", encoding="utf-8-sig")
        ) as text:
            reader = csv.DictReader(text)
            missing = columns - set(reader.fieldnames or ())
            if missing:
                raise Malformed("other_columns", f"{path} has no column {', '.join(sorted(missing))}")
            yield from reader
    except gzip.BadGzipFile:
        raise Malformed("not_gzip", f"{path} is not a gzip file") from None


def milliseconds(when: datetime) -> int:
    """Epoch milliseconds of a time; one without an offset is UTC."""
    known = when if when.tzinfo is not None else when.replace(tzinfo=UTC)
    return int(known.timestamp() * 1000)


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == _GZIP_MAGIC
