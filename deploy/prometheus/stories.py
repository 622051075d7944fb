"""Test cases of the alerts on objectives and on drift: one that fires and resolves, one that comes near and stays quiet."""

from __future__ import annotations

from dataclasses import dataclass

from deploy.prometheus.rules import VERIFY_ROUTE

Labels = dict[str, str]
QUIET: tuple[Labels, ...] = ()
FIRES: tuple[Labels, ...] = ({},)


_DECIDED = "payguard_decision_latency_seconds_count"
_IN_TIME = 'payguard_decision_latency_seconds_bucket{le="1.0"}'
_ASKED = f'payguard_http_request_seconds_count{{route="{VERIFY_ROUTE}",status="200"}}'
_ANSWERED = f'payguard_http_request_seconds_bucket{{route="{VERIFY_ROUTE}",status="200",le="0.3"}}'
_DECISIONS = 'payguard_decisions_total{action="allow"}'
_ACTED = 'payguard_decisions_total{action="challenge"}'


@dataclass(frozen=True)
class Story:
    """Series in promtool's notation and, at each time, the labels of the alerts that fire."""

    alert: str
    claim: str
    series: dict[str, str]
    expected: tuple[tuple[str, tuple[Labels, ...]], ...]


def counter(*parts: tuple[int, int]) -> str:
    """From 0: (samples, increase a sample) after one another."""
    value, written = 0, ["0"]
    for samples, step in parts:
        written.append(f"{value + step}+{step}x{samples - 1}")
        value += samples * step
    return " ".join(written)


def gauge(*parts: tuple[int, float]) -> str:
    """(samples, value) after one another."""
    return " ".join(f"{value:g}+0x{samples - 1}" for samples, value in parts)


def says(value: str, **labels: str) -> tuple[Labels, ...]:
    """One alert that fires, whose texts speak of its value, as people read it."""
    return ({"value": value, **labels},)


def later(minutes: int, series: str) -> str:
    """The series, absent for its first minutes."""
    return f"_x{minutes} {series}"


def _burn(
    alert: str, all_name: str, good_name: str, rate: int, parts: tuple[int, int, int], value: str
) -> Story:
    """`parts`: samples of calm, of nothing good, of calm; fires at the end of the second, resolves within the third."""
    calm, bad, after = parts
    minutes = 1 if alert.endswith("14x") else 15
    return Story(
        alert,
        "fires while answers are bad, and resolves soon after",
        {
            all_name: counter((calm + bad + after, rate)),
            good_name: counter((calm, rate), (bad, 0), (after, rate)),
        },
        (
            (f"{calm * minutes}m", QUIET),
            (f"{(calm + bad) * minutes}m", says(value)),
            (f"{(calm + bad + after) * minutes}m", QUIET),
        ),
    )


def _no_burn(alert: str, claim: str, series: dict[str, str], when: str) -> Story:
    return Story(alert, claim, series, ((when, QUIET),))


BURN_STORIES = (
    _burn("DecisionsBurn14x", _DECIDED, _IN_TIME, 600, (60, 5, 10), "8.333%"),
    _no_burn(
        "DecisionsBurn14x",
        "stays quiet at 1 % late",
        {_DECIDED: counter((70, 600)), _IN_TIME: counter((70, 594))},
        "66m",
    ),
    _no_burn(
        "DecisionsBurn14x",
        "stays quiet when a handful of events is late at night",
        {_DECIDED: counter((60, 1), (5, 2)), _IN_TIME: counter((60, 1), (5, 0))},
        "65m",
    ),
    _burn("VerificationsBurn14x", _ASKED, _ANSWERED, 60, (60, 5, 10), "8.333%"),
    _no_burn(
        "VerificationsBurn14x",
        "stays quiet at 4 bad answers",
        {_ASKED: counter((70, 1)), _ANSWERED: counter((61, 1), (4, 0), (5, 1))},
        "66m",
    ),
    Story(
        "VerificationsBurn14x",
        "counts fast answers that are errors of ours as bad",
        {
            _ASKED: counter((70, 10)),
            _ANSWERED: counter((70, 10)),
            _ASKED.replace("200", "503"): counter((60, 0), (10, 10)),
            _ANSWERED.replace("200", "503"): counter((60, 0), (10, 10)),
        },
        (("60m", QUIET), ("66m", says("9.091%"))),
    ),
)

BUDGET_STORIES = (
    _burn("DecisionsBurn6x", _DECIDED, _IN_TIME, 600, (24, 2, 10), "8.333%"),
    _burn("DecisionsBurn3x", _DECIDED, _IN_TIME, 600, (24, 2, 12), "7.692%"),
    _burn("DecisionsBurn1x", _DECIDED, _IN_TIME, 600, (24, 2, 28), "7.692%"),
    _burn("VerificationsBurn6x", _ASKED, _ANSWERED, 60, (24, 2, 10), "8.333%"),
    _burn("VerificationsBurn3x", _ASKED, _ANSWERED, 60, (24, 2, 12), "7.692%"),
    _burn("VerificationsBurn1x", _ASKED, _ANSWERED, 60, (24, 2, 28), "7.692%"),
    *(
        _no_burn(
            f"{name}Burn{rate}",
            "stays quiet just under its rate",
            {
                all_name: counter((40, 300_000)),
                good_name: counter((40, 300_000 - 3 * bad)),
            },
            "600m",
        )
        for name, all_name, good_name, budget in (
            ("Decisions", _DECIDED, _IN_TIME, 100),
            ("Verifications", _ASKED, _ANSWERED, 50),
        )
        for rate, bad in (("6x", 6 * budget - 1), ("3x", 3 * budget - 1), ("1x", budget - 1))
    ),
    Story(
        "ScoreDrift",
        "fires when the share of challenges jumps, and resolves when it is back",
        {
            _DECISIONS: counter((96, 2970), (6, 2700), (10, 2970)),
            _ACTED: counter((96, 30), (6, 300), (10, 30)),
        },
        (("1440m", QUIET), ("1530m", says("10%")), ("1680m", QUIET)),
    ),
    Story(
        "ScoreDrift",
        "fires when nothing is challenged any more",
        {_DECISIONS: counter((96, 2970), (8, 3000)), _ACTED: counter((96, 30), (8, 0))},
        (("1540m", says("0%")),),
    ),
    _no_burn(
        "ScoreDrift",
        "stays quiet at twice the share",
        {_DECISIONS: counter((96, 2970), (8, 2940)), _ACTED: counter((96, 30), (8, 60))},
        "1540m",
    ),
)
