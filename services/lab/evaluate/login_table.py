"""How often owners are asked again when so many attackers are to be stopped: ours beside the published medians."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from math import ceil
from random import Random
from statistics import median

from msgspec import Struct, structs

from contracts.actions import ASKING
from contracts.decisions import Decision
from contracts.events import ChallengeOutcome, Login
from contracts.profile import NO_DIGEST, Profile
from detectors import discover
from services.enrichment.enrich import Enricher
from services.enrichment.user_agents import UserAgents
from services.lab.people.behaviour import World, ordinary_day
from services.lab.people.events import Hand, confirmation_of
from services.lab.people.personas import Person, as_of, person
from services.lab.simulate.attackers import ATTACKERS, AttackerName, attacker
from services.memory.codec import pack, unpack
from services.memory.pseudonyms import Pseudonyms
from services.platform.secrets import KEY_BYTES
from services.platform.settings import Settings
from services.policy.file import read_policy
from services.scoring.runner import Counts, Runner

_MOST_DAYS = 730
_ANSWERS_AFTER_S = 20


class Trial(Struct, frozen=True):
    """How a person is tried: sizes of history, how many of the owner's logins after each, attackers of each kind.

    Without `device_ids` no login tells one, as in the published measurements, which knew addresses and user agents.
    """

    histories: tuple[int, ...] = (12, 39)
    owner_logins: int = 12
    attacks: int = 8
    device_ids: bool = True

    @property
    def longest(self) -> int:
        """Logins a person needs at most."""
        return max(self.histories) + self.owner_logins


class Outcome(Struct, frozen=True):
    """Risks by size of history: of the owner's next logins, and of the attackers by kind."""

    owner: dict[int, list[float]]
    attackers: dict[tuple[int, AttackerName], list[float]]


class _Account:
    """The one account of a trial, as the runner works on it."""

    def __init__(self, profile: Profile | None = None) -> None:
        self.profile: Profile | None = profile or Profile(has_factor=True)
        self.learned_offset = -1

    def open(self) -> Profile:
        assert self.profile is not None
        return self.profile


class Bench:
    """Enrichment and detectors, built once for all persons."""

    def __init__(self, pseudonyms: Pseudonyms, enricher: Enricher, runner: Runner) -> None:
        self._pseudonyms = pseudonyms
        self._enricher = enricher
        self._runner = runner
        self._offset = 0

    def judge(self, event: Login | ChallengeOutcome, account: _Account) -> Decision:
        """The decision about an event, which the account then learns."""
        states = self._enricher.enrich([event])
        self._offset += 1
        about = {}
        if isinstance(event, ChallengeOutcome):
            about[0] = self._pseudonyms.event_key(event.challenged_event_id)
        key = self._pseudonyms.event_key(event.event_id)
        decided = self._runner.run(
            [event], [self._offset], [key], [NO_DIGEST], about, [account], [{}], states, Counts()
        )
        decision = decided[0]
        assert decision is not None
        return decision

    def live(self, event: Login, account: _Account) -> float:
        """The owner's login, with the code typed where one was asked for; its risk."""
        decision = self.judge(event, account)
        if decision.held or decision.action in ASKING:
            assert isinstance(event.occurred_at, int)
            answered_at = event.occurred_at + _ANSWERS_AFTER_S * 1000
            self.judge(
                confirmation_of(f"{event.event_id}-code", event.account_id, answered_at, event.event_id),
                account,
            )
        return decision.risk


def try_person(bench: Bench, world: World, who: Person, trial: Trial) -> Outcome:
    """Live the person's logins and attack after each size of history; one with too few logins yields fewer risks."""
    logins = list(logins_of(world, who, trial))
    owner: dict[int, list[float]] = {}
    attacked: dict[tuple[int, AttackerName], list[float]] = {}
    account, count = _Account(), 0
    for index, (day, event) in enumerate(logins):
        if count in trial.histories and count not in owner:
            if len(logins) - index < trial.owner_logins:
                break
            owner[count] = []
            hands = _hands(who, day, trial, f"attack {world.seed} {who.number} {count}")
            since = logins[index - 1][1].at
            for number, (name, hand, share) in enumerate(hands):
                at = since + (event.at - since) * share
                attack = _by(event, hand, at, f"{event.event_id}-attack-{number}", trial.device_ids)
                risk = bench.judge(attack, _copy(account)).risk
                attacked.setdefault((count, name), []).append(risk)
        risk = bench.live(event, account)
        if event.outcome == "success":
            for history in owner:
                if history <= count < history + trial.owner_logins:
                    owner[history].append(risk)
            count += 1
    return Outcome(owner, attacked)


def logins_of(world: World, who: Person, trial: Trial) -> Iterator[tuple[int, Login]]:
    """The person's logins with their days, successes and failures, until there are enough successes."""
    successes = 0
    for day in range(_MOST_DAYS):
        for played in ordinary_day(world, who, day):
            event = played.event
            if not isinstance(event, Login):
                continue
            if successes >= trial.longest:
                return
            successes += event.outcome == "success"
            yield day, event if trial.device_ids else structs.replace(event, device_id=None)


def _hands(who: Person, day: int, trial: Trial, seed: str) -> Sequence[tuple[AttackerName, Hand, float]]:
    """Attackers with the share of the time since the owner's last login at which each comes."""
    rng, victim = Random(seed), as_of(who, day)
    return [
        (name, attacker(name, victim, rng), rng.random()) for _ in range(trial.attacks) for name in ATTACKERS
    ]


def _by(owner: Login, hand: Hand, at: float, event_id: str, device_ids: bool) -> Login:
    return Login(
        event_id=event_id,
        account_id=owner.account_id,
        occurred_at=int(at * 1000),
        ip=hand.access.ip,
        user_agent=hand.device.user_agent,
        device_id=hand.device.device_id if device_ids else None,
        place=hand.access.place,
        network=hand.access.network,
        outcome="success",
    )


def _copy(account: _Account) -> _Account:
    return _Account(unpack(pack(account.open())))


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
