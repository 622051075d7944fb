"""The Faust application: consumer group, worker, supervision and health page around the pipeline."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeVar

import faust
from faust.auth import SASLCredentials, SSLCredentials
from faust.serializers.schemas import Schema
from faust.types import TP

from services.platform.kafka_access import kafka_access, note_refusal
from services.platform.settings import Settings
from services.stream.batch_scheduler import BatchScheduler, Pipeline
from services.stream.ended import ended_task
from services.stream.liveness import Liveness
from services.stream.transport import BatchConsumer, BatchConsumerThread, BatchTransport

log = logging.getLogger(__name__)

_YOUNG_OBJECTS = 50_000
S = TypeVar("S")


class CarriedPipeline(Pipeline[S], Protocol[S]):
    """A pipeline that asks what its worker owns."""

    def follow(self, committed: Callable[[], Mapping[int, int | None]]) -> None:
        """Where to ask which partitions are owned, and up to where each is committed."""
        ...

    def refusal(self) -> str | None:
        """Why nothing is to be read; None when all is well."""
        ...

    async def meet(self, ends: Mapping[int, int]) -> None:
        """The logs of newly owned partitions end there."""
        ...

    def compare(self, partition: int, reached: int, end: int) -> None:
        """A partition was read up to `reached`, and its log ends at `end`."""
        ...


class BatchSchema(Schema):
    """A message's value is already a batch: nothing to deserialize."""

    def loads_key(self, app: Any, message: Any, *, loads: Any = None, serializer: Any = None) -> Any:
        """The key as it is."""
        return message.key

    def loads_value(self, app: Any, message: Any, *, loads: Any = None, serializer: Any = None) -> Any:
        """The batch as it is."""
        return message.value


class WorkerApp(faust.App):
    """A Faust app whose transport hands over whole batches and whose scheduler carries them."""

    scheduler: BatchScheduler[Any]
    pipeline: CarriedPipeline[Any] | None = None
    open_pipeline: Callable[[], Awaitable[CarriedPipeline[Any]]]
    close_pipeline: Callable[[], Awaitable[None]]

    def _new_transport(self) -> Any:
        return BatchTransport(self.conf.broker_consumer, self)

    async def on_start(self) -> None:
        """Open the pipeline before the consumer starts."""
        await super().on_start()
        self.pipeline = pipeline = await self.open_pipeline()
        pipeline.follow(lambda: self.consumer.committed_by_partition())
        self.scheduler = BatchScheduler(pipeline, _crash, self.conf.broker_max_poll_records)
        self.add_future(self._end_if_it_cannot_join())
        # A batch is tens of thousands of young objects without cycles: looking through them each 700 buys nothing.
        gc.collect()
        gc.freeze()
        gc.set_threshold(_YOUNG_OBJECTS, 20, 50)

    async def _end_if_it_cannot_join(self) -> None:
        """Faust's timers start once the group has given partitions, which it never does where it refuses this worker."""
        while not self.should_stop and not self.consumer.joined:
            thread = self.consumer._thread
            ended = ended_task(thread._consumer) if thread is not None else None
            if ended is not None:
                note_refusal(ended, "worker")
                _crash(ended)
            await asyncio.sleep(1.0)

    async def settle_pipeline(self, deadline: float) -> None:
        """Finish what is being worked on until the loop's `deadline`."""
        await self.scheduler.settle(deadline)

    def before_commit(self) -> None:
        """Called each time offsets are about to be committed."""
        self.scheduler.reach("before_commit")

    async def on_shutdown(self) -> None:
        """Close the pipeline after the consumer stopped; the scheduler is missing when the start failed."""
        await super().on_shutdown()
        if hasattr(self, "scheduler"):
            await self.scheduler.reset()
        await self.close_pipeline()


def build_app(
    settings: Settings,
    open_pipeline: Callable[[], Awaitable[CarriedPipeline[Any]]],
    close_pipeline: Callable[[], Awaitable[None]],
    liveness: Liveness,
) -> WorkerApp:
    """The worker's application; nothing is connected before it is started."""
    app = _configured(settings)
    app.open_pipeline = open_pipeline
    app.close_pipeline = close_pipeline
    BatchConsumerThread.fetch_wait_s = settings.fetch_wait_s
    BatchConsumer.most_in_flight = settings.in_flight_batches * settings.batch_records
    BatchConsumer.settle_timeout_s = settings.session_timeout_s * 0.8
    topic = app.topic(settings.topic_events, schema=BatchSchema(), acks=True)

    @app.agent(topic, name="carry")
    async def carry(stream: Any) -> None:
        async for event in stream.noack().events():
            app.scheduler.submit(event.value, event.ack)

    @app.on_partitions_revoked.connect
    async def _let_go(sender: Any, revoked: set[TP], **kwargs: Any) -> None:
        await app.scheduler.reset()

    @app.timer(interval=1.0)
    async def _watch() -> None:
        ended = ended_task(app.consumer._thread._consumer)
        if ended is not None:
            _crash(ended)
        app.consumer.compare_ends()
        lag, position = app.consumer.measure_lag()
        liveness.tick(lag, position)

    return app


def _configured(settings: Settings) -> WorkerApp:
    return WorkerApp(
        settings.consumer_group,
        broker=[f"kafka://{server}" for server in settings.kafka.split(",")],
        broker_credentials=_credentials(settings),
        store="memory://",
        datadir=str(settings.data_dir) if settings.data_dir else None,
        topic_partitions=settings.partitions,
        topic_disable_leader=True,
        topic_allow_declare=False,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=4_194_304,
        broker_max_poll_records=settings.batch_records,
        broker_commit_interval=settings.commit_interval_s,
        broker_session_timeout=settings.session_timeout_s,
        broker_heartbeat_interval=settings.session_timeout_s / 4,
        broker_rebalance_timeout=max(30.0, settings.session_timeout_s * 3),
        broker_request_timeout=90.0,
        stream_wait_empty=True,
        stream_publish_on_commit=False,
        web_enabled=False,
    )


def app_not_ready(app: WorkerApp) -> str | None:
    """Why a worker that runs does not work yet; None when it does."""
    if not app.started or app.pipeline is None:
        return "the worker is starting"
    return None if app.consumer.joined else "the consumer group has not given the worker its partitions yet"


def _credentials(settings: Settings) -> SASLCredentials | SSLCredentials | None:
    """How Faust's clients sign in: what `kafka_access` says, in Faust's own words."""
    access = kafka_access(settings)
    context = access.get("ssl_context")
    if "sasl_mechanism" in access:
        return SASLCredentials(
            username=access["sasl_plain_username"],
            password=access["sasl_plain_password"],
            mechanism=access["sasl_mechanism"],
            ssl_context=context,
        )
    return SSLCredentials(context) if context is not None else None


def run_app(app: WorkerApp, log_level: str) -> int:
    """Run the worker until SIGTERM or SIGINT; the process's exit code."""
    worker = faust.Worker(
        app, loglevel=log_level, quiet=True, console_port=None, redirect_stdouts=False, override_logging=False
    )
    try:
        worker.execute_from_commandline()
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def _crash(error: BaseException) -> None:
    log.critical(
        "the worker stops on an unexpected error; unacknowledged batches are redelivered", exc_info=error
    )
    logging.shutdown()
    os._exit(70)
