"""How often owners are asked again when so many attackers are to be stopped: ours beside the published medians."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from math import ceil
from statistics import median

from msgspec import Struct

from detectors import discover
from services.enrichment.enrich import Enricher
from services.enrichment.user_agents import UserAgents
from services.lab.evaluate.login_trial import Bench, Outcome, Trial, try_person
from services.lab.people.behaviour import World
from services.lab.people.personas import person
from services.lab.simulate.attackers import ATTACKERS, AttackerName
from services.memory.pseudonyms import Pseudonyms
from services.platform.secrets import KEY_BYTES
from services.platform.settings import Settings
from services.policy.file import read_policy
from services.scoring.runner import Runner

#: Shares of attackers to be stopped.
STOPPED = (0.98, 0.99, 0.995)
#: Median share of logins at which owners were asked again, by kind of attacker, history and share stopped: Wiefling, Dürmuth
#: and Lo Iacono, measured on a real online service by address and user agent.
PUBLISHED: dict[tuple[AttackerName, int], tuple[float, float, float]] = {
    ("naive", 12): (0.08, 0.17, 0.25),
    ("naive", 39): (0.02, 0.03, 0.05),
    ("vpn", 12): (0.17, 0.25, 0.33),
    ("vpn", 39): (0.05, 0.05, 0.08),
    ("targeted", 12): (0.17, 0.33, 0.42),
    ("targeted", 39): (0.06, 0.08, 0.10),
}
FIRST_DAY_S = 1_767_571_200


class Point(Struct, frozen=True):
    """One cell of the table.

    `asked` is the share of all owners' logins whose risk reaches `threshold`, the risk that so many attackers reach;
    `asked_median` the median over owners of their own share.
    """

    attacker: AttackerName
    stopped: float
    history: int
    device_ids: bool
    asked: float
    asked_median: float
    published_median: float | None
    threshold: float


class LoginTable(Struct, frozen=True):
    """All points, with the number of people tried at each size of history."""

    seed: int
    people: dict[int, int]
    points: list[Point]


def login_table(
    settings: Settings, seed: int, people: int, step: Callable[[int], None] = lambda count: None
) -> LoginTable:
    """Try so many simulated people, with and without device ids; `step` hears of each person tried."""
    world = World(seed, FIRST_DAY_S)
    points: list[Point] = []
    tried: dict[int, int] = {}
    for device_ids in (False, True):
        trial, bench = Trial(device_ids=device_ids), _bench(settings)
        outcomes = []
        for number in range(people):
            outcomes.append(try_person(bench, world, person(seed, number), trial))
            step(1)
        tried = {history: sum(history in each.owner for each in outcomes) for history in trial.histories}
        points += [
            _point(outcomes, name, stopped, history, device_ids)
            for name in ATTACKERS
            if device_ids or name != "cloned"
            for stopped in STOPPED
            for history in trial.histories
            if tried[history]
        ]
    return LoginTable(seed, tried, points)


def threshold_stopping(risks: Sequence[float], stopped: float) -> float:
    """The highest risk that at least the share `stopped` of these risks reach. Raises ValueError for none."""
    if not risks:
        raise ValueError("no attackers")
    return sorted(risks, reverse=True)[ceil(stopped * len(risks) - 1e-9) - 1]


def _point(
    outcomes: Sequence[Outcome], name: AttackerName, stopped: float, history: int, device_ids: bool
) -> Point:
    attacks = [risk for each in outcomes for risk in each.attackers.get((history, name), ())]
    threshold = threshold_stopping(attacks, stopped)
    published = PUBLISHED.get((name, history))
    owners = [each.owner[history] for each in outcomes if history in each.owner]
    shares = [sum(risk >= threshold for risk in risks) / len(risks) for risks in owners]
    logins = sum(len(risks) for risks in owners)
    return Point(
        attacker=name,
        stopped=stopped,
        history=history,
        device_ids=device_ids,
        asked=sum(share * len(risks) for share, risks in zip(shares, owners, strict=True)) / logins,
        asked_median=median(shares),
        published_median=published[STOPPED.index(stopped)] if published else None,
        threshold=threshold,
    )


def _bench(settings: Settings) -> Bench:
    pseudonyms = Pseudonyms(bytes(KEY_BYTES))
    today = datetime.fromtimestamp(time.time(), UTC).date()
    enricher = Enricher(pseudonyms, None, None, None, UserAgents(), as_of=today)
    runner = Runner(discover(), read_policy(settings.policy), settings.allowed_lateness_s)
    return Bench(pseudonyms, enricher, runner)
