"""Every operation of the OpenAPI document, asked well and badly by schemathesis: nothing breaks, every answer is documented."""

from __future__ import annotations

import shutil
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pyotp
import pytest
import schemathesis
from hypothesis import settings
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from services.api.application import openapi_document
from services.http.api_keys import SCOPES
from tests.services.api.served_api import UNTOUCHED, Served, served
from tests.services.api.test_authorization import OPENED_BY
from tests.services.cases.databases import KINDS, MIGRATED

#: Any 5xx fails, 503 too: every part is there.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
ACCOUNT = "/v1/accounts/{account_id}/totp"
CHALLENGE = "/v1/challenges/{challenge_id}"


@schemathesis.serializer("application/x-ndjson")
def _lines(_context: Any, value: Any) -> Any:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


def _asked(phases: list[str], examples: int) -> BaseSchema:
    """The document, with how its requests are made: the same ones on every run."""
    schema: BaseSchema = schemathesis.openapi.from_dict(openapi_document())
    schema.config.generation.update(deterministic=True, max_examples=examples)
    schema.config.phases.update(phases=phases)
    return schema


SOME = _asked(["fuzzing"], 6)
#: Every boundary of every member; those of an event are its decoder's own tests' (test_schema.py).
ALL = _asked(["coverage", "fuzzing"], 10).exclude(path="/v1/events")


@pytest.fixture(scope="module", params=KINDS)
def api(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, migrated_file: Path
) -> Iterator[Served]:
    """The API over SQLite and the embedded store, and over PostgreSQL and Redis."""
    if request.param == "sqlite":
        url = f"sqlite:///{shutil.copy(migrated_file, tmp_path_factory.mktemp('fuzz') / 'fuzz.db')}"
        store = request.getfixturevalue("embedded_redis")
    else:
        url = request.getfixturevalue("migrated_postgres").new_database("fuzz", MIGRATED)
        store = request.getfixturevalue("real_redis")
    with served(url, store) as made:
        yield made


@pytest.fixture
def client(api: Served) -> Iterator[httpx.Client]:
    """The wallet's backend."""
    with httpx.Client(base_url=api.url, headers=bearer(api, "verify")) as made:
        yield made


def ask(api: Served, case: Any) -> None:
    """Send it as it was made with one of the keys, and about what there is with the key that may do everything."""
    request = f"{case.operation.label} {case.path_parameters} {case.query} {case.body!r}"
    scope = SCOPES[zlib.crc32(request.encode("utf-8", "surrogatepass")) % len(SCOPES)]
    case.call_and_validate(base_url=api.url, headers=bearer(api, scope), checks=CHECKS)
    for given in (case.path_parameters, case.body):
        if isinstance(given, dict):
            given.update({name: api.known[name] for name in given if name in api.known})
    case.call_and_validate(base_url=api.url, headers=bearer(api, "admin"), checks=CHECKS)


def bearer(api: Served, scope: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {api.key_of[scope]}"}


@SOME.parametrize()
@settings(max_examples=6)
def test_no_request_breaks_the_api_or_gets_an_answer_that_is_not_documented(case: Any, api: Served) -> None:
    ask(api, case)


@pytest.mark.real
@pytest.mark.timeout(600)
@ALL.parametrize()
@settings(max_examples=10)
def test_no_boundary_breaks_the_api_or_gets_an_answer_that_is_not_documented(case: Any, api: Served) -> None:
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
    asked = {
        f"{method.upper()} {path}"
        for path, operations in openapi_document()["paths"].items()
        for method in operations
    }
    # A schema, as docs have it; the document does not name it.
    known = {name for name in OPENED_BY if " /v1/" in name} - {"GET /v1/evidence-pack.schema.json"}
    assert known <= asked
