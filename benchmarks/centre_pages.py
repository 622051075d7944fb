"""How long the pages of the security centre take, with millions of rows of activity in PostgreSQL.

`python -m benchmarks.centre_pages` starts PostgreSQL, Redis and one `payguard api`, fills the database, and asks for pages of
many accounts at fixed times, whether or not earlier ones are answered. A latency counts from the intended time to the last byte;
beside it stands the time within the server, by the API's own histogram. `--rows`, `--rate` and `--seconds` change the load.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import urlencode

import httpx
import uvloop
from msgspec import Struct
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.instruments.machine import load_now
from benchmarks.instruments.stolen import processor_s
from benchmarks.parts.ground import Ended, Ground
from benchmarks.plan import Plan
from benchmarks.sections.http_latency import ready
from benchmarks.workloads.centre_rows import DAYS, ROWS_AN_ACCOUNT, fill, reach
from benchmarks.workloads.http_sender import Sender, Sent
from services.bootstrap.centre import open_portal
from services.platform import cursors
from services.platform.database import Database
from services.platform.embedded import free_port
from services.platform.guarded_process import GuardedProcess
from services.platform.settings import Settings
from services.portal.centre_frame import CENTRE_PREFIX, SECTIONS
from services.portal.visits import Visit

MOST_ACCOUNTS = 500
#: The bar of the slowest twentieth.
BAR_MS = 100.0
_TIMES = "payguard_http_request_seconds"
#: The load was not reached when the last answers came so long after they were due.
_BEHIND_S = 1.0
#: An API that did not keep up still works on what was asked before.
_PATIENT_S = 60.0
#: How many requests of a route took at most so many seconds.
Buckets = Mapping[float, float]


class Load(Struct, frozen=True, kw_only=True):
    """So many rows, and pages a second for so long after a warm-up at the same rate."""

    rows: int = 3_000_000
    rate: float = 50.0
    seconds: float = 30.0
    warm_up_s: float = 10.0


class Measured(Struct, frozen=True, kw_only=True):
    """`asked` are the paths in the order of their requests; `within` is the server's own word, by route."""

    load: Load
    filled_s: float
    asked: Sequence[str]
    sent: Sent
    within: Mapping[str, Buckets]
    api_cpu_s: float | None
    machine_load: float


def paths(now: float) -> list[str]:
    """Every section of the centre, and its activity filtered, searched, and half a year back."""
    listed = f"{CENTRE_PREFIX}/activity"
    old = cursors.write(now - DAYS * 86_400 / 2, "~")
    asked = [{"show": "money"}, {"show": "logins"}, {"q": "Suzhou"}, {"after": f"{old}~{old}"}]
    more = [f"{listed}?{urlencode(each)}" for each in asked]
    return [f"{CENTRE_PREFIX}{section.path}" for section in SECTIONS] + more


def share(values: Sequence[float], part: float) -> float:
    """What this part of the values does not exceed. Raises IndexError for none."""
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def within(buckets: Buckets, part: float) -> float:
    """Milliseconds that this part of the requests took at most, as if they lay evenly in their bucket."""
    total, before_s, before = max(buckets.values(), default=0.0), 0.0, 0.0
    for most_s, count in sorted(buckets.items()):
        if count >= part * total and count > before:
            if most_s == float("inf"):
                return before_s * 1000
            return (before_s + (most_s - before_s) * (part * total - before) / (count - before)) * 1000
        before_s, before = most_s, count
    return 0.0


async def measured(ground: Ground, load: Load) -> Measured:
    """Fill the database and ask for pages at the rate. Raises Ended."""
    settings = ground.changed(database=ground.start_database(), http_host="127.0.0.1", http_port=free_port())
    began, now = time.monotonic(), time.time()
    database = Database(settings.database)
    try:
        await fill(database, load.rows, now)
        accounts = [
            f"account-{number}" for number in range(min(MOST_ACCOUNTS, max(1, load.rows // ROWS_AN_ACCOUNT)))
        ]
        await reach(database, accounts, now)
        cookies = await _sessions(settings, database, accounts)
    finally:
        await database.close()
    filled_s = time.monotonic() - began
    api = ground.child("centre-api", "services.cli.main", "api", settings=settings)
    await ready(api, f"http://{settings.http_host}:{settings.http_port}/healthz")
    return await _asked(settings, api, load, filled_s, cookies, paths(now))


async def _asked(
    settings: Settings,
    api: GuardedProcess,
    load: Load,
    filled_s: float,
    cookies: Sequence[str],
    every: Sequence[str],
) -> Measured:
    choose, sender = random.Random(7), Sender(settings.http_host, settings.http_port)
    warm_up = int(load.rate * load.warm_up_s)
    asked = [choose.choice(every) for _ in range(warm_up + int(load.rate * load.seconds))]
    requests = [
        f"GET {path} HTTP/1.1\r\nHost: {settings.http_host}:{settings.http_port}\r\n"
        f"Cookie: payguard={choose.choice(cookies)}\r\n\r\n".encode()
        for path in asked
    ]
    # The warm-up is a run of its own, so that the server's figures hold none of it.
    if warm_up:
        await Sender(settings.http_host, settings.http_port).run(requests[:warm_up], load.rate, 0)
    before, cpu_s = await times_of(settings), processor_s(api.pid)
    sent = await sender.run(requests[warm_up:], load.rate, 0)
    after, cpu_after_s = await times_of(settings), processor_s(api.pid)
    if not sent.latencies_ms:
        raise Ended(f"no page was shown; the API's log ends:\n{api.log_tail(60)}")
    return Measured(
        load=load,
        filled_s=filled_s,
        asked=asked[warm_up:],
        sent=sent,
        within={route: less(found, before.get(route, {})) for route, found in after.items()},
        api_cpu_s=None if cpu_s is None or cpu_after_s is None else cpu_after_s - cpu_s,
        machine_load=load_now(),
    )


async def _sessions(settings: Settings, database: Database, accounts: Sequence[str]) -> list[str]:
    visits, found = open_portal(settings, database).visits, []
    for account_id in accounts:
        link, _ = await visits.link(Visit(account_id=account_id, purpose="centre"))
        opened = await visits.open(link)
        assert opened is not None
        found.append(opened[0])
    return found


async def times_of(settings: Settings) -> dict[str, dict[float, float]]:
    """The API's histogram of pages that were shown, by route."""
    async with httpx.AsyncClient(timeout=_PATIENT_S) as client:
        answer = await client.get(f"http://{settings.http_host}:{settings.http_port}/metrics")
    found: dict[str, dict[float, float]] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples if family.name == _TIMES else ():
            if sample.name == f"{_TIMES}_bucket" and sample.labels["status"] == "200":
                found.setdefault(sample.labels["route"], {})[float(sample.labels["le"])] = sample.value
    return found


def less(after: Buckets, before: Buckets) -> dict[float, float]:
    """What came after."""
    return {most_s: count - before.get(most_s, 0.0) for most_s, count in after.items()}


def lines(found: Measured) -> list[str]:
    """The figures for people."""
    load, sent, wanted = found.load, found.sent, len(found.asked)
    all_ms, shown = sent.latencies_ms, len(sent.latencies_ms)
    last_s = max(index / load.rate + took / 1000 for index, took in zip(sent.indices, all_ms, strict=True))
    reached = shown == wanted and last_s <= wanted / load.rate + _BEHIND_S
    cpu = (
        ""
        if found.api_cpu_s is None
        else f"{found.api_cpu_s / wanted * 1000:.1f} ms of the API's processor a page; "
    )
    said = [
        f"centre pages, {load.rows:,} rows (filled in {found.filled_s:.0f} s), {load.rate:g} requests/s for {load.seconds:g} s: "
        f"{shown:,} of {wanted:,} pages shown, {shown / max(last_s, load.seconds):.1f}/s",
        f"load reached: {'yes' if reached else 'NO: the API did not keep up, or refused'}; {cpu}"
        f"sender late p99 {share(sent.late_ms, 0.99):.1f} ms; load average {found.machine_load:.1f}",
        f"  {'from the intended time to the last byte, ms':58} {'p50':>7} {'p95':>7} {'p99':>7} {'max':>7}",
        _line("every page", all_ms),
    ]
    for path in sorted(set(found.asked)):
        took = [ms for index, ms in zip(sent.indices, all_ms, strict=True) if found.asked[index] == path]
        said.append(_line(path, took) if took else f"  {path[:58]:58} none was shown")
    said.append(
        f"  {'within the server, ms, by the buckets of its histogram':58} {'p50':>7} {'p95':>7} {'p99':>7} {'count':>7}"
    )
    routes = {route: buckets for route, buckets in found.within.items() if route.startswith(CENTRE_PREFIX)}
    said.append(_line_within("every page", together(routes.values())))
    said += [_line_within(route, buckets) for route, buckets in sorted(routes.items())]
    worst = within(together(routes.values()), 0.95)
    said.append(f"p95 within the server under {BAR_MS:g} ms: {'yes' if reached and worst < BAR_MS else 'NO'}")
    return said


def together(all_buckets: Iterable[Buckets]) -> dict[float, float]:
    """The requests of several routes as one histogram."""
    summed: dict[float, float] = {}
    for buckets in all_buckets:
        for most_s, count in buckets.items():
            summed[most_s] = summed.get(most_s, 0.0) + count
    return summed


def _line(name: str, took_ms: Sequence[float]) -> str:
    figures = [*(share(took_ms, part) for part in (0.5, 0.95, 0.99)), max(took_ms)]
    return f"  {name[:58]:58} " + " ".join(f"{each:7.1f}" for each in figures)


def _line_within(name: str, buckets: Buckets) -> str:
    figures = " ".join(f"{within(buckets, part):7.1f}" for part in (0.5, 0.95, 0.99))
    return f"  {name[:58]:58} {figures} {max(buckets.values(), default=0):7.0f}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=3_000_000, help="rows of activity (3000000)")
    parser.add_argument("--rate", type=float, default=50.0, help="pages a second (50)")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long (30)")
    parser.add_argument("--warm-up", type=float, default=10.0, help="seconds before, not counted (10)")
    given = parser.parse_args()
    load = Load(rows=given.rows, rate=given.rate, seconds=given.seconds, warm_up_s=given.warm_up)
    with Ground(Settings(), Plan(sections=frozenset({"verify"}), real=True)) as ground:
        found = uvloop.run(measured(ground, load))
    sys.stdout.write("\n".join(lines(found)) + "\n")


if __name__ == "__main__":
    main()
