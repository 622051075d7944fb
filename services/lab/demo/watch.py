"""Reads decisions and actions as the wallet does, and tells the ledger, the page and whoever waits for one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from msgspec import Struct, json

from contracts.decisions import Decision
from services.lab.demo.board import Board
from services.lab.demo.ledger import Ledger
from services.lab.send.send import broker_away
from services.platform.settings import Settings

_POLL_MS = 200
_decode = json.Decoder(Decision).decode


class _Action(Struct, frozen=True):
    action_id: str
    kind: str
    account_id: str
    event_id: str = ""


_decode_action = json.Decoder(_Action).decode


class Watch:
    """A consumer of decisions and actions without a group, from the end of each topic, or from its start when `whole`.

    `ours` says whether an event id is one we sent; all of `on_decision` hear each first decision.
    """

    def __init__(self, settings: Settings, ledger: Ledger, board: Board, ours: Callable[[str], bool]) -> None:
        self.on_decision: list[Callable[[Decision], None]] = []
        #: hears the id of each new action
        self.on_action: Callable[[str], None] = lambda action_id: None
        #: accounts whose factor PayGuard has taken note of: that it was begun, and that it was confirmed
        self.enrolled: set[str] = set()
        self._begun: set[str] = set()
        self.words: Callable[[Decision], list[str]] = lambda decision: []
        self._settings = settings
        self._ledger = ledger
        self._board = board
        self._ours = ours
        self._awaited: dict[str, asyncio.Future[Decision]] = {}
        self._outcomes: dict[str, asyncio.Future[Decision]] = {}
        self._consumer: Any = None

    async def start(self, whole: bool) -> None:
        """Connect and take position. Raises Unavailable when no broker answers."""
        from aiokafka import AIOKafkaConsumer, TopicPartition
        from aiokafka.errors import KafkaError

        from services.platform.kafka_access import kafka_access

        settings = self._settings
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=settings.kafka,
            **kafka_access(settings),
            auto_offset_reset="earliest",
            fetch_max_wait_ms=int(settings.fetch_wait_s * 1000),
        )
        try:
            await self._consumer.start()
        except (KafkaError, OSError):
            await self._consumer.stop()
            raise broker_away(settings.kafka) from None
        assigned = [
            TopicPartition(topic, number)
            for topic in (settings.topic_decisions, settings.topic_actions)
            for number in range(settings.partitions)
        ]
        self._consumer.assign(assigned)
        if whole:
            for partition in assigned:
                self._consumer.seek(partition, 0)
        else:
            await self._consumer.seek_to_end(*assigned)

    async def run(self) -> None:
        """Read until cancelled."""
        try:
            while True:
                for partition, records in (await self._consumer.getmany(timeout_ms=_POLL_MS)).items():
                    decisions = partition.topic == self._settings.topic_decisions
                    for record in records:
                        self._decision(record.value) if decisions else self._action(record.value)
        finally:
            await self._consumer.stop()

    async def decision_of(self, event_id: str, timeout_s: float) -> Decision | None:
        """The decision about an event, or None when it takes too long. Ask before the event is sent."""
        return await _within(self._awaited, event_id, timeout_s)

    async def outcome_for(self, account_id: str, timeout_s: float) -> Decision | None:
        """The decision that takes note of the account's next challenge outcome."""
        return await _within(self._outcomes, account_id, timeout_s)

    def _decision(self, value: bytes) -> None:
        at_s = time.monotonic()
        decision = _decode(value)
        if not self._ledger.decide(decision, value, at_s, self._ours(decision.event_id)):
            return
        self._board.decisions.add(1, at_s)
        if self._board.live_since_s is not None:
            self._board.last_minute.add(1, at_s)
        worth = decision.action != "allow" or decision.findings
        self._board.note(decision, self.words(decision) if worth else [], time.time())
        _settle(self._awaited, decision.event_id, decision)
        if decision.type == "account_change":
            (self.enrolled if decision.account_id in self._begun else self._begun).add(decision.account_id)
        if decision.type == "challenge_outcome":
            _settle(self._outcomes, decision.account_id, decision)
        for hear in self.on_decision:
            hear(decision)

    def _action(self, value: bytes) -> None:
        action = _decode_action(value)
        if self._ledger.act(action.action_id, action.kind, action.account_id, action.event_id):
            self._board.wallet[action.kind] += 1
            self.on_action(action.action_id)


async def _within(
    waiting: dict[str, asyncio.Future[Decision]], key: str, timeout_s: float
) -> Decision | None:
    future = waiting.setdefault(key, asyncio.get_running_loop().create_future())
    try:
        async with asyncio.timeout(timeout_s):
            return await asyncio.shield(future)
    except TimeoutError:
        return None
    finally:
        waiting.pop(key, None)


def _settle(waiting: dict[str, asyncio.Future[Decision]], key: str, decision: Decision) -> None:
    future = waiting.pop(key, None)
    if future is not None and not future.done():
        future.set_result(decision)
