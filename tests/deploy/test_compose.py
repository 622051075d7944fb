"""docker-compose.yml and the Dockerfile, held to what the code and the other files say. No engine is needed."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
import typer
import yaml

from deploy.alive import METRICS_PORT
from services.cli.main import app
from services.platform.settings import PREFIX, SECRET_FIELDS, Settings, load_settings
from services.platform.topics import topic_names
from tests.deploy.conftest import DEPLOY, ROOT

TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = ("worker", "api", "cases", "activity", "notifier")
PROCESSES = (*OURS, "admin")
ENV_EXAMPLE = (DEPLOY / "compose" / "env.example").read_text()
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
_REQUIRED = re.compile(r"\$\{(\w+):\?([^}]+)\}")
_PINNED = re.compile(r"[\w./-]+:v?\d+\.\d+\.?\d*[\w.-]*")
#: Only what the process cannot start without: worker and API name people, the API opens second factors, three sign.
NEEDS_SECRET = {
    "worker": {"pseudonym_key", "event_key"},
    "api": {"pseudonym_key", "factor_key", "grant_key", "event_key"},
    "cases": {"event_key"},
    "activity": {"pseudonym_key", "event_key"},
    "notifier": {"event_key"},
}
#: Only where .env has them: the clients of the wallet's own sign-in and of the company's.
MAY_HAVE_SECRET = {"api": {"oidc_client_secret", "staff_oidc_client_secret"}}
NEEDS_PART = {
    "worker": {"kafka", "store"},
    "api": {"kafka", "store", "postgres"},
    "cases": {"kafka", "postgres"},
    "activity": {"kafka", "postgres"},
    "notifier": {"postgres", "mail"},
    "admin": {"kafka", "postgres"},
}


#: What env.example offers without choosing: a variable that .env does not set is not set in the container either.
OPTIONAL = dict(re.findall(r"^#(\w+)=(\S+)$", ENV_EXAMPLE, re.MULTILINE))


def _filled(value: str) -> str:
    """The value as compose would see it with every variable set."""
    return re.sub(r"\$\{(\w+)(?::[?-][^}]*)?\}", lambda found: "abc123", value)


def environment_of(name: str) -> dict[str, str]:
    given = SERVICES[name].get("environment", {}).items()
    return {key: OPTIONAL[key] if value is None else _filled(value) for key, value in given}


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_is_pinned(name: str) -> None:
    image = SERVICES[name]["image"]

    assert _PINNED.fullmatch(image), image


def test_our_image_carries_the_version_of_the_package() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

    assert {SERVICES[name]["image"] for name in PROCESSES} == {f"payguard:{version}"}


def test_the_broker_is_the_one_the_tests_run_on() -> None:
    found = re.search(r"<kafka.version>([\d.]+)</kafka.version>", (DEPLOY / "kafka" / "pom.xml").read_text())

    assert found is not None
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{found[1]}"


def test_published_ports_are_on_this_machine_only_and_used_once() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", ())]
    hosts, ports = zip(*(port.rsplit(":", 2)[:2] for port in published), strict=True)

    assert set(hosts) == {"127.0.0.1"}
    assert len(set(ports)) == len(ports)


#: The variable that names a part, for each part that holds or carries something of accounts.
READS = {"PAYGUARD_KAFKA": "kafka", "PAYGUARD_REDIS": "store", "PAYGUARD_DATABASE": "postgres"}


@pytest.mark.parametrize(("variable", "part"), READS.items())
def test_a_part_is_reached_by_those_whose_settings_name_it_and_by_nobody_else(
    variable: str, part: str
) -> None:
    (network,) = SERVICES[part]["networks"]
    within = {name for name, service in SERVICES.items() if network in service["networks"]}
    reading = {name for name in PROCESSES if variable in environment_of(name)}

    assert within == reading | {part}


def test_mail_is_reached_by_the_notifier_alone_and_metrics_by_no_part() -> None:
    within = {
        network: {name for name, service in SERVICES.items() if network in service["networks"]}
        for network in COMPOSE["networks"]
    }

    assert within["letters"] == {"mail", "notifier"}
    assert within["watch"] == {*OURS, "prometheus", "alertmanager", "grafana"}


def test_memory_and_tables_reach_nothing_outside() -> None:
    closed = {name for name, how in COMPOSE["networks"].items() if how == {"internal": True}}

    assert closed == {"memory", "tables"}
    assert {network for service in SERVICES.values() for network in service["networks"]} == set(
        COMPOSE["networks"]
    )
    for service in SERVICES.values():
        assert not service.get("ports") or set(service["networks"]) - closed


def test_every_lasting_service_has_a_health_check() -> None:
    lasting = [name for name, service in SERVICES.items() if service["restart"] != "no"]

    assert all(SERVICES[name]["healthcheck"]["test"] for name in lasting)


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_waited_for_can_come_true(name: str) -> None:
    for needed, how in SERVICES[name].get("depends_on", {}).items():
        condition = how["condition"]
        if condition == "service_healthy":
            assert "test" in SERVICES[needed]["healthcheck"]
        else:
            assert condition == "service_completed_successfully"
            assert SERVICES[needed]["restart"] == "no"


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_waits_for_the_parts_it_needs_and_for_the_schema(name: str) -> None:
    waits = set(SERVICES[name]["depends_on"])

    assert NEEDS_PART[name] <= waits
    assert name == "admin" or "admin" in waits


@pytest.mark.parametrize("name", PROCESSES)
def test_the_settings_of_a_process_are_known_and_parse(name: str) -> None:
    settings = load_settings(environment_of(name))

    assert settings.kafka == "kafka:9092" or name == "notifier"


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_gets_the_secrets_it_needs_and_no_other(name: str) -> None:
    given = {variable.removeprefix(PREFIX).lower() for variable in environment_of(name)} & SECRET_FIELDS

    assert given == NEEDS_SECRET.get(name, set()) | MAY_HAVE_SECRET.get(name, set())


def test_processes_that_share_a_setting_agree_on_it() -> None:
    for field in ("kafka", "redis", "database", "partitions"):
        values = {getattr(load_settings(environment_of(name)), field) for name in PROCESSES}
        defaults = {field_.default for field_ in msgspec.structs.fields(Settings) if field_.name == field}
        assert len(values - defaults) <= 1, field


def test_secrets_come_from_the_environment_with_a_clear_message() -> None:
    required = dict(_REQUIRED.findall(TEXT))
    listed = set(re.findall(r"^(\w+)=", ENV_EXAMPLE, re.MULTILINE))

    assert set(required) == listed
    assert all(message.startswith(f"set {name} in .env") for name, message in required.items())
    for line in TEXT.splitlines():
        if re.search(r"(PASSWORD|_KEY|AUTH): ", line):
            assert re.search(r": \$\{\w+", line), line
    assert re.findall(r"^\w+=\S+", ENV_EXAMPLE, re.MULTILINE) == []


def test_commands_exist_in_the_command_line() -> None:
    command: Any = typer.main.get_command(app)
    scripted = re.findall(r"payguard ((?:[a-z-]+ ?)+)", SERVICES["admin"]["command"][0])
    told = re.findall(r"exec api payguard ([a-z -]+?) wallet", TEXT)
    for line in [*(" ".join(SERVICES[name]["command"]) for name in OURS), *scripted, *told]:
        at = command
        for word in line.split():
            assert word in at.commands, line
            at = at.commands[word]


def test_volumes_are_declared_and_used_and_mounted_files_exist() -> None:
    mounts = [mount.split(":")[0] for service in SERVICES.values() for mount in service.get("volumes", ())]
    named = {source for source in mounts if not source.startswith("./")}

    assert named == set(COMPOSE["volumes"])
    for source in mounts:
        assert source in named or (ROOT / source).exists(), source


def test_every_container_is_confined() -> None:
    for name, service in SERVICES.items():
        assert service["user"].split(":")[0] not in ("", "0", "root"), name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}, name
        assert service.get("read_only") is True or name == "kafka", name
        assert "privileged" not in service, name


def test_the_store_keeps_what_it_is_told() -> None:
    command = SERVICES["store"]["command"][-1]

    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command


def test_prometheus_scrapes_every_process_on_the_port_it_serves() -> None:
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    scraped: dict[str, int] = {}
    for job in config["scrape_configs"]:
        for found in job.get("dns_sd_configs", ()):
            scraped |= dict.fromkeys(found["names"], found["port"])
        for found in job.get("static_configs", ()):
            scraped |= {target.split(":")[0]: int(target.split(":")[1]) for target in found["targets"]}
    del scraped["localhost"]
    served = {}
    for name in OURS:
        settings = load_settings(environment_of(name))
        served[name] = settings.http_port if name == "api" else settings.metrics_port

    assert scraped == served


def test_health_checks_ask_the_port_the_process_serves() -> None:
    for name in OURS:
        settings = load_settings(environment_of(name))
        port = settings.http_port if name == "api" else settings.metrics_port
        page = [] if name == "api" else ["/readyz"]
        assert SERVICES[name]["healthcheck"]["test"][3:] == ["/opt/payguard/alive.py", str(port), *page]
    assert load_settings(environment_of("worker")).metrics_port == METRICS_PORT


def test_prometheus_gets_every_rule_file_and_knows_the_alertmanager() -> None:
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    mounted = {mount.split(":")[1] for mount in SERVICES["prometheus"]["volumes"]}

    assert {f"/etc/prometheus/{name}" for name in config["rule_files"]} <= mounted
    assert config["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] == ["alertmanager:9093"]


def test_the_worker_can_be_scaled() -> None:
    assert "ports" not in SERVICES["worker"]
    assert "container_name" not in TEXT
    assert len(topic_names(load_settings(environment_of("worker")))) == 5


def test_the_image_is_built_from_pinned_parts_and_runs_as_nobody_special() -> None:
    assert re.search(r"^ARG PYTHON_IMAGE=python:3\.11\.\d+-slim-\w+$", DOCKERFILE, re.MULTILINE)
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) == {"${PYTHON_IMAGE}"}
    assert DOCKERFILE.count("\nFROM ") == 2
    assert "--require-hashes" in DOCKERFILE
    assert re.search(r"^USER 10001:10001$", DOCKERFILE, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK ", DOCKERFILE, re.MULTILINE)
    assert not re.search(r"https?://|index-url|find-links|trusted-host", DOCKERFILE)


def test_what_the_image_needs_is_not_ignored() -> None:
    kept = set(re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = {
        name for name in project["tool"]["setuptools"]["packages"]["find"]["include"] if "*" not in name
    }
    copied = {
        "requirements.txt",
        "deploy/alive.py",
        "pyproject.toml",
        project["project"]["readme"],
        "LICENSE",
    }

    assert kept == packages | copied
    assert all((ROOT / Path(name)).exists() for name in kept)
