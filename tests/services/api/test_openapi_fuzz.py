"""Every operation of the OpenAPI document, asked well and badly by schemathesis: nothing breaks, every answer is documented."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pyotp
import pytest
from hypothesis import settings

from services.api.application import openapi_document
from tests.services.api.asked_api import ask, asked, bearer
from tests.services.api.served_api import UNTOUCHED, Served
from tests.services.api.test_authorization import OPENED_BY

ACCOUNT = "/v1/accounts/{account_id}/totp"
CHALLENGE = "/v1/challenges/{challenge_id}"
SOME = asked(["fuzzing"], 6)


@pytest.fixture
def client(api: Served) -> Iterator[httpx.Client]:
    """The wallet's backend."""
    with httpx.Client(base_url=api.url, headers=bearer(api, "verify")) as made:
        yield made


@SOME.parametrize()
@settings(max_examples=6)
def test_no_request_breaks_the_api_or_gets_an_answer_that_is_not_documented(case: Any, api: Served) -> None:
    ask(api, case)


def test_what_succeeds_in_a_factor_s_life_is_answered_as_documented(
    api: Served, client: httpx.Client
) -> None:
    """Requests at random hold no right code."""

    def sent(method: str, path: str, body: dict[str, Any] | None, **names: str) -> Any:
        answer = client.request(method, path.format(**names), json=body)
        assert answer.is_success, (method, path, answer.status_code)
        SOME[path][method].validate_response(answer)
        api.clock.at += 30.0
        return answer

    made = sent("POST", ACCOUNT, {"proved_at": api.clock.at}, account_id="sun").json()
    code = pyotp.TOTP(made["secret"])
    sent("GET", f"{ACCOUNT}/qr/{{ticket}}", None, account_id="sun", ticket=made["qr_url"].rsplit("/", 1)[1])
    first = sent("POST", f"{ACCOUNT}/confirm", {"code": code.at(api.clock.at)}, account_id="sun").json()
    again = sent(
        "POST", f"{ACCOUNT}/recovery-codes", {"code": code.at(api.clock.at)}, account_id="sun"
    ).json()
    shown = sent("GET", ACCOUNT, None, account_id="sun").json()
    gone = sent("DELETE", ACCOUNT, {"code": again["recovery_codes"][0]}, account_id="sun").json()
    passed = sent(
        "POST", f"{CHALLENGE}/verify", {"code": api.known[UNTOUCHED]}, challenge_id=UNTOUCHED
    ).json()
    grant = sent("GET", f"{CHALLENGE}/grant", None, challenge_id=UNTOUCHED).json()

    assert [first["result"], again["result"], gone["result"], passed["result"]] == [
        "confirmed",
        "made",
        "removed",
        "passed",
    ]
    assert (shown["state"], grant["grant"]) == ("active", passed["grant"])


def test_every_route_of_the_api_is_asked() -> None:
    documented = {
        f"{method.upper()} {path}"
        for path, operations in openapi_document()["paths"].items()
        for method in operations
    }
    # A schema, as docs have it; the document does not name it.
    known = {name for name in OPENED_BY if " /v1/" in name} - {"GET /v1/evidence-pack.schema.json"}
    assert known <= documented
