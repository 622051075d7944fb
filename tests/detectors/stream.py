"""A made-up account's life, for checks that need many questions: habits, surprises, failures, changes, held events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from random import Random
from typing import Any

from msgspec import msgpack, structs

from contracts.events import AccountChange, AnyEvent, Login, Transaction
from contracts.profile import Profile
from detectors import Detector
from services.memory.learning import learn, note_event
from tests.detectors.build import (
    BEIJING,
    NEW_YORK,
    NOW,
    SHANGHAI,
    SUZHOU,
    Case,
    change,
    copied,
    key,
    login,
    transaction,
)

_PLACES = (SHANGHAI, SHANGHAI, SUZHOU, BEIJING, NEW_YORK, None)
_CHANGES = ("password_reset", "phone_change", "email_change", "limit_raise", "totp_removed")


@cache
def life(events: int, seed: int = 1) -> tuple[tuple[AnyEvent, bytes, bool], ...]:
    """Events in order with the key of their id and whether they are held; the odd one is late."""
    return tuple(_lived(events, seed))


def _lived(events: int, seed: int) -> Iterator[tuple[AnyEvent, bytes, bool]]:
    rng = Random(seed)
    at = NOW
    for number in range(events):
        at += rng.choice((5.0, 60.0, 900.0, 9000.0, 40_000.0))
        event = _event(rng, at - rng.choice((0.0, 0.0, 0.0, 4000.0)))
        yield event, key(f"e{number}"), rng.random() < 0.15


def _event(rng: Random, at: float) -> AnyEvent:
    strange = rng.random() < 0.2
    device = rng.choice((f"new-{rng.randrange(9)}", None)) if strange else "phone"
    place = rng.choice(_PLACES) if strange else SHANGHAI
    ip = f"ip-{rng.randrange(9)}" if strange else "home-ip"
    what = rng.randrange(10)
    if what < 4:
        network = f"net-{rng.randrange(9)}" if strange else "home"
        kind: Any = rng.choice(("residential", "mobile", "vpn")) if strange else "residential"
        outcome: Any = rng.choice(("success", "failure"))
        return login(at, outcome=outcome, device=device, ip=ip, network=network, place=place, kind=kind)
    if what < 9:
        amount = rng.lognormvariate(4, 0.6) * (40.0 if strange else 1.0)
        payee = f"payee-{rng.randrange(30)}" if strange else rng.choice(("grocer", "landlord", None))
        return _money(transaction(amount, at, payee=payee, device=device, ip=ip, place=place))
    return change(rng.choice(_CHANGES), at, device=device)


def _money(event: Transaction) -> Transaction:
    """One in nine fails, one in nine comes in, one in five tells its balance."""
    number = int(event.value * 100)
    status: Any = "failed" if number % 9 == 0 else "requested"
    kind: Any = {1: "top_up", 2: "transfer", 3: "cash_out"}.get(number % 9, "payment")
    balance = f"{event.value * 1.1:.2f}" if number % 5 == 0 else None
    return structs.replace(event, status=status, kind=kind, balance=balance)


def play(
    detector: Detector, events: int = 200, cut: Callable[[int], bool] = lambda _: False, seed: int = 1
) -> list[Case]:
    """The detector's answers along a life; where `cut` says so, all memory is stored and loaded in between."""
    rng = Random(seed)
    profile = Profile()
    memory = detector.memory() if detector.memory is not None else None
    cases = []
    for number, (event, event_key, held) in enumerate(life(events, seed)):
        if cut(number):
            profile = copied(profile)
            memory = restored(detector, memory)
        if isinstance(event, detector.spec.event_types):
            wanted = detector.spec.tally
            tallies = {} if wanted is None else {name: rng.randrange(40) for name in wanted.names}
            before = Case(event, copied(profile), tallies, memory)
            answer = detector.observe(event, profile, tallies, memory, detector.params)
            cases.append(Case(event, before.profile, tallies, copied(memory), answer))
            if detector.learn is not None and isinstance(event, detector.taught_by) and not held:
                memory = detector.learn(event, memory, detector.params)
        note_event(profile, event_key, event.at)
        if isinstance(event, Login | Transaction | AccountChange):
            learn(profile, event, event_key, held)
    return cases


def restored(detector: Detector, memory: Any) -> Any:
    """The detector's memory after being packed and read again by `upgrade`."""
    if detector.memory is None or detector.upgrade is None:
        return memory
    return detector.upgrade(detector.spec.version, msgpack.encode(memory))
