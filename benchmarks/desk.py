"""How long the pages of the desk take, with a million cases in PostgreSQL, and that nobody gets the case of another.

`python -m benchmarks.desk` starts PostgreSQL, Redis and one `payguard api`, fills the database, and lets 20 agents click once a
second at fixed times, whether or not earlier pages are there: the queue in its views, cases, searches. Beside the latency from
the intended time stands the time within the server, by the API's own histogram. Then pages of each kind of case, the report and
today are asked for one after the other, and two agents press `n` for 10,000 cases. `--cases`, `--rows`, `--seconds` and
`--claims` change the load; `--quick` is a small one, to see that it works. `--keep DIR` keeps the filled database there.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

import uvloop
from msgspec import Struct, json

from benchmarks.centre_pages import Buckets, less, share, times_of, together, within
from benchmarks.instruments.machine import load_now
from benchmarks.parts.ground import Ended, Ground
from benchmarks.plan import Plan
from benchmarks.sections.desk_alone import alone, open_cases
from benchmarks.sections.desk_claims import Claims, claimed, give_back
from benchmarks.sections.http_latency import ready
from benchmarks.workloads.centre_rows import ROWS_AN_ACCOUNT, fill
from benchmarks.workloads.desk_around import fill_around
from benchmarks.workloads.desk_rows import OPEN_SHARE, agents, fill_cases
from benchmarks.workloads.http_sender import Sender, Sent
from services.cases.references import case_number
from services.memory.pseudonyms import Pseudonyms
from services.platform.database import Database
from services.platform.embedded import free_port
from services.platform.secrets import decode_key
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


class Measured(Struct, frozen=True, kw_only=True):
    """`within` is the server's own word, by route, `alone` milliseconds of pages asked for one after the other.

    `filled_s` is None for a database that was filled before.
    """

    load: Load
    filled_s: float | None
    asked: Sequence[str]
    sent: Sent
    within: Mapping[str, Buckets]
    alone: Mapping[str, Sequence[float]]
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


async def measured(ground: Ground, load: Load, keep: Path | None = None) -> Measured:
    """Fill the database, or take the one that was kept, let agents click, and two of them claim. Raises Ended."""
    address = ground.start_database(None if keep is None else keep / "postgres")
    settings = ground.changed(database=address, http_host="127.0.0.1", http_port=free_port())
    database = Database(settings.database)
    try:
        filled_s = await _filled(database, settings, load, keep)
        cookies = await agents(database, _AGENTS, time.time())
        by_kind = await open_cases(database, max(1, load.rows // ROWS_AN_ACCOUNT), 2000)
        api = ground.child("desk-api", "services.cli.main", "api", settings=settings)
        url = f"http://{settings.http_host}:{settings.http_port}"
        await ready(api, f"{url}/healthz")
        case_ids = sorted(case_id for ids in by_kind.values() for case_id in ids)
        asked, sent, times = await _clicked(settings, load, cookies[:_AGENTS], case_ids)
        if not sent.latencies_ms:
            raise Ended(f"no page was shown; the API's log ends:\n{api.log_tail(60)}")
        machine_load = load_now()
        each = await alone(url, cookies[0], cookies[-1], by_kind)
        claims = await claimed(database, load.claims)
        if keep is not None:
            await give_back(database, claims.taken)
    finally:
        await database.close()
    return Measured(
        load=load,
        filled_s=filled_s,
        asked=asked,
        sent=sent,
        within=times,
        alone=each,
        claims=claims,
        machine_load=machine_load,
    )


async def _filled(database: Database, settings: Settings, load: Load, keep: Path | None) -> float | None:
    """Fill the database; seconds that it took, None where it is filled already. Raises Ended where it holds another load."""
    note = None if keep is None else keep / "filled.json"
    size = {"cases": load.cases, "rows": load.rows}
    if note is not None and note.exists():
        if (found := json.decode(note.read_bytes())) != size:
            raise Ended(f"the kept database holds {found}, not {size}")
        await database.migrate()
        return None
    began, now = time.monotonic(), time.time()
    key_of = Pseudonyms(decode_key("pseudonym_key", settings.pseudonym_key)).key_of
    await fill(database, load.rows, now, lambda payee_id: key_of("payee", payee_id))
    await fill_cases(database, load.cases, now)
    await fill_around(database, key_of("payee", "payee-7"))
    if note is not None:
        note.write_bytes(json.encode(size))
    return time.monotonic() - began


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


def lines(found: Measured) -> list[str]:
    """The figures for people."""
    load, sent, wanted = found.load, found.sent, len(found.asked)
    shown = len(sent.latencies_ms)
    last_s = max(i / _AGENTS + ms / 1000 for i, ms in zip(sent.indices, sent.latencies_ms, strict=True))
    reached = shown == wanted and last_s <= wanted / _AGENTS + _BEHIND_S
    all_ms = sent.latencies_ms
    filled = "filled before" if found.filled_s is None else f"filled in {found.filled_s:.0f} s"
    said = [
        f"desk, {load.cases:,} cases ({load.cases // OPEN_SHARE:,} open), {load.rows:,} rows of activity "
        f"({filled}), {_AGENTS} agents, a click a second each for {load.seconds:g} s",
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
    claims, (first_ms, last_ms) = found.claims, found.claims.slow_ms
    said.append(f"p95 within the server under the bars: {'yes' if reached and kept else 'NO'}")
    said.append(
        f"{'one after the other, to the last byte, ms':56} {'p50':>7} {'p95':>7} {'max':>7} {'count':>7}"
    )
    said += [
        f"  {name:54} {share(took, 0.5):7.1f} {share(took, 0.95):7.1f} {max(took):7.1f} {len(took):7}"
        for name, took in found.alone.items()
    ]
    taken = len(claims.taken)
    said.append(
        f"two agents pressed n: {taken:,} cases in {claims.seconds:.1f} s, {taken / claims.seconds:.0f}/s, {claims.twice} taken "
        f"twice; p95 of a press {first_ms:.1f} ms in the first tenth, {last_ms:.1f} ms in the last"
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
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="where the filled database stays for the next run"
    )
    given = parser.parse_args()
    base = QUICK if given.quick else Load()
    chosen = {name: getattr(given, name) for name in ("cases", "rows", "claims", "seconds")}
    load = Load(
        warm_up_s=base.warm_up_s,
        **{name: getattr(base, name) if value is None else value for name, value in chosen.items()},
    )
    with Ground(Settings(), Plan(sections=frozenset({"verify"}), real=True)) as ground:
        found = uvloop.run(measured(ground, load, given.keep))
    sys.stdout.write("\n".join(lines(found)) + "\n")


if __name__ == "__main__":
    main()
