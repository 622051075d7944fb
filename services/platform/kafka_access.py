"""How every Kafka client of ours signs in, from settings; and what it says when the broker refuses it."""

from __future__ import annotations

import logging
import ssl
import time
from pathlib import Path
from typing import Any

from aiokafka import errors

from contracts.errors import Malformed
from services.platform import metrics
from services.platform.settings import PREFIX, Settings

PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
_TOLD_EVERY_S = 60.0
#: Rights that are missing, and a password that is wrong: waiting does not mend them.
_REFUSALS = (
    errors.TopicAuthorizationFailedError,
    errors.GroupAuthorizationFailedError,
    errors.ClusterAuthorizationFailedError,
    errors.TransactionalIdAuthorizationFailed,
    errors.SaslAuthenticationFailed,
    errors.AuthenticationFailedError,
    errors.UnsupportedSaslMechanismError,
    errors.IllegalSaslStateError,
)
#: The clients by which refusals are counted; of Faust the process has others, all the worker's.
CLIENTS = ("worker", "api", "cases", "activity", "outbox", "action-results")
_told_at_s: dict[tuple[str, str], float] = {}
log = logging.getLogger(__name__)


def kafka_access(settings: Settings) -> dict[str, Any]:
    """Options for any client of aiokafka. Raises Malformed, quoting no secret, for settings that are half set or unusable."""
    protocol = settings.kafka_security_protocol
    if protocol not in PROTOCOLS:
        raise _wrong("kafka_security_protocol", f"is one of {', '.join(PROTOCOLS)}, not {protocol!r}")
    options: dict[str, Any] = {"security_protocol": protocol}
    if "SASL" in protocol:
        options |= _sasl(settings)
    else:
        _unused(
            settings,
            "SASL_SSL",
            "kafka_sasl_mechanism",
            "kafka_user",
            "kafka_password",
            "kafka_password_file",
        )
    if "SSL" in protocol.split("_"):
        options["ssl_context"] = _tls(settings)
    else:
        _unused(settings, "SASL_SSL or SSL", "kafka_ca_file", "kafka_certificate_file", "kafka_key_file")
        if not settings.kafka_check_hostname:
            raise _wrong("kafka_check_hostname", "is for TLS; the protocol is not SSL or SASL_SSL")
    return options


def note_refusal(error: BaseException, client: str) -> bool:
    """Whether the broker refuses this client, whatever is tried again: counted, and one line a minute in the log."""
    if not isinstance(error, _REFUSALS):
        return False
    metrics.KAFKA_REFUSED.labels(client).inc()
    key, now_s = (client, type(error).__name__), time.monotonic()
    if now_s - _told_at_s.get(key, -_TOLD_EVERY_S) >= _TOLD_EVERY_S:
        _told_at_s[key] = now_s
        log.error(
            "Kafka refuses %s: %s. Compare its user's rights with docs/kafka-access.md; nothing goes on until they are right",
            client,
            type(error).__name__,
        )
    return True


def _sasl(settings: Settings) -> dict[str, Any]:
    if settings.kafka_sasl_mechanism not in MECHANISMS:
        raise _wrong("kafka_sasl_mechanism", f"is one of {', '.join(MECHANISMS)} with SASL")
    if not settings.kafka_user:
        raise _wrong("kafka_user", "must be set with SASL")
    return {
        "sasl_mechanism": settings.kafka_sasl_mechanism,
        "sasl_plain_username": settings.kafka_user,
        "sasl_plain_password": _password(settings),
    }


def _password(settings: Settings) -> str:
    text, file = settings.kafka_password, settings.kafka_password_file
    if text and file is not None:
        raise _wrong("kafka_password", f"and {PREFIX}KAFKA_PASSWORD_FILE are both set; keep one")
    if file is not None:
        try:
            text = file.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError):
            raise _wrong("kafka_password_file", f"names {file}, which cannot be read as text") from None
    if not text:
        raise _wrong(
            "kafka_password", f"or {PREFIX}KAFKA_PASSWORD_FILE must be set with SASL, and not be empty"
        )
    return text


def _tls(settings: Settings) -> ssl.SSLContext:
    certificate, key = settings.kafka_certificate_file, settings.kafka_key_file
    if (certificate is None) != (key is None):
        raise _wrong("kafka_certificate_file", f"and {PREFIX}KAFKA_KEY_FILE go together; one is not set")
    _readable("kafka_ca_file", settings.kafka_ca_file)
    try:
        context = ssl.create_default_context(cafile=settings.kafka_ca_file)
    except ssl.SSLError:
        raise _wrong("kafka_ca_file", "holds no certificates in PEM") from None
    context.check_hostname = settings.kafka_check_hostname
    if certificate is not None and key is not None:
        _readable("kafka_certificate_file", certificate)
        _readable("kafka_key_file", key)
        try:
            context.load_cert_chain(certificate, key, password=_no_passphrase)
        except (ssl.SSLError, ValueError):
            detail = (
                f"and {PREFIX}KAFKA_KEY_FILE hold no certificate and its key, in PEM and without a passphrase"
            )
            raise _wrong("kafka_certificate_file", detail) from None
    return context


def _no_passphrase() -> str:
    raise ValueError("a key with a passphrase would be asked for on a terminal")


def _readable(name: str, file: Path | None) -> None:
    if file is None:
        return
    try:
        with file.open("rb"):
            return
    except OSError as error:
        raise _wrong(name, f"names {file}, which cannot be read: {error.strerror}") from None


def _unused(settings: Settings, wanted: str, *names: str) -> None:
    for name in names:
        if getattr(settings, name):
            raise _wrong(name, f"is set, but {PREFIX}KAFKA_SECURITY_PROTOCOL is not {wanted}")


def _wrong(name: str, rule: str) -> Malformed:
    return Malformed("kafka_access", f"{PREFIX}{name.upper()} {rule}")
