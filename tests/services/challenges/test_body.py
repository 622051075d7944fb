"""What counts as a code in a request."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import Malformed
from services.challenges.body import code_in, read_code

JUNK = [
    '{"code":"１２３４５６"}'.encode(),
    '{"code":"¹²³⁴⁵⁶"}'.encode(),
    '{"code":"١٢٣٤٥٦"}'.encode(),
    b'{"code":"123456\\n"}',
    b'{"code":" 123456"}',
    b'{"code":"12345"}',
    b'{"code":"1234567"}',
    b'{"code":123456}',
    b'{"code":123456.0}',
    b'{"code":["123456"]}',
    b'{"code":{"$ne":""}}',
    b'{"code":null}',
    b'{"code":true}',
    b'{"code":"123456","code":"123456"}',
    b'{"code":"000000","\\u0063ode":"123456"}',
    b'{"code":"123456","account_id":"wang"}',
    b'["123456"]',
    b'"123456"',
    b"123456",
    b"{}",
    b"",
    b"null",
    b"[" * 200,
    b'{"code":"123456"',
    b'{"code":"123456"} x',
    b'\xff{"code":"123456"}',
    b'\xef\xbb\xbf{"code":"123456"}',
    b'{"code":"123456"}' + b" " * 300,
]


@pytest.mark.parametrize("body", [b'{"code":"012345"}', b' {\n"code" : "012345" }\n'])
def test_six_ascii_digits_in_a_json_string_are_a_code(body: bytes) -> None:
    assert code_in(body) == "012345"


@pytest.mark.parametrize("body", JUNK)
def test_any_other_body_is_malformed_and_not_quoted(body: bytes) -> None:
    with pytest.raises(Malformed) as refused:
        code_in(body)

    assert refused.value.reason == "code_form"
    assert refused.value.__cause__ is None


@given(st.binary(max_size=300))
def test_no_bytes_crash_the_reader(body: bytes) -> None:
    with contextlib.suppress(Malformed):
        code_in(body)


async def test_a_huge_body_is_refused_before_it_is_read() -> None:
    read = 0

    async def huge() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(10_000):
            read += 1
            yield b" " * 1000

    with pytest.raises(Malformed):
        await read_code(huge())

    assert read == 1
