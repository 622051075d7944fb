"""Are we under attack?"""

from __future__ import annotations

from deploy.grafana.shapes import (
    DETECTOR,
    RANGE,
    TYPE,
    WINDOW,
    Dashboard,
    Panel,
    Query,
    Row,
    now,
    over,
    rate,
)
from deploy.grafana.wave_panels import WAVES

_FUNNEL = "payguard_funnel_total"
_STAGES = (
    ("scored", "1 attempts"),
    ("alerted", "2 alerts"),
    ("challenged", "3 asked for a code"),
    ("refused", "4 refused"),
)
_CONFIRMED = '{stage="confirmed"}'
_ALERTED, _SCORED = '{stage="alerted"}', '{stage="scored"}'
_WORKERS, _CASES = '{end=~"held|refused"}', '{end=~"released|cancelled|lost"}'


def _share(label: str) -> Query:
    """Of the attempts, the share that led to an alert."""
    alerted, scored = (
        f"sum by ({label}) (increase({_FUNNEL}{which}{RANGE}))" for which in (_ALERTED, _SCORED)
    )
    return Query(f"{alerted} / ({scored} > 0)", f"{{{{{label}}}}}")


#: What stopping it is worth: workers count each their own, and each process of cases all there is.
_MONEY = (
    over("payguard_money_total", "end", where=_WORKERS),
    over("payguard_money_total", "end", where=_CASES, one="max"),
)

ATTACK = Dashboard(
    "attack",
    "Are we under attack?",
    "Waves, how far attempts get, why they are stopped, and what it costs.",
    (
        Row(
            "Is there more than usual?",
            (
                Panel(
                    "Alerts",
                    "Per second, by severity.",
                    (rate("payguard_alerts_total", "severity"),),
                    "cps",
                ),
                Panel(
                    "Decisions other than allow",
                    "Their share, over an hour and a day; and the share that scored above 60, by type of event.",
                    (
                        *(
                            Query(f"payguard:decisions_acted:ratio_rate{window}", f"acted on, {window}")
                            for window in ("1h", "1d")
                        ),
                        Query(
                            '1 - sum by (type) (rate(payguard_decision_score_bucket{le="60.0",type=~"$type"}'
                            f"{WINDOW})) / sum by (type) (rate(payguard_decision_score_count"
                            f'{{type=~"$type"}}{WINDOW}))',
                            "above 60, {{type}}",
                        ),
                    ),
                    "percentunit",
                    runbooks=("score-drift.md",),
                ),
                Panel(
                    "Decisions by action",
                    "Per second, without those that were allowed.",
                    (
                        rate(
                            "payguard_decisions_total",
                            "action",
                            where='{action!="allow",type=~"$type"}',
                        ),
                    ),
                    "cps",
                ),
            ),
        ),
        Row("Who attacks whom?", WAVES),
        Row(
            "How far do they get?",
            (
                Panel(
                    "From attempt to confirmed",
                    "Logins, payments and account changes: scored, alerted, asked for a code, refused, and called not the "
                    "owner's by the owner or support.",
                    (
                        *(
                            over(_FUNNEL, where=f'{{stage="{stage}"}}', called=called)
                            for stage, called in _STAGES
                        ),
                        Query(
                            f"sum(max by (network, country) (increase({_FUNNEL}{_CONFIRMED}{RANGE})))",
                            "5 confirmed",
                        ),
                    ),
                    kind="bargauge",
                    decimals=0,
                ),
                Panel(
                    "Alerts by kind of network",
                    "Of the attempts from each kind of network, the share that led to an alert.",
                    (_share("network"),),
                    "percentunit",
                    kind="bargauge",
                    empty="no attempts in this time",
                ),
                Panel(
                    "Alerts by country",
                    "The same by whether the account was in the country before.",
                    (_share("country"),),
                    "percentunit",
                    kind="bargauge",
                    empty="no attempts in this time",
                ),
            ),
        ),
        Row(
            "Why are they stopped?",
            (
                Panel(
                    "Top reasons",
                    "Decisions other than allow, by the reason that weighs most.",
                    (
                        Query(
                            f"topk(10, sum by (reason) (increase(payguard_reasons_total{RANGE})) > 0)",
                            "{{reason}}",
                        ),
                    ),
                    kind="bargauge",
                    decimals=0,
                    empty="nothing was stopped in this time",
                ),
                Panel(
                    "Findings",
                    "Per second, by detector and whether it acts.",
                    (rate("payguard_findings_total", "detector", "mode", where='{detector=~"$detector"}'),),
                    "cps",
                ),
                Panel(
                    "Guessing of codes",
                    "Per second: wrong, repeated and locked ones; factors locked; codes slowed down before they were "
                    "compared, and known devices let through all the same.",
                    (
                        rate("payguard_codes_total", "result", where='{result!="passed"}'),
                        rate("payguard_lockouts_total", called="factors locked"),
                        rate("payguard_replay_refused_total", called="used before"),
                        rate("payguard_codes_slowed_total", "limit", called="slowed by"),
                        rate("payguard_known_device_codes_total", "result", called="known device"),
                    ),
                    "cps",
                    runbooks=("otp-guessing.md", "otp-spray.md", "otp-lockouts.md", "otp-fleet-limit.md"),
                ),
            ),
        ),
        Row(
            "What does it cost?",
            (
                Panel(
                    "Money in this time",
                    "In US dollars by the table of rates: held, refused (each try), released, cancelled, and gone before "
                    "somebody said that it was not the owner; and payments of currencies without a rate.",
                    (
                        *_MONEY,
                        Query(
                            f"sum(increase(payguard_money_unpriced_total{RANGE})) > 0",
                            "payments without a rate",
                        ),
                    ),
                    "currencyUSD",
                    kind="bargauge",
                    decimals=0,
                    runbooks=("payments-refused.md",),
                ),
                Panel(
                    "Money held now",
                    "In US dollars by the table of rates.",
                    (now("payguard_money_held", called="held"),),
                    "currencyUSD",
                    kind="stat",
                ),
                Panel(
                    "Money asked of frozen accounts",
                    "Payments a second. requested: refused. completed: the wallet carried it out all the same.",
                    (rate("payguard_frozen_money_total", "status"),),
                    "cps",
                    runbooks=("freeze-unacknowledged.md",),
                ),
            ),
        ),
    ),
    (TYPE, DETECTOR),
)
