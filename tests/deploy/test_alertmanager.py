"""What reaches people: mail of a real Alertmanager, with a link that a real Prometheus made whole, and what silences what."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from aiosmtpd.controller import Controller

from deploy.prometheus.generate import ALERTS
from services.platform.embedded import free_port
from tests.deploy.conftest import DEPLOY
from tests.notifier.mail_server import Mailbox

RUNBOOKS = "https://wiki.example/payguard/runbooks"
WITHIN_S = 90.0
pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    """A mail server on this machine, and its port."""
    box = Mailbox()
    server = Controller(box, hostname="127.0.0.1", port=free_port())
    server.start()
    try:
        yield box, server.port
    finally:
        server.stop()


@pytest.fixture(scope="module")
def alertmanager(
    alertmanager_program: str, mailbox: tuple[Mailbox, int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of an Alertmanager with our configuration, which waits for nothing before it writes."""
    folder = tmp_path_factory.mktemp("alertmanager")
    config = yaml.safe_load((DEPLOY / "alertmanager" / "alertmanager.yml").read_text())
    config["global"]["smtp_smarthost"] = f"127.0.0.1:{mailbox[1]}"
    for route in (config["route"], *config["route"]["routes"]):
        route["group_wait"] = "0s"
    (folder / "alertmanager.yml").write_text(json.dumps(config))
    shutil.copy(DEPLOY / "alertmanager" / "mail.tmpl", folder)
    address = f"127.0.0.1:{free_port()}"
    arguments = [
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
    ]
    with _running([alertmanager_program, *arguments], folder, f"http://{address}"):
        yield f"http://{address}"


@contextmanager
def _running(command: list[str], folder: Path, url: str, **environment: str) -> Iterator[None]:
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, env={**os.environ, **environment}
        )
        try:
            _until(lambda: _ready(url), folder / "server.log")
            yield
        finally:
            server.terminate()
            server.wait(60)


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/-/ready", timeout=60).status_code == 200
    except httpx.TransportError:
        return False


def _until(done: Callable[[], bool], log: Path | None = None) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not done():
        assert time.monotonic() < deadline, "" if log is None else log.read_text()[-2000:]
        time.sleep(0.1)


def _prometheus(alertmanager: str, folder: Path) -> list[str]:
    """The command of a Prometheus with our configuration, two of whose alerts fire whatever is measured."""
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    config["global"] |= {"evaluation_interval": "1s"}
    config["alerting"]["alertmanagers"] = [
        {"static_configs": [{"targets": [alertmanager.removeprefix("http://")]}]}
    ]
    config |= {"scrape_configs": [], "rule_files": [str(folder / "rules.yml")]}
    (folder / "prometheus.yml").write_text(json.dumps(config))
    rules = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())["groups"]
    [rule] = [rule for group in rules for rule in group["rules"] if rule.get("alert") == "OutboxStuck"]
    rule |= {"expr": 'label_replace(vector(12), "kind", "action", "", "")', "for": "0s"}
    (folder / "rules.yml").write_text(json.dumps({"groups": [{"name": "one", "rules": [rule]}]}))
    (folder / "user").mkdir()
    shutil.copytree(DEPLOY.parent / "docs" / "runbooks", folder / "user" / "runbooks")
    return [
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.user-assets={folder / 'user'}",
        "--enable-feature=expand-external-labels",
        # The first alert may come before the Alertmanager is known.
        "--rules.alert.resend-delay=1s",
    ]


def _about(box: Mailbox, alert: str) -> list[EmailMessage]:
    return [message for message in box.messages if alert in message["Subject"]]


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_mail_about_an_alert_says_it_in_both_languages_and_its_link_is_whole(
    alertmanager: str, mailbox: tuple[Mailbox, int], prometheus_program: str, tmp_path: Path
) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    command = [prometheus_program, *_prometheus(alertmanager, tmp_path)]
    command.append(f"--web.listen-address={url.removeprefix('http://')}")
    box = mailbox[0]
    with _running(command, tmp_path, url, PAYGUARD_RUNBOOK_URL=RUNBOOKS):
        _until(lambda: bool(_about(box, "OutboxStuck")), tmp_path / "server.log")
        served = httpx.get(f"{url}/user/runbooks/outbox-stuck.md", timeout=60)
    message = _about(box, "OutboxStuck")[0]
    plain, html = _body(message, "plain"), _body(message, "html")

    assert message["To"] == "payguard-tickets@upay.example"
    assert message["Subject"].startswith("[ticket] OutboxStuck: Rows of kind action that have waited")
    for said in (plain, html):
        assert f"{RUNBOOKS}/outbox-stuck.md" in said
        assert "发件箱中有 12 条 action 等待了 15 分钟" in said
        assert "runbooks=" not in said
    assert f'href="{RUNBOOKS}/outbox-stuck.md"' in html
    assert served.text == (DEPLOY.parent / "docs" / "runbooks" / "outbox-stuck.md").read_text()


def _posted(name: str, **labels: str) -> dict[str, Any]:
    return {"labels": {"alertname": name, "severity": ALERTS[name].severity, **labels}}


def _silences(url: str, *alerts: dict[str, Any], wanted: set[str]) -> None:
    """Wait until, of these alerts under way, exactly the wanted ones are silenced by others."""
    assert httpx.post(f"{url}/api/v2/alerts", json=list(alerts), timeout=60).status_code == 200
    names = {each["labels"]["alertname"] for each in alerts}
    states: dict[str, str] = {}

    def settled() -> bool:
        shown = httpx.get(f"{url}/api/v2/alerts", timeout=60).json()
        states.update({each["labels"]["alertname"]: each["status"]["state"] for each in shown})
        silenced = {name for name in names if states.get(name) == "suppressed"}
        return names <= set(states) and "unprocessed" not in states.values() and silenced == wanted

    _until(settled)


def test_a_dead_worker_silences_what_follows_from_it_and_nothing_else(alertmanager: str) -> None:
    _silences(
        alertmanager,
        _posted("NoWorker"),
        _posted("EventsNotDecided"),
        _posted("CommitStalled", instance="w:1"),
        _posted("ProcessDown", job="payguard-worker", instance="w:1"),
        _posted("StoreMayEvict"),
        wanted={"EventsNotDecided", "CommitStalled", "ProcessDown"},
    )


def test_a_page_about_a_service_silences_the_tickets_of_its_processes_alone(alertmanager: str) -> None:
    _silences(
        alertmanager,
        _posted("ServiceDown", job="payguard-api"),
        _posted("ProcessRestarting", job="payguard-api", instance="api:1"),
        _posted("UpkeepFailing", job="payguard-activity", consumer="activity"),
        _posted("ConsumerBehind", consumer="cases"),
        wanted={"ProcessRestarting"},
    )


def test_an_attack_silences_the_bursts_that_it_explains_and_never_what_people_lose(alertmanager: str) -> None:
    _silences(
        alertmanager,
        _posted("AttackUnderWay", kind="code_guessing"),
        _posted("AttackGaveWay", kind="credential_stuffing"),
        _posted("OtpSpray"),
        _posted("OtpLockouts"),
        _posted("NotMeDoubled"),
        _posted("FraudReportsBurst"),
        wanted={"OtpSpray", "OtpLockouts", "NotMeDoubled"},
    )
