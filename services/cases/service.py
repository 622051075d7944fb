"""The cases process: decisions in, SQL rows out, and the outbox carried to Kafka."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial

from aiokafka import ConsumerRecord
from msgspec import json
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import Decision, ForgetAccount
from contracts.errors import Unavailable
from contracts.exchange import NO_RATES, ExchangeRates
from contracts.topics import HEADER_EFFECTS
from services.cases.acts.service import DeskActs
from services.cases.acts.situation import Ground
from services.cases.case_measures import CaseMeasures
from services.cases.confirmed_measures import ConfirmedMeasures
from services.cases.forgotten_devices import forget_by_decisions
from services.cases.hold_service import HoldService
from services.cases.incidents import WINDOW_S
from services.cases.outbox import TELLING, OutboxRelay, Pending, pending, untold
from services.cases.outlet import KafkaOutlet
from services.cases.owners import unreachable_cases
from services.cases.repository import Recorded, RecordIssued, keep
from services.cases.states import SEVERITIES
from services.cases.stops import measure_stop
from services.cases.tables import cases
from services.cases.unfreezing import Unfreezing
from services.events.own_events import event_keys, event_macs
from services.platform.database import Database
from services.platform.metrics import (
    ACTIONS_OLDEST,
    ACTIONS_WAITING,
    ALERTS,
    OLDEST_CASE,
    OPEN_CASES,
    OUTBOX_PENDING,
    UNREACHABLE_CASES,
)
from services.platform.progress import Consumers, Progress
from services.platform.retry import pause, repeat
from services.platform.settings import Settings
from services.platform.topic_consumer import Apply, Source, TopicConsumer
from services.wallet.actions import KINDS
from services.wallet.delivery import WebhookSender
from services.wallet.feed import ActionFeed, unacknowledged
from services.wallet.outside import outside
from services.wallet.results import result_consumer
from services.wallet.webhooks import WebhookSecrets

_RELAY_POLL_S = 0.1
_GAUGES_EVERY_S = 2.0
#: What happened within it may not be committed yet.
_COMMITTED_S = 2.0
_EXPIRE_EVERY_S = 5.0
_ACTS_EVERY_S = 0.5
#: SQLite has one writer: a longer transaction would keep verifications waiting.
_TRANSACTION_RECORDS = 200
#: `services.rights.erasing.forget_decided`: (connection, account_id).
ForgetDecided = Callable[[AsyncConnection, str], Awaitable[None]]
_decode = json.Decoder(Decision).decode


def decision_consumer(
    settings: Settings, apply: Apply[Recorded], progress: Progress
) -> TopicConsumer[Recorded]:
    """Whoever carries out decisions; one that does not decode is our own fault and crashes the process."""
    source = Source(settings.topic_decisions, settings.cases_group, "payguard-cases", settings.batch_records)
    return TopicConsumer(settings, source, with_effects, apply, progress)


def with_effects(records: Sequence[ConsumerRecord]) -> list[Recorded]:
    """The decisions that have effects, decoded."""
    return [
        Recorded(_decode(record.value), record.value, record.timestamp / 1000.0)
        for record in records
        if any(name == HEADER_EFFECTS for name, _ in record.headers)
    ]


class CasesService:
    """Runs the consumers of decisions and results, the outbox relay, webhooks, the expiry of holds and the gauges until `stop`.

    The database must be migrated. Databases and brokers that are away are waited for; anything else ends `run` with
    its error, and the supervisor starts the process again.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        record_issued: RecordIssued,
        clock: Callable[[], float],
        consumers: Consumers | None = None,
        forget_decided: ForgetDecided | None = None,
        window_s: float = WINDOW_S,
        forgets_devices: bool = False,
        ground: Ground | None = None,
        rates: ExchangeRates = NO_RATES,
    ) -> None:
        """`consumers` are those of the process, by default of nobody else. `window_s` as for `keep`. `forgets_devices`: by the
        policy an owner's "not me" asks the wallet to forget the device. `rates` put money in one worth.

        `ground` is what acts of the desk stand on. `forget_decided` takes out, at an account's erasure, what earlier decisions
        left in SQL.
        """
        self._forget_decided = forget_decided
        self._window_s = window_s
        self._forgets_devices = forgets_devices
        self._database = database
        self._record_issued = record_issued
        self._clock = clock
        self._rates = rates
        consumers = consumers or Consumers()
        self._outgoing = consumers.add("outbox")
        self._consumer = decision_consumer(settings, self.apply, consumers.add("cases"))
        self._results = result_consumer(
            settings,
            ActionFeed(database, clock, done=measure_stop),
            partial(untold, database),
            consumers.add("action-results"),
        )
        self._outlet = KafkaOutlet(settings, event_macs(settings))
        self._relay = OutboxRelay(database, self._outlet, clock)
        self._telling = consumers.add("messages-outbox") if settings.messages_to_kafka else None
        self._messages = OutboxRelay(database, self._outlet, clock, kinds=TELLING)
        self._stopping = asyncio.Event()
        self._private_networks = settings.webhook_private_networks
        self._secrets = WebhookSecrets(event_keys(settings))
        self._webhooks = consumers.add("webhooks")
        self._holds = consumers.add("hold-expiry")
        self._acts = consumers.add("desk-acts")
        self._desk_acts = DeskActs(database, clock, ground or Ground(unfreezing=Unfreezing()))

    async def run(self) -> None:
        """Work until `stop`."""
        try:
            async with outside(self._private_networks) as pool, asyncio.TaskGroup() as tasks:
                sender = WebhookSender(self._database, self._secrets, pool, self._clock)
                tasks.create_task(sender.run(self._stopping, self._webhooks), name="webhooks")
                tasks.create_task(self._consumer.run(), name="cases-consumer")
                tasks.create_task(self._results.run(), name="action-results")
                tasks.create_task(self._outlet.warm(), name="outbox-connection")
                carried = repeat(self._carry, self._stopping, self._outgoing.failed, _RELAY_POLL_S)
                tasks.create_task(carried, name="outbox-relay")
                if (telling := self._telling) is not None:
                    told = partial(self._tell, telling)
                    tasks.create_task(
                        repeat(told, self._stopping, telling.failed, _RELAY_POLL_S), name="messages-outbox"
                    )
                tasks.create_task(self._measure(), name="cases-gauges")
                expiring = repeat(self._expire, self._stopping, self._holds.failed, _EXPIRE_EVERY_S)
                tasks.create_task(expiring, name="hold-expiry")
                acting = repeat(self._act, self._stopping, self._acts.failed, _ACTS_EVERY_S)
                tasks.create_task(acting, name="desk-acts")
        finally:
            await self._outlet.close()

    def stop(self) -> None:
        """Ask `run` to return after the work in hand."""
        self._stopping.set()
        self._consumer.stop()
        self._results.stop()

    async def apply(self, records: Sequence[Recorded]) -> None:
        """Carry out decisions, a few hundred a transaction, each whole or not at all.

        Raises Unavailable when one did not commit: repeat them all, what was done before is left alone.
        """
        for first in range(0, len(records), _TRANSACTION_RECORDS):
            for part, erased in _until_erasures(records[first : first + _TRANSACTION_RECORDS]):
                async with self._database.begin() as connection:
                    raised = await keep(connection, part, self._record_issued, self._window_s)
                    if self._forgets_devices:
                        await forget_by_decisions(connection, part)
                    if erased is not None and self._forget_decided is not None:
                        await self._forget_decided(connection, erased)
                for severity, count in raised.items():
                    ALERTS.labels(severity).inc(count)

    async def _carry(self) -> int:
        carried = await self._relay.carry()
        self._outgoing.worked()
        return carried

    async def _tell(self, telling: Progress) -> int:
        carried = await self._messages.carry()
        telling.worked()
        return carried

    async def _expire(self) -> int:
        expired = await HoldService(self._database, self._clock).expire()
        self._holds.worked()
        return expired

    async def _act(self) -> int:
        done = await self._desk_acts.carry_out()
        self._acts.worked()
        return done

    async def _measure(self) -> None:
        begun = self._clock() - _COMMITTED_S
        counted, confirmed = CaseMeasures(begun), ConfirmedMeasures(begun, self._rates)
        while not self._stopping.is_set():
            try:
                now = self._clock()
                waiting = await measure(self._database, now)
                await counted.look(self._database, now - _COMMITTED_S)
                await confirmed.look(self._database, now - _COMMITTED_S)
                oldest_s = 0.0 if waiting.since is None else now - waiting.since
                self._outgoing.behind(waiting.actions + waiting.events, oldest_s)
                if self._telling is not None:
                    since = waiting.messages_since
                    self._telling.behind(waiting.messages, 0.0 if since is None else now - since)
            except Unavailable:
                OLDEST_CASE.set(float("nan"))
            await pause(self._stopping, _GAUGES_EVERY_S)


def _until_erasures(records: Sequence[Recorded]) -> Iterator[tuple[Sequence[Recorded], str | None]]:
    """The records in parts that are one transaction each, with the account that its last record erases, if it does."""
    first = 0
    for index, record in enumerate(records):
        if any(isinstance(effect, ForgetAccount) for effect in record.decision.effects):
            yield records[first : index + 1], record.decision.account_id
            first = index + 1
    if first < len(records):
        yield records[first:], None


async def measure(database: Database, now: float) -> Pending:
    """Set the gauges of the outbox and of unresolved cases; what waits in the outbox."""
    query = (
        select(cases.c.severity, func.count(), func.min(cases.c.opened_at))
        .where(cases.c.state != "resolved")
        .group_by(cases.c.severity)
    )
    async with database.read() as connection:
        waiting = await pending(connection)
        found = {row[0]: (row[1], row[2]) for row in await connection.execute(query)}
        unreachable = await unreachable_cases(connection)
        told = {each.kind: each for each in await unacknowledged(connection)}
    for kind in KINDS:
        ACTIONS_WAITING.labels(kind).set(told[kind].count if kind in told else 0)
        ACTIONS_OLDEST.labels(kind).set(now - told[kind].since if kind in told else 0.0)
    OUTBOX_PENDING.labels("action").set(waiting.actions)
    OUTBOX_PENDING.labels("event").set(waiting.events)
    OUTBOX_PENDING.labels("message").set(waiting.messages)
    UNREACHABLE_CASES.set(unreachable)
    for severity in SEVERITIES:
        OPEN_CASES.labels(severity).set(found.get(severity, (0, 0.0))[0])
    OLDEST_CASE.set(max((now - opened_at for _, opened_at in found.values()), default=0.0))
    return waiting
