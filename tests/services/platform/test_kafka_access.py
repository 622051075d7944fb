"""How clients sign in to Kafka: settings to options, and half-set ones refused with a sentence that shows no secret."""

from __future__ import annotations

import ast
import logging
import ssl
from pathlib import Path
from typing import Any

import pytest
from aiokafka import errors

from contracts.errors import Malformed
from services.platform import metrics
from services.platform.kafka_access import MECHANISMS, kafka_access, note_refusal
from services.platform.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
SASL: dict[str, Any] = {
    "kafka_security_protocol": "SASL_PLAINTEXT",
    "kafka_sasl_mechanism": "PLAIN",
    "kafka_user": "worker",
    "kafka_password": "sesame-open",
}


def test_nothing_set_is_plain_text() -> None:
    assert kafka_access(Settings()) == {"security_protocol": "PLAINTEXT"}


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_a_user_signs_in_by_each_mechanism(mechanism: str) -> None:
    assert kafka_access(Settings(**SASL | {"kafka_sasl_mechanism": mechanism})) == {
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": mechanism,
        "sasl_plain_username": "worker",
        "sasl_plain_password": "sesame-open",
    }


def test_a_password_comes_from_a_file_without_its_line_end(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("sesame-open\n")
    settings = Settings(**SASL | {"kafka_password": "", "kafka_password_file": file})

    assert kafka_access(settings)["sasl_plain_password"] == "sesame-open"


def test_tls_checks_the_broker_unless_told_otherwise() -> None:
    strict = kafka_access(Settings(kafka_security_protocol="SSL"))["ssl_context"]
    loose = kafka_access(Settings(kafka_security_protocol="SSL", kafka_check_hostname=False))["ssl_context"]

    assert (strict.check_hostname, strict.verify_mode) == (True, ssl.CERT_REQUIRED)
    assert (loose.check_hostname, loose.verify_mode) == (False, ssl.CERT_REQUIRED)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"kafka_security_protocol": "TLS"}, "KAFKA_SECURITY_PROTOCOL"),
        (SASL | {"kafka_sasl_mechanism": ""}, "KAFKA_SASL_MECHANISM"),
        (SASL | {"kafka_sasl_mechanism": "GSSAPI"}, "KAFKA_SASL_MECHANISM"),
        (SASL | {"kafka_user": ""}, "KAFKA_USER"),
        (SASL | {"kafka_password": ""}, "KAFKA_PASSWORD"),
        (SASL | {"kafka_password_file": Path("/nowhere")}, "keep one"),
        (SASL | {"kafka_password": "", "kafka_password_file": Path("/nowhere")}, "KAFKA_PASSWORD_FILE"),
        (SASL | {"kafka_security_protocol": "PLAINTEXT"}, "KAFKA_SECURITY_PROTOCOL is not SASL_SSL"),
        (SASL | {"kafka_ca_file": Path("ca.pem")}, "KAFKA_CA_FILE"),
        ({"kafka_password": "sesame-open"}, "KAFKA_PASSWORD is set, but"),
        ({"kafka_check_hostname": False}, "KAFKA_CHECK_HOSTNAME"),
        ({"kafka_security_protocol": "SSL", "kafka_user": "worker"}, "KAFKA_USER"),
        ({"kafka_security_protocol": "SSL", "kafka_ca_file": Path("/nowhere")}, "KAFKA_CA_FILE"),
        ({"kafka_security_protocol": "SSL", "kafka_ca_file": Path(__file__)}, "KAFKA_CA_FILE"),
        ({"kafka_security_protocol": "SSL", "kafka_key_file": Path(__file__)}, "go together"),
        ({"kafka_security_protocol": "SSL", "kafka_certificate_file": Path(__file__)}, "go together"),
        (
            {
                "kafka_security_protocol": "SSL",
                "kafka_certificate_file": Path(__file__),
                "kafka_key_file": Path(__file__),
            },
            "KAFKA_CERTIFICATE_FILE",
        ),
    ],
)
def test_what_is_half_set_is_refused_with_a_sentence(given: dict[str, Any], named: str) -> None:
    with pytest.raises(Malformed) as refused:
        kafka_access(Settings(**given))

    assert named in refused.value.detail
    assert "sesame-open" not in refused.value.detail


def test_a_refusal_is_counted_each_time_and_said_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    count = metrics.KAFKA_REFUSED.labels("cases")
    before = count._value.get()
    with caplog.at_level(logging.ERROR):
        assert note_refusal(errors.GroupAuthorizationFailedError("g"), "cases")
        assert note_refusal(errors.GroupAuthorizationFailedError("g"), "cases")

    assert count._value.get() == before + 2
    assert [line.message.split(".")[0] for line in caplog.records] == [
        "Kafka refuses cases: GroupAuthorizationFailedError"
    ]


def test_a_broker_that_is_away_is_no_refusal() -> None:
    assert not note_refusal(errors.KafkaConnectionError("away"), "cases")


def test_every_client_of_the_services_is_told_how_to_sign_in() -> None:
    calls = [
        (file.name, node)
        for file in (ROOT / "services").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "").startswith("AIOKafka")
    ]

    assert len(calls) > 5
    assert [name for name, call in calls if all(keyword.arg for keyword in call.keywords)] == []
