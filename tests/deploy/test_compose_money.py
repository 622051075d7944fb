"""The operator's own currencies and rates reach the containers that read them."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

from contracts import currencies
from services.platform.currency_files import read_rates, use_currencies
from services.platform.settings import load_settings
from tests.deploy.conftest import ROOT
from tests.deploy.test_compose import OPTIONAL, PROCESSES, SERVICES, environment_of

_ELSEWHERE = ("PAYGUARD_PORTAL_", "PAYGUARD_OIDC_", "PAYGUARD_DESK_", "PAYGUARD_STAFF_", "PAYGUARD_RUNBOOK_")
_MONEY = {name for name in OPTIONAL if not name.startswith(_ELSEWHERE)}


def test_every_process_knows_the_operators_currencies_and_the_worker_the_rates() -> None:
    named = {name: load_settings(environment_of(name)) for name in PROCESSES}

    assert _MONEY == {"PAYGUARD_CURRENCIES", "PAYGUARD_RATES"}
    assert {name for name, settings in named.items() if settings.currencies is not None} == set(PROCESSES)
    assert {name for name, settings in named.items() if settings.rates is not None} == {"worker"}


def test_the_files_of_money_are_where_the_containers_look_for_them() -> None:
    source, target, mode = SERVICES["worker"]["volumes"][0].split(":")

    assert (source, mode) == ("./deploy/compose/money", "ro")
    assert all(SERVICES[name]["volumes"] == SERVICES["worker"]["volumes"] for name in PROCESSES)
    assert {str(Path(OPTIONAL[name]).parent) for name in _MONEY} == {target}


def test_the_files_of_money_that_are_shown_are_right(tmp_path: Path) -> None:
    told = (ROOT / "deploy" / "compose" / "money" / "README.md").read_text()
    shown = [dedent(block) for block in re.findall(r"^ *```toml\n(.*?)```", told, re.DOTALL | re.MULTILINE)]
    for name, text in zip(("currencies.toml", "rates.toml"), shown, strict=True):
        (tmp_path / name).write_text(text)
    try:
        use_currencies(tmp_path / "currencies.toml")
        assert currencies.minor_exponent("GOLDX") == 4
    finally:
        use_currencies(None)
    assert read_rates(tmp_path / "rates.toml").as_of == "2026-01-31"
