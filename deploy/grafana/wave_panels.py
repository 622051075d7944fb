"""Panels of attacks on many accounts, as `services.attacks` recognises them."""

from __future__ import annotations

from deploy.grafana.shapes import Panel, now, over

_RUNBOOK = ("attack-under-way.md",)
WAVES = (
    Panel(
        "Attacks under way",
        "Attacks on many accounts, by kind.",
        (now("payguard_attacks", "kind"),),
        decimals=0,
        runbooks=_RUNBOOK,
    ),
    Panel(
        "What attacks touched",
        "In this time: attacks recognised and their attempts, by kind; accounts touched, and of these those that gave way; "
        "addresses by kind of network.",
        (
            over("payguard_attacks_recognised_total", "kind", called="attacks"),
            over("payguard_attack_attempts_total", "kind", called="attempts"),
            over("payguard_attack_accounts_total", "kind", "what", called="accounts"),
            over("payguard_attack_sources_total", "network", called="addresses"),
        ),
        kind="bargauge",
        decimals=0,
        runbooks=_RUNBOOK,
    ),
)
