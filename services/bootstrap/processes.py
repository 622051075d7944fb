"""The processes of production, each run until SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import logging
import resource
import signal
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import uvloop

from services.platform import exposition
from services.platform.background import until_told
from services.platform.build import tell_build
from services.platform.clocks import measure_for_ever
from services.platform.progress import Consumers
from services.platform.secrets import decode_key
from services.platform.settings import Settings

if TYPE_CHECKING:
    from services.platform.database import Database

log = logging.getLogger(__name__)

Role = Literal["api", "cases", "activity", "notifier"]


def run_worker(settings: Settings) -> int:
    """One stream worker; its exit code. Raises ValueError for settings that are missing or a policy that is refused."""
    # Each process imports what it runs: a worker that was killed is back in half the time.
    from services.bootstrap.pipelines import open_pipeline
    from services.events.own_events import event_macs
    from services.platform.currency_files import read_rates
    from services.platform.kafka_access import kafka_access
    from services.platform.kafka_connections import mend_connections
    from services.policy.file import read_policy
    from services.stream.app import app_not_ready, build_app, run_app
    from services.stream.liveness import Liveness
    from services.stream.pipeline import Pipeline

    configure_logging(settings)
    forbid_core_dumps()
    tell_build()
    decode_key("pseudonym_key", settings.pseudonym_key)
    event_macs(settings)
    kafka_access(settings)
    read_policy(settings.policy)
    read_rates(settings.rates)
    uvloop.install()
    mend_connections()
    liveness = Liveness(time.monotonic)
    opened: list[Pipeline] = []

    def not_ready() -> str | None:
        topic = opened[0].components.topic if opened else None
        return (topic and topic.not_ready()) or liveness.fault() or app_not_ready(app)

    async def opening() -> Pipeline:
        pipeline = await open_pipeline(settings)
        opened.append(pipeline)
        return pipeline

    async def closing() -> None:
        for pipeline in opened:
            await pipeline.components.close()

    app = build_app(settings, opening, closing, liveness)
    exposition.serve(settings.metrics_host, settings.metrics_port, liveness.fault, not_ready)
    return run_app(app, settings.log_level)


def run_api(settings: Settings) -> int:
    """The HTTP API, and the expiry of challenges."""
    return _run(settings, ("api",))


def run_cases(settings: Settings) -> int:
    """Decisions into SQL, actions out to Kafka."""
    return _run(settings, ("cases",))


def run_activity(settings: Settings) -> int:
    """Events into rows of activity."""
    return _run(settings, ("activity",))


def run_notifier(settings: Settings) -> int:
    """Delivery of notices."""
    return _run(settings, ("notifier",))


def run_rest(settings: Settings) -> int:
    """API, cases, activity and notifier in one process."""
    return _run(settings, ("api", "cases", "activity", "notifier"))


def configure_logging(settings: Settings) -> None:
    """Plain lines on stderr at the configured level; the libraries speak from warnings on."""
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for name in ("aiokafka", "faust", "mode", "httpx", "uvicorn"):
        logging.getLogger(name).setLevel(logging.WARNING)


def forbid_core_dumps() -> None:
    """From now on a crash of this process writes no memory to disk: keys and secrets are in it."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _run(settings: Settings, roles: tuple[Role, ...]) -> int:
    from services.platform.kafka_access import kafka_access
    from services.platform.kafka_connections import mend_connections

    configure_logging(settings)
    forbid_core_dumps()
    tell_build()
    if set(roles) & {"api", "cases", "activity"}:
        kafka_access(settings)
    mend_connections()
    consumers = Consumers()
    if "api" not in roles:
        exposition.serve(
            settings.metrics_host, settings.metrics_port, consumers.stuck, not_ready=consumers.not_ready
        )
    uvloop.run(_serve(settings, roles, consumers))
    return 0


class _Work(NamedTuple):
    """What a role does until `stop`; `sweeps` go on beside it and end with it."""

    name: str
    run: Coroutine[Any, Any, None]
    stop: Callable[[], None]
    sweeps: Mapping[str, Coroutine[Any, Any, None]]


async def _serve(settings: Settings, roles: tuple[Role, ...], consumers: Consumers) -> None:
    """Run the roles together until a signal; whatever ends before that ends them all with its error."""
    from services.platform.database import Database

    database = Database(settings.database)
    try:
        works = [await _opened(role, settings, database, consumers) for role in roles]
        told = asyncio.Event()

        def stop() -> None:
            told.set()
            for work in works:
                work.stop()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop)
        await _until_told(works, told.is_set)
    finally:
        await database.close()


async def _until_told(works: Sequence[_Work], told: Callable[[], bool]) -> None:
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(until_told(work.name, work.run, told)) for work in works]
        sweeping = [
            tasks.create_task(until_told(name, sweep, told))
            for work in works
            for name, sweep in work.sweeps.items()
        ]
        await asyncio.wait(running)
        for sweep in sweeping:
            sweep.cancel()


async def _opened(role: Role, settings: Settings, database: Database, consumers: Consumers) -> _Work:
    from services.bootstrap import attacks, help_desks, rest
    from services.cases.weekly import WeeklyLetters
    from services.centre.worth_doing import worth_doing
    from services.help import due
    from services.rights.retention import Retention

    if role == "cases":
        cases = rest.open_cases(settings, database, consumers)
        retention = Retention(settings, database, time.time).run(consumers.add("retention"))
        telling = help_desks.tell_for_ever(settings, database, consumers.add("help-desks"))
        acting = rest.open_attack_acts(settings, database).run(consumers.add("attack-acts"))
        sweeps = {"retention": retention, "help-desks": telling, "attack-acts": acting}
        return _Work(role, cases.run(), cases.stop, sweeps)
    if role == "activity":
        from services.bootstrap.activity import open_activity

        recogniser = attacks.open_recogniser(settings, database)
        activity = open_activity(settings, database, consumers, recogniser.tell)
        weekly = WeeklyLetters(database, time.time, worth_doing).run(consumers.add("weekly"))
        looking = recogniser.run(consumers.add("attacks"))
        return _Work(role, activity.run(), activity.stop, {"weekly": weekly, "attacks": looking})
    if role == "notifier":
        notifier = rest.open_notifier(settings, database, consumers)
        telling = attacks.tell_of_attacks_for_ever(settings, database, consumers.add("attack-alerts"))
        return _Work(role, notifier.run(), notifier.stop, {"attack-alerts": telling})
    resources = await rest.open_api(settings, database, consumers)
    http = rest.open_server(resources)
    expiry, resets = "challenge-expiry", "factor-resets"
    sweeps = {
        expiry: resources.challenges.sweep_for_ever(consumers.add(expiry)),
        "clocks": measure_for_ever(resources.clocks, settings.memory_check_s),
        "help": due.measure_for_ever(database, time.time),
        resets: resources.lifecycle.resets.sweep_for_ever(consumers.add(resets)),
        "staff-sessions": resources.desk.staff.sessions.end_overdue_for_ever(),
    }
    return _Work(role, http.serve(), partial(rest.leave, http), sweeps)
