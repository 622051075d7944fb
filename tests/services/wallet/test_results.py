"""A record of the topic of results: what is one, and what is passed over."""

from __future__ import annotations

import pytest

from contracts.errors import Malformed
from services.wallet.actions import RESULTS, ActionResult, Result, read_result


@pytest.mark.parametrize("result", RESULTS)
def test_each_result_is_read(result: Result) -> None:
    assert read_result(b'{"action_id":"a1","result":"%s"}' % result.encode()) == ActionResult(
        action_id="a1", result=result
    )


def test_members_that_nobody_knows_are_let_be() -> None:
    told = read_result(b'{"action_id":"a1","result":"done","at":1796040000,"ledger":{"shard":3}}')

    assert told == ActionResult(action_id="a1", result="done")


def test_a_detail_that_cannot_be_kept_whole_loses_no_result() -> None:
    told = read_result(b'{"action_id":"a1","result":"failed","detail":"\\u0000%s"}' % (b"x" * 999))

    assert told == ActionResult(action_id="a1", result="failed", detail="x" * 256)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff\xfe",
        b'{"action_id":"\xff","result":"done"}',
        b'{"result":"done"}',
        b'{"action_id":"a1"}',
        b'{"action_id":"a1","result":"Done"}',
        b'{"action_id":"a1","result":null}',
        b'{"action_id":1,"result":"done"}',
        b'{"action_id":"","result":"done"}',
        b'{"action_id":"..","result":"done"}',
        b'{"action_id":"a\\u0000","result":"done"}',
        b'{"action_id":"a\\ud800","result":"done"}',
        b'{"action_id":"%s","result":"done"}' % (b"a" * 129),
        b'{"action_id":"a1","result":"done","detail":7}',
        b'{"deep":' + b"[" * 5_000 + b"]" * 5_000 + b',"action_id":"a1","result":"done"}',
    ],
)
def test_what_is_no_result_is_malformed(value: bytes) -> None:
    with pytest.raises(Malformed):
        read_result(value)
