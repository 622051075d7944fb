"""Writes everything under docs/ and deploy/ that is generated from the code: `make docs`.

The pages about metrics, settings and topics are made here; the others by their own modules.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import msgspec  # noqa: E402
from prometheus_client import Counter, Gauge, Histogram  # noqa: E402

from contracts import topics  # noqa: E402
from deploy.declared import alerts_of, panels_of  # noqa: E402
from deploy.grafana.generate import DASHBOARDS  # noqa: E402
from services.desk import authorisation  # noqa: E402
from services.desk.pack import schema  # noqa: E402
from services.platform import metrics  # noqa: E402
from services.platform.settings import PREFIX, SECRET_FIELDS, Settings  # noqa: E402
from services.platform.settings_text import MEANINGS  # noqa: E402

_NOTE = "\n<!-- Written by `make docs` from {source}. -->\n"
_END = "<!-- End of what is written. -->"
#: Modules that write their own files when run.
OTHERS = ("detectors.docs", "services.api.schema", "deploy.prometheus.generate", "deploy.grafana.generate")
#: Modules that print their page, and where it goes.
PRINTED = {
    "services.cases.kind_contract": "contracts/kind_rows.py",
    "services.policy.file": "docs/policy.md",
    "services.rights.page": "docs/retention.md",
}
_KINDS: dict[type[Any], str] = {
    Counter: "counter",
    Gauge: "gauge",
    Histogram: "histogram",
    metrics.BulkHistogram: "histogram",
}
_DEAD_HEADERS = {
    "DEAD_REASON": "Reason code, the `reason` label of `payguard_dead_letters_total`.",
    "DEAD_DETAIL": "What is wrong, as a JSON string, without the value.",
    "DEAD_TOPIC": "Topic the record came from.",
    "DEAD_PARTITION": "Its partition.",
    "DEAD_OFFSET": "Its offset.",
    "DEAD_ATTEMPTS": "How often it was tried.",
}


def metrics_page() -> str:
    """docs/metrics.md: name, kind, labels and meaning of every metric, and which panels and alerts use it."""
    panels, alerts = panels_of(), alerts_of()
    rows = [_metric_row(name, metric, panels[name], alerts[name]) for name, metric in metrics.ALL.items()]
    return (
        "# Metrics\n"
        + _NOTE.format(source="services/platform/metrics.py")
        + "\nEvery process declares all of them and moves its own. No label ever holds an account, an address or a device.\n"
        "Worker, cases, activity and notifier serve `/metrics` on `PAYGUARD_METRICS_HOST` and `PAYGUARD_METRICS_PORT`,\n"
        "the API on its own port.\n"
        "Dashboards: "
        + "; ".join(f"*{each.name}* {each.question}" for each in DASHBOARDS)
        + " Each is `deploy/grafana/dashboards/payguard-NAME.json`.\n"
        "\n| metric | kind | labels | meaning | panels | alerts |\n|---|---|---|---|---|---|\n"
        + "".join(rows)
    )


def settings_page() -> str:
    """docs/settings.md: variable, type, default and meaning of every setting."""
    rows = "".join(_setting_row(field) for field in msgspec.structs.fields(Settings))
    return (
        "# Settings\n"
        + _NOTE.format(source="services/platform/settings.py and services/platform/settings_text.py")
        + "\nEnvironment variables; a flag of the same name wins where a command has one.\n"
        "An unknown `PAYGUARD_` variable is refused. Names ending in `_S` are seconds.\n"
        "Secrets have no default; keys are 32 bytes in base64.\n"
        "\n| variable | type | default | meaning |\n|---|---|---|---|\n" + rows
    )


def topics_page() -> str:
    """docs/topics.md: topics and record headers."""
    defaults = {field.name: field.default for field in msgspec.structs.fields(Settings)}
    variables = {
        name: f"`{PREFIX}{key.upper()}`" for key, name in defaults.items() if key.startswith("topic_")
    }
    told = _commented(Path(str(topics.__file__)).read_text(encoding="utf-8"))
    values = {name: value for name, value in vars(topics).items() if name.isupper()}
    about = {**_DEAD_HEADERS, **told}
    headers = [name for name in values if values[name] not in variables]
    return (
        "# Topics and headers\n"
        + _NOTE.format(source="contracts/topics.py")
        + "\nKeys are account ids. A decision or dead letter goes to the partition of its event.\n"
        "Schemas: events.schema.json, asyncapi.json.\n"
        "\n| topic | setting | meaning |\n|---|---|---|\n"
        + "".join(
            f"| `{values[name]}` | {variables[values[name]]} | {about[name]} |\n"
            for name in values
            if name not in headers
        )
        + "\n| header | meaning |\n|---|---|\n"
        + "".join(f"| `{values[name]}` | {about[name]} |\n" for name in headers)
    )


def pack_schema() -> str:
    """docs/evidence-pack.schema.json: what an evidence pack holds."""
    return schema().decode()


def security_page() -> str:
    """docs/security.md, with the table of who may open what at the desk."""
    begins = _NOTE.format(source="services/desk/authorisation.py").strip()
    before, rest = (ROOT / "docs/security.md").read_text(encoding="utf-8").split(begins)
    return f"{before}{begins}\n\n{authorisation.table()}\n{_END}{rest.partition(_END)[2]}"


PAGES: dict[str, Callable[[], str]] = {
    "docs/metrics.md": metrics_page,
    "docs/settings.md": settings_page,
    "docs/topics.md": topics_page,
    "docs/evidence-pack.schema.json": pack_schema,
    "docs/security.md": security_page,
}


def _metric_row(name: str, metric: Any, panels: list[tuple[str, str]], alerts: list[str]) -> str:
    family = next(iter(metric.collect()))
    bulk = isinstance(metric, metrics.BulkHistogram)
    names = ([metric._label] if metric._label else []) if bulk else list(metric._labelnames)
    labels = ", ".join(f"`{label}`" for label in names)
    shown = "; ".join(f"*{dashboard}* {title}" for dashboard, title in panels)
    watched = ", ".join(f"`{alert}`" for alert in alerts)
    return (
        f"| `{name}` | {_KINDS[type(metric)]} | {labels} | {family.documentation} | {shown} | {watched} |\n"
    )


def _setting_row(field: msgspec.structs.FieldInfo) -> str:
    kind = re.sub(r"<class '(?:\w+\.)*(\w+)'>", r"\1", str(field.type)).replace("pathlib.Path | None", "path")
    if field.name in SECRET_FIELDS:
        kind = "secret"
    default = "" if field.default in (None, "") else f"`{field.default}`"
    return f"| `{PREFIX}{field.name.upper()}` | {kind} | {default} | {MEANINGS[field.name]} |\n"


def _commented(source: str) -> dict[str, str]:
    """Constants with the `#:` comment above them."""
    return {name: text for text, name in re.findall(r"^#: (.+)\n(\w+) = ", source, re.MULTILINE)}


def main() -> int:
    """Write all files, what others are written from first; the exit code."""
    for module, path in PRINTED.items():
        done = subprocess.run([sys.executable, "-m", module], cwd=ROOT, check=True, capture_output=True)
        (ROOT / path).write_bytes(done.stdout)
    for path, page in PAGES.items():
        (ROOT / path).write_text(page(), encoding="utf-8")
    for module in OTHERS:
        subprocess.run([sys.executable, "-m", module], cwd=ROOT, check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
