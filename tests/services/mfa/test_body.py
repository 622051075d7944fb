"""What counts as a code in a request."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.mfa.body import Submission, malformed, read_submission, submission_in
from services.mfa.records import Context

JUNK = [
    '{"code":"१२३४५६"}'.encode(),
    '{"code":"１２３４５"}'.encode(),
    '{"code":"¹²³⁴⁵⁶"}'.encode(),
    '{"code":"١٢٣٤٥٦"}'.encode(),
    b'{"code":"123456\\n7"}',
    b'{"code":"-123456"}',
    b'{"code":"123--456"}',
    b'{"code":"123.456"}',
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
    b'{"code":"123456"}' + b" " * 2048,
    b'{"code":"123456","ip":"192.0.2.256"}',
    b'{"code":"123456","ip":["192.0.2.1"]}',
    b'{"code":"123456","device_id":""}',
    b'{"code":"123456","device_id":7}',
    b'{"code":"123456","device_id":"a\\u0000b"}',
    b'{"code":"123456","device_id":"\\ud800"}',
    b'{"code":"123456","device_id":"' + b"d" * 129 + b'"}',
    b'{"code":"0123-4567-89AB-CDEU"}',
    b'{"code":"0123-4567-89AB"}',
]


CODES = [("012345", "012345"), ("0123-4567-89AB-CDEF", "0123456789ABCDEF"), ("０１２ ３４５", "012345")]


@pytest.mark.parametrize(("typed", "code"), CODES)
def test_six_digits_or_a_recovery_code_in_a_json_string_are_a_code(typed: str, code: str) -> None:
    assert submission_in(f' {{\n"code" : "{typed}" }}\n'.encode()) == Submission(code, Context())


def test_who_offers_a_code_may_stand_beside_it() -> None:
    body = b'{"device_id":"d-1","code":"012345","ip":"2001:db8::1"}'

    assert submission_in(body) == Submission("012345", Context(ip="2001:db8::1", device_id="d-1"))


@pytest.mark.parametrize("body", JUNK)
def test_any_other_body_is_malformed(body: bytes) -> None:
    assert submission_in(body).code is None


def test_the_answer_to_a_malformed_body_quotes_nothing_of_it() -> None:
    assert (malformed().reason, "wang" in str(malformed())) == ("code_form", False)
    assert repr(submission_in(b'{"code":"012345","ip":"192.0.2.1"}')) == "Submission(...)"


@pytest.mark.parametrize(
    ("body", "context"),
    [
        (b'{"code":"1","ip":"192.0.2.1","device_id":"d-1"}', Context(ip="192.0.2.1", device_id="d-1")),
        (b'{"code":["123456"],"ip":"192.0.2.1"}', Context(ip="192.0.2.1")),
        (b'{"ip":"192.0.2.1","extra":1}', Context(ip="192.0.2.1")),
        (b'{"code":"123456","ip":"not an address","device_id":"d-1"}', Context(device_id="d-1")),
        (b'{"code":"123456","ip":7}', Context()),
    ],
)
def test_a_malformed_body_still_says_where_it_came_from(body: bytes, context: Context) -> None:
    assert submission_in(body) == Submission(None, context)


@given(st.binary(max_size=300))
def test_no_bytes_crash_the_reader(body: bytes) -> None:
    submission_in(body)


@given(
    st.dictionaries(
        st.sampled_from(["code", "ip", "device_id"]), st.text(max_size=6) | st.integers() | st.none()
    )
)
def test_no_values_crash_the_reader(body: dict[str, Any]) -> None:
    submission_in(json.dumps(body).encode())


async def test_a_huge_body_is_refused_before_it_is_read() -> None:
    read = 0

    async def huge() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(10_000):
            read += 1
            yield b" " * 1000

    assert (await read_submission(huge())).code is None

    assert read == 3
