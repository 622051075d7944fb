"""Every setting of every process: one frozen struct, parsed once from PAYGUARD_* variables and flags."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

PREFIX = "PAYGUARD_"


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings with their defaults; the variable of `kafka` is PAYGUARD_KAFKA, and so on.

    Durations end in _s (seconds). Paths may be relative to the working directory.
    """

    # connections
    kafka: str = "127.0.0.1:9092"
    kafka_security_protocol: str = "PLAINTEXT"
    kafka_sasl_mechanism: str = ""
    kafka_user: str = ""
    kafka_password: str = ""
    kafka_password_file: Path | None = None
    kafka_ca_file: Path | None = None
    kafka_certificate_file: Path | None = None
    kafka_key_file: Path | None = None
    kafka_check_hostname: bool = True
    redis: str = "redis://127.0.0.1:6379/0"
    database: str = "sqlite:///payguard.db"
    # topics
    topic_events: str = "account-events"
    topic_dead: str = "account-events.dead"
    topic_decisions: str = "decisions"
    topic_actions: str = "actions"
    topic_results: str = "action-results"
    topic_messages: str = "messages"
    messages_to_kafka: bool = False
    partitions: int = 8
    replication: int = 1
    topic_epoch: int = 1
    # worker
    consumer_group: str = "payguard-worker"
    cases_group: str = "payguard-cases"
    results_group: str = "payguard-results"
    activity_group: str = "payguard-activity"
    data_dir: Path | None = None
    batch_records: int = 2000
    in_flight_batches: int = 3
    live_accounts: int = 200_000
    memory_check_s: float = 5.0
    session_timeout_s: float = 10.0
    commit_interval_s: float = 1.0
    fetch_wait_s: float = 0.05
    allowed_lateness_s: float = 86_400.0
    future_skew_s: float = 300.0
    invalid_ceiling: float = 0.5
    topic_check_s: float = 5.0
    # policy, enrichment
    policy: Path | None = None
    policy_reread_s: float = 2.0
    deadlines: str = "cn"
    model: Path | None = None
    currencies: Path | None = None
    rates: Path | None = None
    geo_city: Path | None = None
    geo_asn: Path | None = None
    network_lists: Path | None = None
    # secrets (base64 of 32 bytes, three of them versioned); the demo makes its own
    pseudonym_key: str = ""
    factor_key: str = ""
    factor_key_file: Path | None = None
    grant_key: str = ""
    grant_key_file: Path | None = None
    event_key: str = ""
    event_key_file: Path | None = None
    unsigned_events_until: str = ""
    # HTTP
    http_host: str = "127.0.0.1"
    http_port: int = 8080
    http_max_body_bytes: int = 4_000_000
    http_max_connections: int = 2_000
    http_headers_timeout_s: float = 10.0
    http_body_timeout_s: float = 20.0
    http_idle_timeout_s: float = 75.0
    trusted_proxies: str = ""
    decision_wait_s: float = 2.0
    totp_issuer: str = "UPay"
    factor_reset_delay_s: float = 86_400.0
    recovery_code_memory_kib: int = 19_456
    refused_codes_network: int = 60
    refused_codes_refill_s: float = 30.0
    refused_codes_fleet: int = 300
    portal_url: str = ""
    pack_fonts: Path | None = None
    centre_idle_s: float = 1800.0
    centre_longest_s: float = 14_400.0
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = ""
    oidc_account_claim: str = "sub"
    desk_url: str = ""
    runbook_url: str = ""
    staff_idle_s: float = 1800.0
    staff_longest_s: float = 36_000.0
    staff_oidc_issuer: str = ""
    staff_oidc_client_id: str = ""
    staff_oidc_client_secret: str = ""
    staff_oidc_scopes: str = "openid,profile"
    staff_oidc_groups_claim: str = "groups"
    staff_oidc_name_claim: str = "preferred_username"
    staff_oidc_roles: str = ""
    staff_oidc_factor: str = ""
    staff_oidc_check_s: float = 3600.0
    # notices
    smtp: str = ""
    smtp_sender: str = "security@upay.example"
    outbox_dir: Path | None = None
    sms_url: str = ""
    sms_after_s: float = 60.0
    push_url: str = ""
    chat_url: str = ""
    web_push_key: str = ""
    contact_grace_s: float = 604_800.0
    contact_told_first_s: float = 3600.0
    letters_per_hour: int = 500
    critical_letters_per_hour: int = 5000
    challenge_letters_per_hour: int = 2
    messages_a_day: int = 3
    channel_rates: str = ""
    digest_after_s: float = 3600.0
    # the security team
    security_address: str = ""
    security_webhook_url: str = ""
    security_webhook_secret: str = ""
    # wallet
    webhook_private_networks: bool = False
    # activity
    activity_money_days: int = 400
    activity_access_days: int = 180
    # how long what is kept, see docs/retention.md
    events_days: int = 90
    topic_days: int = 30
    records_days: int = 730
    letters_days: int = 180
    erase_keeps_money_days: int = 0
    # metrics
    metrics_host: str = "127.0.0.1"
    metrics_port: int = 0
    log_level: str = "INFO"
    # faults on purpose, for the chaos suite only: name of the point at which the worker kills itself
    fault_point: str = ""
    fault_after: int = 0


SECRET_FIELDS = frozenset(
    {
        "pseudonym_key",
        "factor_key",
        "grant_key",
        "event_key",
        "kafka_password",
        "sms_url",
        "push_url",
        "chat_url",
        "web_push_key",
        "oidc_client_secret",
        "staff_oidc_client_secret",
        "security_webhook_url",
        "security_webhook_secret",
    }
)


def load_settings(environment: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Settings from the environment (default: os.environ) and explicit overrides (None means not given).

    Raises ValueError naming the variable for an unknown PAYGUARD_ name or a value that does not parse; secrets are not quoted.
    """
    environment = os.environ if environment is None else environment
    known = {field.name for field in msgspec.structs.fields(Settings)}
    given: dict[str, Any] = {}
    for variable, text in environment.items():
        if not variable.startswith(PREFIX):
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name in _NOT_SETTINGS:
            continue
        if name not in known:
            raise ValueError(f"unknown setting {variable}; known: {', '.join(sorted(known))}")
        given[name] = text
    given.update({name: value for name, value in overrides.items() if value is not None})
    parsed: dict[str, Any] = {}
    for field in msgspec.structs.fields(Settings):
        if field.name in given:
            try:
                parsed[field.name] = msgspec.convert(
                    given[field.name], field.type, strict=False, dec_hook=_path
                )
            except msgspec.ValidationError as error:
                shown = "(hidden)" if field.name in SECRET_FIELDS else repr(given[field.name])
                raise ValueError(f"{PREFIX}{field.name.upper()}={shown}: {error}") from None
    return Settings(**parsed)


#: PAYGUARD_ variables that test and build scripts read, not processes.
_NOT_SETTINGS = frozenset({"real", "home"})


def _path(kind: type, value: Any) -> Any:
    if kind is Path and isinstance(value, (str, Path)):
        return Path(value)
    raise NotImplementedError(kind)
