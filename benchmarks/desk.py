"""How long the pages of the desk take, with a million cases in PostgreSQL, and that nobody gets the case of another.

`python -m benchmarks.desk` starts PostgreSQL, Redis and one `payguard api`, fills the database, and lets 20 agents click once a
second at fixed times, whether or not earlier pages are there: the queue in its views, cases, searches. Beside the latency from
the intended time stands the time within the server, by the API's own histogram. Then two agents press `n` for 10,000 cases.
`--cases`, `--rows`, `--seconds` and `--claims` change the load; `--quick` is a small one, to see that it works.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Mapping, Sequence
from urllib.parse import quote

import uvloop
from msgspec import Struct
from sqlalchemy import text

from benchmarks.centre_pages import Buckets, less, share, times_of, together, within
from benchmarks.instruments.machine import load_now
from benchmarks.parts.ground import Ended, Ground
from benchmarks.plan import Plan
from benchmarks.sections.http_latency import ready
from benchmarks.workloads.centre_rows import fill
from benchmarks.workloads.desk_rows import OPEN_SHARE, agents, fill_cases
from benchmarks.workloads.http_sender import Sender, Sent
from services.cases.queue_service import QueueService
from services.cases.references import case_number
from services.platform.database import Database
from services.platform.embedded import free_port
from services.platform.settings import Settings

#: The bars of the slowest twentieth within the server, in milliseconds, by route.
BARS_MS = {"/desk": 100.0, "/desk/cases/{case_id}": 150.0, "/desk/search": 100.0}
_AGENTS = 20
_VIEWS = (
    "",
    "?view=unassigned",
    "?view=mine",
    "?view=breaching",
    "?kind=dispute",
    "?least=high",
    "?view=waiting",
)
#: The load was not reached when the last answers came so long after they were due.
_BEHIND_S = 1.0


class Load(Struct, frozen=True, kw_only=True):
    """So many cases, rows of activity and claims; each agent clicks once a second for so long, after a warm-up."""

    cases: int = 1_000_000
    rows: int = 10_000_000
    seconds: float = 60.0
    warm_up_s: float = 10.0
    claims: int = 10_000


QUICK = Load(cases=20_000, rows=50_000, seconds=8.0, warm_up_s=2.0, claims=300)


class Claims(Struct, frozen=True, kw_only=True):
    """What two agents got who pressed `n`: how many cases, how many of them twice, and in what time."""

    taken: int
    twice: int
    seconds: float


class Measured(Struct, frozen=True, kw_only=True):
    """`within` is the server's own word, by route."""

    load: Load
    filled_s: float
    asked: Sequence[str]
    sent: Sent
    within: Mapping[str, Buckets]
    claims: Claims
    machine_load: float


def clicks(choose: random.Random, case_ids: Sequence[str], count: int) -> list[str]:
    """What agents ask for: of ten clicks four are the queue, four a case, two a search."""
    asked: list[str] = []
    for _ in range(count):
        turn, case_id = choose.random(), choose.choice(case_ids)
        if turn < 0.4:
            asked.append(f"/desk{choose.choice(_VIEWS)}")
        elif turn < 0.8:
            asked.append(f"/desk/cases/{case_id}")
        else:
            said = choose.choice(
                [
                    case_number(case_id),
                    f"account-{choose.randrange(1000)}",
                    f"payee-{choose.randrange(997)}",
                    "event-7",
                ]
            )
            asked.append(f"/desk/search?q={quote(said)}")
    return asked


async def measured(ground: Ground, load: Load) -> Measured:
    """Fill the database, let agents click, and two of them claim. Raises Ended."""
    settings = ground.changed(database=ground.start_database(), http_host="127.0.0.1", http_port=free_port())
    began, now = time.monotonic(), time.time()
    database = Database(settings.database)
    try:
        await fill(database, load.rows, now)
        await fill_cases(database, load.cases, now)
        cookies = await agents(database, _AGENTS, time.time())
        async with database.read() as connection:
            query = text("SELECT case_id FROM cases WHERE state <> 'resolved' ORDER BY case_id LIMIT 2000")
            case_ids = list((await connection.execute(query)).scalars())
        filled_s = time.monotonic() - began
        api = ground.child("desk-api", "services.cli.main", "api", settings=settings)
        await ready(api, f"http://{settings.http_host}:{settings.http_port}/healthz")
        asked, sent, times = await _clicked(settings, load, cookies, case_ids)
        if not sent.latencies_ms:
            raise Ended(f"no page was shown; the API's log ends:\n{api.log_tail(60)}")
        claims = await claimed(database, load.claims)
    finally:
        await database.close()
    return Measured(
        load=load,
        filled_s=filled_s,
        asked=asked,
        sent=sent,
        within=times,
        claims=claims,
        machine_load=load_now(),
    )


async def _clicked(
    settings: Settings, load: Load, cookies: Sequence[str], case_ids: Sequence[str]
) -> tuple[Sequence[str], Sent, Mapping[str, Buckets]]:
    choose, warm_up = random.Random(7), int(_AGENTS * load.warm_up_s)
    asked = clicks(choose, case_ids, warm_up + int(_AGENTS * load.seconds))
    host = f"{settings.http_host}:{settings.http_port}"
    requests = [
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: payguard-desk={cookies[place % len(cookies)]}\r\n\r\n".encode()
        for place, path in enumerate(asked)
    ]
    # The warm-up is a run of its own, so that the server's figures hold none of it.
    if warm_up:
        await Sender(settings.http_host, settings.http_port).run(requests[:warm_up], _AGENTS, 0)
    before = await times_of(settings)
    sent = await Sender(settings.http_host, settings.http_port).run(requests[warm_up:], _AGENTS, 0)
    after = await times_of(settings)
    return (
        asked[warm_up:],
        sent,
        {route: less(found, before.get(route, {})) for route, found in after.items()},
    )


async def claimed(database: Database, most: int) -> Claims:
    """Two agents press `n` until so many cases are taken, or none waits."""
    began = time.monotonic()
    taken: list[str] = []

    async def press(name: str) -> None:
        desk = QueueService(database, time.time)
        while len(taken) < most:
            case = await desk.next(name, f"staff:{name}", senior=False)
            if case is None:
                return
            taken.append(case.case_id)

    await asyncio.gather(press("agent-1"), press("agent-2"))
    return Claims(taken=len(taken), twice=len(taken) - len(set(taken)), seconds=time.monotonic() - began)


def lines(found: Measured) -> list[str]:
    """The figures for people."""
    load, sent, wanted = found.load, found.sent, len(found.asked)
    shown = len(sent.latencies_ms)
    last_s = max(i / _AGENTS + ms / 1000 for i, ms in zip(sent.indices, sent.latencies_ms, strict=True))
    reached = shown == wanted and last_s <= wanted / _AGENTS + _BEHIND_S
    all_ms = sent.latencies_ms
    said = [
        f"desk, {load.cases:,} cases ({load.cases // OPEN_SHARE:,} open), {load.rows:,} rows of activity "
        f"(filled in {found.filled_s:.0f} s), {_AGENTS} agents, a click a second each for {load.seconds:g} s",
        f"load reached: {'yes' if reached else 'NO: the API did not keep up, or refused'}; {shown:,} of {wanted:,} pages shown; "
        f"load average {found.machine_load:.1f}",
        f"from the intended time to the last byte, ms: p50 {share(all_ms, 0.5):.1f}, p95 {share(all_ms, 0.95):.1f}, "
        f"p99 {share(all_ms, 0.99):.1f}, max {max(all_ms):.1f}",
        f"{'within the server, ms, by the buckets of its histogram':56} {'p50':>7} {'p95':>7} {'p99':>7} {'count':>7} {'bar':>7}",
    ]
    routes = {route: found.within.get(route, {}) for route in BARS_MS}
    kept = True
    for route, buckets in (*routes.items(), ("every page", together(routes.values()))):
        p50, p95, p99 = (within(buckets, part) for part in (0.5, 0.95, 0.99))
        bar = BARS_MS.get(route)
        kept = kept and (bar is None or (bool(buckets) and p95 < bar))
        figures = f"{p50:7.1f} {p95:7.1f} {p99:7.1f} {max(buckets.values(), default=0):7.0f}"
        said.append(f"  {route:54} {figures} {'' if bar is None else f'{bar:7.0f}'}")
    claims = found.claims
    said.append(f"p95 within the server under the bars: {'yes' if reached and kept else 'NO'}")
    said.append(
        f"two agents pressed n: {claims.taken:,} cases in {claims.seconds:.1f} s, {claims.taken / claims.seconds:.0f}/s, "
        f"{claims.twice} taken twice"
    )
    return said


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small load, to see that it works")
    for name, meaning in (
        ("cases", "cases, one in 20 of them open"),
        ("rows", "rows of activity"),
        ("claims", "presses of n"),
    ):
        parser.add_argument(f"--{name}", type=int, help=f"{meaning} ({getattr(Load(), name)})")
    parser.add_argument("--seconds", type=float, help=f"how long ({Load().seconds:g})")
    given = parser.parse_args()
    base = QUICK if given.quick else Load()
    chosen = {name: getattr(given, name) for name in ("cases", "rows", "claims", "seconds")}
    load = Load(
        warm_up_s=base.warm_up_s,
        **{name: getattr(base, name) if value is None else value for name, value in chosen.items()},
    )
    with Ground(Settings(), Plan(sections=frozenset({"verify"}), real=True)) as ground:
        found = uvloop.run(measured(ground, load))
    sys.stdout.write("\n".join(lines(found)) + "\n")


if __name__ == "__main__":
    main()
