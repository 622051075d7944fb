"""Files of JSON lines, read one line at a time with their numbers; `-` is standard input, and `.gz` is unpacked."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, NamedTuple, cast

from contracts.errors import Malformed
from contracts.events import AnyEvent
from services.events.decode import decode_event, without_mark

#: Called for a line that is no event: line number (from 1) and why.
OnBad = Callable[[int, Malformed], None]


def read_lines(path: Path, on_bytes: Callable[[int], None] | None = None) -> Iterator[tuple[int, bytes]]:
    """(line number, line without its end) of every line that is not empty. `on_bytes` hears the size of each line read.

    A byte order mark is skipped. Raises Malformed for a `.gz` file that is damaged, and for UTF-16.
    """
    if str(path) == "-":
        source: IO[bytes] = sys.stdin.buffer
    elif path.suffix == ".gz":
        source = cast(IO[bytes], gzip.GzipFile(path))
    else:
        source = path.open("rb")
    with source:
        for number, line in enumerate(_whole(source, path), 1):
            if on_bytes is not None:
                on_bytes(len(line))
            if number == 1:
                line = without_mark(line)
            if stripped := line.strip():
                yield number, stripped


def _whole(source: IO[bytes], path: Path) -> Iterator[bytes]:
    try:
        yield from source
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise Malformed("bad_gzip", f"{path}: {error}") from None


class EventLine(NamedTuple):
    """A line that is an event, with its number."""

    number: int
    value: bytes
    event: AnyEvent


def read_events(lines: Iterator[tuple[int, bytes]], on_bad: OnBad) -> Iterator[EventLine]:
    """Every line that is an event; the others go to `on_bad`."""
    for number, line in lines:
        try:
            event = decode_event(line)
        except Malformed as error:
            on_bad(number, error)
            continue
        yield EventLine(number, line, event)
