"""One simulated person's logins against the detectors, with attackers put in after so many of them.

Each login is judged as the pipeline judges it and then learned; who is asked types the code. An attacker's login is judged by
a copy of the account, so no attack teaches anything or is known to the next one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

from msgspec import Struct, structs

from contracts.actions import ASKING
from contracts.decisions import Decision
from contracts.events import ChallengeOutcome, Login
from contracts.profile import NO_DIGEST, Profile
from services.enrichment.enrich import Enricher
from services.lab.people.behaviour import World, ordinary_day
from services.lab.people.events import Hand, confirmation_of
from services.lab.people.personas import Person, as_of
from services.lab.simulate.attackers import ATTACKERS, AttackerName, attacker
from services.memory.codec import pack, unpack
from services.memory.pseudonyms import Pseudonyms
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
