"""Everyday life of the people of a demonstration: who comes next, from where, on what. Time is an argument, nothing is sent."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import msgspec

from services.lab.people.behaviour import World, hand_at, is_about, session_at
from services.lab.people.events import Hand, Played
from services.lab.people.personas import Person
from services.lab.people.whereabouts import Whereabouts

_HOUR_S = 3600.0
_PAYMENTS_AN_HOUR = 3
_STRIDE = 7  # without a common divisor with the number of people: everybody gets a turn


class Everyday:
    """Takes people in turn, those that are awake. Nobody is where they could not be; who has paid often only has a look."""

    def __init__(self, world: World, people: Sequence[Person], whereabouts: Whereabouts) -> None:
        """`whereabouts` knows where the past left everybody."""
        self._world = world
        self._people = people
        self._whereabouts = whereabouts
        self._rng = Random(f"everyday {world.seed}")
        self._turn = self._rng.randrange(len(people))
        self._sessions = 0
        self._paid: dict[int, list[float]] = {}
        self._phones: dict[int, Person] = {}

    def session(self, now: float) -> list[Played]:
        """What the next person does from `now` (epoch seconds) on; empty when nobody is awake."""
        for _ in self._people:
            who = self._people[self._turn * _STRIDE % len(self._people)]
            self._turn += 1
            if is_about(self._world, who, now):
                return self._of(self._phones.get(who.number, who), now)
        return []

    def new_phone(self, who: Person, now: float) -> list[Played]:
        """A login on a phone that the owner has bought, and keeps from now on."""
        bought = msgspec.structs.replace(who, phone=who.next_phone, computer=None)
        self._phones[who.number] = bought
        return self._of(bought, now)[:1]

    def _of(self, who: Person, now: float) -> list[Played]:
        world, rng = self._world, self._rng
        hand = hand_at(world, who, now, rng)
        hand = Hand(self._whereabouts.way(who.account_id, hand.access, now), hand.device)
        self._sessions += 1
        session = session_at(world, who, now, self._sessions, rng, hand)
        paid = [at for at in self._paid.get(who.number, ()) if at > now - _HOUR_S]
        pays = [played.event.at for played in session if played.event.__struct_config__.tag == "transaction"]
        if len(paid) + len(pays) > _PAYMENTS_AN_HOUR:
            session, pays = session[: len(session) - len(pays)], []
        self._paid[who.number] = paid + pays
        for played in session:
            self._whereabouts.note(played)
        return session
