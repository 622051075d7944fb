"""Files of events as editors and exports write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.errors import Malformed
from services.replay.lines import read_events, read_lines
from tests.services.events.wire import wire

TWO = "{0}\n\n{0}\n".format(wire("login").decode())


def refused(number: int, error: Malformed) -> None:
    raise AssertionError(f"line {number}: {error}")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_byte_order_mark_before_a_file_is_skipped(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text(TWO, encoding=encoding)
    read = list(read_events(read_lines(file), refused))
    assert [line.number for line in read] == [1, 3]
    assert not read[0].value.startswith(b"\xef")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_file_in_utf_16_is_refused_by_its_name(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text(TWO, encoding=encoding)
    with pytest.raises(Malformed, match="UTF-16"):
        list(read_lines(file))
