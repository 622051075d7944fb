"""The processes of production, each run until SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import logging
import resource
import signal
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Literal

import uvloop

from services import exposition
from services.secrets import decode_key
from services.settings import Settings

log = logging.getLogger(__name__)

Role = Literal["api", "cases", "notifier"]


def run_worker(settings: Settings) -> int:
    """One stream worker; its exit code. Raises ValueError for settings that are missing or a policy that is refused."""
    # Each process imports what it runs: a worker that was killed is back in half the time.
    from services.bootstrap.belt import open_belt
    from services.ingest.own_events import event_macs
    from services.kafka_connections import mend_connections
    from services.policy_file import read_policy
    from services.stream.app import build_app, run_app
    from services.stream.liveness import Liveness
    from services.stream.pipeline import Belt

    configure_logging(settings)
    forbid_core_dumps()
    decode_key("pseudonym_key", settings.pseudonym_key)
    event_macs(settings)
    read_policy(settings.policy)
    uvloop.install()
    mend_connections()
    liveness = Liveness(time.monotonic)
    exposition.serve(settings.metrics_host, settings.metrics_port, liveness.fault)
    opened: list[Belt] = []

    async def opening() -> Belt:
        belt = await open_belt(settings)
        opened.append(belt)
        return belt

    async def closing() -> None:
        for belt in opened:
            await belt.parts.close()

    return run_app(build_app(settings, opening, closing, liveness), settings.log_level)


def run_api(settings: Settings) -> int:
    """The HTTP API, and the expiry of challenges."""
    return _run(settings, ("api",))


def run_cases(settings: Settings) -> int:
    """Decisions into SQL, actions out to Kafka."""
    return _run(settings, ("cases",))


def run_notifier(settings: Settings) -> int:
    """Delivery of notices."""
    return _run(settings, ("notifier",))


def run_rest(settings: Settings) -> int:
    """API, cases and notifier in one process."""
    return _run(settings, ("api", "cases", "notifier"))


def configure_logging(settings: Settings) -> None:
    """Plain lines on stderr at the configured level; the libraries speak from warnings on."""
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for name in ("aiokafka", "faust", "mode", "httpx", "uvicorn"):
        logging.getLogger(name).setLevel(logging.WARNING)


def forbid_core_dumps() -> None:
    """From now on a crash of this process writes no memory to disk: keys and secrets are in it."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _run(settings: Settings, roles: tuple[Role, ...]) -> int:
    from services.kafka_connections import mend_connections

    configure_logging(settings)
    forbid_core_dumps()
    mend_connections()
    if "api" not in roles:
        exposition.serve(settings.metrics_host, settings.metrics_port)
    uvloop.run(_serve(settings, roles))
    return 0


async def _serve(settings: Settings, roles: tuple[Role, ...]) -> None:
    """Run the roles together until a signal; the first that fails ends them all with its error."""
    from services.bootstrap import rest
    from services.database import Database

    database = Database(settings.database)
    stops: list[Callable[[], None]] = []
    works: list[Coroutine[Any, Any, None]] = []
    sweeping: list[asyncio.Task[None]] = []
    if "api" in roles:
        resources = await rest.open_api(settings, database)
        http = rest.open_server(resources)
        works.append(http.serve())
        stops.append(partial(rest.leave, http))
        sweeping.append(asyncio.create_task(resources.challenges.sweep_for_ever()))
        sweeping.append(asyncio.create_task(resources.lifecycle.resets.sweep_for_ever()))
    if "cases" in roles:
        cases = rest.open_cases(settings, database)
        works.append(cases.run())
        stops.append(cases.stop)
    if "notifier" in roles:
        notifier = rest.open_notifier(settings, database)
        works.append(notifier.run())
        stops.append(notifier.stop)

    def stop() -> None:
        for each in stops:
            each()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        async with asyncio.TaskGroup() as tasks:
            for work in works:
                tasks.create_task(work)
    finally:
        for sweeper in sweeping:
            sweeper.cancel()
        await asyncio.gather(*sweeping, return_exceptions=True)
        await database.close()
